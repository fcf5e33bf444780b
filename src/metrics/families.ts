/**
 * The families that one store object has declared. Declaring one again with the same definition gives the same object,
 * so that its handles are found again.
 */
import { display } from '../errors.js';
import type { MetricType } from '../store/types.js';
import { CounterFamily } from './counter.js';
import { type Declaration, defaultValues, withDefaultNames } from './default-labels.js';
import { defineFamily, sameDefinition, seriesLimit } from './definition.js';
import type { Family, FamilyContext } from './family.js';
import { GaugeFamily } from './gauge.js';
import { HistogramFamily } from './histogram.js';
import { InfoFamily, type InfoOptions, infoDefinition } from './info.js';
import { conflictingSuffix } from './name-clash.js';
import { checkStates, StateSetFamily } from './state-set.js';

type AnyFamily = Family<unknown>;
type Make = (context: FamilyContext, declaration: Declaration) => AnyFamily;

const NO_LIMITS = { ofFamily: 0, ofStore: 0 } as const;

/** The families of a store object. */
export class Families {
  readonly #context: FamilyContext;
  readonly #families = new Map<string, AnyFamily>();

  constructor(context: FamilyContext) {
    this.#context = context;
  }

  counter(options: unknown): AnyFamily {
    return this.#declare('counter', options, (...of) => new CounterFamily(...of));
  }

  /** A gauge, or what is counted like one. */
  gauge(type: 'gauge' | 'untyped', options: unknown): AnyFamily {
    return this.#declare(type, options, (...of) => new GaugeFamily(...of));
  }

  histogram(type: 'histogram' | 'native-histogram' | 'summary', options: unknown): AnyFamily {
    return this.#declare(type, options, (...of) => new HistogramFamily(...of));
  }

  info(options: unknown): AnyFamily {
    const definition = infoDefinition(options);
    const { labels } = options as InfoOptions;
    const family = this.#declare('info', definition, (...of) => new InfoFamily(...of));
    family.labels(labels);
    return family;
  }

  stateSet(options: unknown): AnyFamily {
    const given = typeof options === 'object' && options !== null ? (options as Readonly<Record<string, unknown>>) : {};
    const states = checkStates(display(given['name']), given['states']);
    const family = this.#declare('stateset', options, (...of) => new StateSetFamily(...of, states));
    (family as StateSetFamily).requireStates(states);
    return family;
  }

  #declare(type: MetricType, options: unknown, make: Make): AnyFamily {
    const { segment } = this.#context;
    const declaration = this.#define(type, options);
    const { definition } = declaration;
    const known = this.#families.get(definition.name);
    if (known !== undefined && !segment.closed && sameDefinition(known.definition, definition)) {
      known.limit(declaration.limits);
      return known;
    }
    const clash = segment.closed ? undefined : conflictingSuffix(definition, (name) => segment.find(name));
    if (clash !== undefined) throw clash;
    const family = make(this.#context, declaration);
    family.prepareOverflow();
    this.#families.set(definition.name, family);
    return family;
  }

  #define(type: MetricType, options: unknown): Declaration {
    const { defaultLabels, maxSeries } = this.#context;
    const { name, labelNames } = defineFamily(type, options);
    const ofFamily = seriesLimit(name, (options as { maxSeries?: unknown }).maxSeries);
    const hasOneSeriesPerHandle = type !== 'stateset' && type !== 'info';
    const all = type === 'stateset' ? [...labelNames, name] : labelNames;
    return {
      // Checked with all of its labels: a default label may be one that this type reserves.
      definition: defineFamily(type, { ...(options as object), labelNames: withDefaultNames(all, defaultLabels) }),
      ownLabelNames: labelNames,
      defaultValues: defaultValues(all, defaultLabels),
      // Of what has one series per handle only: a state set with some of its states would tell nothing.
      limits: hasOneSeriesPerHandle && labelNames.length > 0 ? { ofFamily, ofStore: maxSeries } : NO_LIMITS,
    };
  }
}
