/**
 * The families that one store object has declared. Declaring one again with the same definition gives the same object,
 * so that its handles are found again.
 */
import { display, PercpuMetricsError } from '../errors.js';
import type { Segment } from '../store/segment.js';
import { NO_LIMITS } from '../store/series-request.js';
import type { FamilyDefinition, MetricType } from '../store/types.js';
import { ownership } from './aggregation.js';
import { CollectFailures } from './collect-failures.js';
import { type Collectable, Collectors, checkCollect, checkTimeout } from './collectors.js';
import { CounterFamily } from './counter.js';
import { type Declaration, defaultValues, withDefaultNames } from './default-labels.js';
import { defineFamily, keepsExemplars, sameDefinition, seriesLimit } from './definition.js';
import { exemplarsConflict } from './exemplar.js';
import { ExemplarCounterFamily, ExemplarHistogramFamily } from './exemplar-families.js';
import type { Family, FamilyContext, Unbound } from './family.js';
import { GaugeFamily } from './gauge.js';
import { HistogramFamily } from './histogram.js';
import { InfoFamily, type InfoOptions, infoDefinition } from './info.js';
import { conflictingSuffix } from './name-clash.js';
import { ownerConflict, ownerName, withProcess } from './per-process.js';
import { PromReader } from './prom-metric.js';
import { checkStates, StateSetFamily } from './state-set.js';

type AnyFamily = Family<unknown>;
type Make = (context: FamilyContext, declaration: Declaration) => AnyFamily;

/** The families of a store object. */
export class Families {
  readonly collectors: Collectors;
  readonly #context: FamilyContext;
  readonly #failures: CollectFailures;
  readonly #families = new Map<string, AnyFamily>();

  constructor(segment: Segment, options: Pick<FamilyContext, 'defaultLabels' | 'maxSeries' | 'exemplar'>) {
    this.collectors = new Collectors(segment, (collector, reason) => this.#failures.count(collector, reason));
    const promReader = new PromReader({
      snapshot: async () => {
        await this.collectors.run();
        return segment.snapshot(false, true);
      },
      names: () => segment.exposedNames(),
    });
    this.#context = { ...options, segment, promReader };
    this.#failures = new CollectFailures(this.#context);
  }

  counter(options: unknown): AnyFamily {
    return this.#declare('counter', options, (context, declaration) =>
      declaration.exemplars ? new ExemplarCounterFamily(context, declaration) : new CounterFamily(context, declaration),
    );
  }

  /** A gauge, or what is counted like one. */
  gauge(type: 'gauge' | 'untyped', options: unknown): AnyFamily {
    return this.#declare(type, options, (...of) => new GaugeFamily(...of));
  }

  histogram(type: 'histogram' | 'native-histogram' | 'summary', options: unknown): AnyFamily {
    return this.#declare(type, options, (context, declaration) =>
      declaration.exemplars
        ? new ExemplarHistogramFamily(context, declaration)
        : new HistogramFamily(context, declaration),
    );
  }

  info(options: unknown): AnyFamily {
    const definition = infoDefinition(options);
    const { labels } = options as InfoOptions;
    const family = this.#declare('info', definition, (...of) => new InfoFamily(...of));
    (family as InfoFamily).add(labels);
    return family;
  }

  stateSet(options: unknown): AnyFamily {
    const given = typeof options === 'object' && options !== null ? (options as Readonly<Record<string, unknown>>) : {};
    const states = checkStates(display(given['name']), given['states']);
    const family = this.#declare('stateset', options, (...of) => new StateSetFamily(...of, states));
    (family as StateSetFamily).requireStates(states);
    return family;
  }

  /**
   * Declares a family without labels in the store, and tells the series that it is going to have; undefined where this object
   * has the family, and so the series.
   */
  unbound(type: MetricType, options: { readonly name: string }): Unbound | undefined {
    const { segment } = this.#context;
    if (this.#families.has(options.name)) return undefined;
    const { definition, defaultValues: labelValues } = this.#define(type, options);
    const family = this.#explained(definition, () => segment.declare(definition));
    return { segment, family, name: definition.name, labelValues: [...labelValues], limits: NO_LIMITS };
  }

  /** Runs `collect` before each scrape; see `store.onCollect`. */
  onCollect(key: unknown, name: string, collect: () => unknown, timeout: number): () => void {
    this.#failures.prepare(name);
    return this.collectors.add(key, name, collect, timeout);
  }

  #declare(type: MetricType, options: unknown, make: Make): AnyFamily {
    const declaration = this.#define(type, options);
    const { name } = declaration.definition;
    const { collect, collectTimeout } = options as Collectable<unknown>;
    const timeout = checkTimeout(name, collectTimeout);
    if (collect !== undefined) checkCollect(name, collect);
    const family = this.#findOrMake(declaration, make);
    if (collect !== undefined) this.onCollect(name, name, () => collect.call(family, family), timeout);
    return family;
  }

  #findOrMake(declaration: Declaration, make: Make): AnyFamily {
    const { segment } = this.#context;
    const { definition } = declaration;
    const known = this.#families.get(definition.name);
    if (known !== undefined && !segment.closed && sameDefinition(known.definition, definition)) {
      if (known.hasExemplars !== declaration.exemplars) throw exemplarsConflict(definition.name, known.hasExemplars);
      if (known.owner !== declaration.owner) throw ownerConflict(definition.name, known.owner, declaration.owner);
      known.limit(declaration.limits);
      return known;
    }
    const family = this.#explained(definition, () => make(this.#context, declaration));
    family.prepareOverflow();
    this.#families.set(definition.name, family);
    return family;
  }

  /** @throws PercpuMetricsError which tells whose lines have the name, where the store refuses it for that */
  #explained<Result>(definition: FamilyDefinition, declare: () => Result): Result {
    try {
      return declare();
    } catch (error) {
      if (!(error instanceof PercpuMetricsError) || error.code !== 'ERR_PCM_DEFINITION_CONFLICT') throw error;
      throw conflictingSuffix(definition, (name) => this.#context.segment.find(name), error) ?? error;
    }
  }

  #define(type: MetricType, options: unknown): Declaration {
    const { defaultLabels, maxSeries } = this.#context;
    const { name, labelNames } = defineFamily(type, options);
    const ofFamily = seriesLimit(name, (options as { maxSeries?: unknown }).maxSeries);
    const given = options as { perProcess?: unknown; aggregation?: unknown };
    const { aggregation, perProcess } = ownership(name, given.aggregation, given.perProcess);
    const owner = ownerName(name, labelNames, perProcess);
    const defaults = withProcess(defaultLabels, owner);
    const all = type === 'stateset' ? [...labelNames, name] : labelNames;
    return {
      // Checked with all of its labels: a default label may be one that this type reserves.
      definition: {
        ...defineFamily(type, { ...(options as object), labelNames: withDefaultNames(all, defaults) }),
        ...(owner === undefined ? {} : { perProcess: true }),
        ...(aggregation === undefined ? {} : { aggregation }),
      },
      ownLabelNames: labelNames,
      defaultValues: defaultValues(all, defaults),
      owner,
      exemplars: keepsExemplars(name, (options as { exemplars?: unknown }).exemplars),
      limits: labelNames.length > 0 ? { ofFamily, ofStore: maxSeries } : NO_LIMITS,
    };
  }
}
