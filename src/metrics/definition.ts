/**
 * What a family is declared with, and its check. After it a definition is complete and canonical (defaults filled in,
 * no `+Inf` among the bounds), so that two definitions are the same exactly if their fields are.
 */
import { display, type ErrorCode, PercpuMetricsError } from '../errors.js';
import type { FamilyDefinition, MetricType } from '../store/types.js';
import type { Aggregation } from './aggregation.js';
import { defineNativeHistogram, defineSummary } from './exponential.js';
import { STORE_METRICS_PREFIX } from './store-metrics.js';

/** Upper bounds for durations of requests, in seconds. */
export const DEFAULT_BUCKETS: readonly number[] = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** What a counter or gauge is declared with. */
export interface MetricOptions<Names extends readonly string[]> {
  /**
   * By convention letters, digits, `_` and `:`, with the unit, and `_total` at the end of a counter. Any other text is a
   * name as well, which formats that do not know such names escape.
   */
  readonly name: string;
  /** What it counts, for people. */
  readonly help: string;
  /** By convention letters, digits and `_`, else as the name; not beginning with `__`, each once. None by default. */
  readonly labelNames?: Names | undefined;
  /** A base unit such as `seconds` or `bytes`; none by default. */
  readonly unit?: string | undefined;
  /**
   * The most series that the family may have for this process to make more; no limit by default. Beyond it amounts go
   * to one more, the overflow series, all of whose labels have the value `__overflow__`.
   */
  readonly maxSeries?: number | undefined;
  /**
   * Each process has series of its own, told apart by a label `process` behind all others, and they vanish with it: once it
   * has closed the store or ended in any other way, no reader shows them. The value of the label is the process id, in a
   * worker thread followed by `/` and the thread's, or the text that is given: name the processes where several containers
   * share a store, for each counts from 1.
   */
  readonly perProcess?: boolean | string | undefined;
}

/** What a gauge is declared with. */
export interface GaugeOptions<Names extends readonly string[]> extends MetricOptions<Names> {
  /**
   * What is read where several processes have the gauge. `last`, the default: the value that was set last, by whichever
   * process, and what all have added to it since; it outlives them. `sum`, `min`, `max`, `average`: each process has a
   * value of its own, and one is made of those of the processes that have the store open; of NaN `min` and `max` only take
   * notice where there is nothing else. `process`: each value by itself, as with {@link MetricOptions.perProcess}.
   */
  readonly aggregation?: Aggregation | undefined;
}

/** What a counter is declared with. */
export interface CounterOptions<Names extends readonly string[]> extends MetricOptions<Names> {
  /**
   * Keep the last exemplar of each series that this process binds: what an amount was about, given with it or by the
   * `exemplar` of the store. Without it exemplars are left out, and counting costs what it always does. In OpenMetrics they
   * are of counters whose names end in `_total` only: others have the type `unknown` there, which has none.
   */
  readonly exemplars?: boolean | undefined;
}

/** What a histogram is declared with. */
export interface HistogramOptions<Names extends readonly string[]> extends MetricOptions<Names> {
  /** Keep the last exemplar of each bucket, as in {@link CounterOptions}: 256 bytes each. */
  readonly exemplars?: boolean | undefined;
  /** Ascending upper bounds; `+Inf` is there without being named. {@link DEFAULT_BUCKETS} by default. */
  readonly buckets?: readonly number[] | undefined;
}

const UNIT = /^[a-zA-Z0-9_:]*$/;
const MAX_BYTES = 65535;
/** Whatever is no letter, digit or colon is an underscore to those who know older names only. */
const RESERVED = new RegExp(`^${STORE_METRICS_PREFIX.replaceAll('_', '[^a-zA-Z0-9:]')}`, 'u');
const MAX_LABELS = 64;
const MAX_BOUNDS = 512;

function fail(code: ErrorCode, message: string, details: Record<string, unknown>): never {
  throw new PercpuMetricsError(code, message, { details });
}

const OWN_OPTIONS: Readonly<Partial<Record<MetricType, readonly string[]>>> = {
  counter: ['exemplars'],
  gauge: ['aggregation'],
  histogram: ['buckets', 'exemplars'],
  'native-histogram': ['schema', 'range', 'negative', 'exemplars'],
  summary: ['quantiles', 'relativeError', 'range', 'negative'],
  stateset: ['states'],
};

/** What the lines of one series are told apart by. */
const RESERVED_LABELS: Readonly<Partial<Record<MetricType, readonly [label: string, why: string]>>> = {
  histogram: ['le', 'a histogram uses it for the bounds of its buckets'],
  'native-histogram': ['le', 'a histogram uses it for the bounds of its buckets'],
  summary: ['quantile', 'a summary uses it for its quantiles'],
};

function checkKeys(type: MetricType, options: object): void {
  const known = [
    'name',
    'help',
    'labelNames',
    'unit',
    'collect',
    'collectTimeout',
    'maxSeries',
    ...(type === 'stateset' || type === 'info' ? [] : ['perProcess']),
    ...(OWN_OPTIONS[type] ?? []),
  ];
  for (const option of Object.keys(options)) {
    if (known.includes(option)) continue;
    fail('ERR_PCM_OPTION', `unknown option ${display(option)}; a ${type} has ${known.join(', ')}`, { option });
  }
}

/** Any text that UTF-8 can hold, as Prometheus 3 has it, except for NUL, at which programs in C would end it. */
function isName(name: unknown): name is string {
  return (
    typeof name === 'string' &&
    name !== '' &&
    !name.includes('\0') &&
    !/\p{Surrogate}/u.test(name) &&
    Buffer.byteLength(name) <= MAX_BYTES
  );
}

function checkName(type: MetricType, name: unknown): string {
  if (typeof name === 'string' && RESERVED.test(name)) {
    fail(
      'ERR_PCM_METRIC_NAME',
      `${display(name)} begins with ${STORE_METRICS_PREFIX}, or with what is escaped to it, which is kept for metrics of the ` +
        'store itself; choose another name',
      { name },
    );
  }
  if (type === 'info' && typeof name === 'string' && !/._info$/s.test(name)) {
    fail('ERR_PCM_METRIC_NAME', `${display(name)} is no name for an info; let it end in _info`, { name });
  }
  if (isName(name)) return name;
  fail(
    'ERR_PCM_METRIC_NAME',
    `${display(name)} is no name for a metric; use a text of 1 to ${MAX_BYTES} bytes, none of them 0, best of letters, ` +
      'digits, _ and :',
    { name },
  );
}

function checkHelp(name: string, help: unknown): string {
  if (typeof help === 'string' && help !== '' && Buffer.byteLength(help) <= MAX_BYTES) return help;
  fail(
    'ERR_PCM_OPTION',
    `help of ${name} must be a text of 1 to ${MAX_BYTES} bytes that says what is counted, not ${display(help)}`,
    { name, option: 'help' },
  );
}

function checkUnit(name: string, unit: unknown): string {
  if (unit === undefined) return '';
  if (typeof unit === 'string' && UNIT.test(unit) && unit.length <= MAX_BYTES) return unit;
  fail('ERR_PCM_OPTION', `unit of ${name} must be a word such as seconds or bytes, not ${display(unit)}`, {
    name,
    option: 'unit',
    value: unit,
  });
}

function checkLabelNames(type: MetricType, name: string, labelNames: unknown): string[] {
  if (labelNames === undefined) return [];
  if (!Array.isArray(labelNames) || labelNames.length > MAX_LABELS) {
    const problem = Array.isArray(labelNames) ? `${labelNames.length} names` : display(labelNames);
    fail('ERR_PCM_LABEL_NAME', `labelNames of ${name} must be an array of up to ${MAX_LABELS} names, not ${problem}`, {
      name,
    });
  }
  const seen = new Set<string>();
  for (const label of labelNames as unknown[]) {
    let problem = '';
    if (!isName(label))
      problem = `use a text of 1 to ${MAX_BYTES} bytes, none of them 0, best of letters, digits and _`;
    else if (label.startsWith('__')) problem = 'names that begin with __ are reserved for Prometheus';
    else if (label === RESERVED_LABELS[type]?.[0]) problem = RESERVED_LABELS[type][1];
    else if (seen.has(label)) problem = 'it is there twice';
    else seen.add(label);
    if (problem === '') continue;
    fail('ERR_PCM_LABEL_NAME', `${display(label)} is no name for a label of ${name}: ${problem}`, { name, label });
  }
  return [...seen];
}

function checkBuckets(name: string, buckets: unknown): number[] {
  if (buckets === undefined) return [...DEFAULT_BUCKETS];
  const bounds: unknown[] = Array.isArray(buckets) ? [...buckets] : [];
  if (bounds.at(-1) === Number.POSITIVE_INFINITY) bounds.pop();
  const ascending = bounds.every(
    (bound, index) => Number.isFinite(bound) && (index === 0 || (bounds[index - 1] as number) < (bound as number)),
  );
  if (ascending && bounds.length > 0 && bounds.length <= MAX_BOUNDS)
    return bounds.map((bound) => (bound as number) + 0);
  fail(
    'ERR_PCM_BUCKETS',
    `buckets of ${name} must be 1 to ${MAX_BOUNDS} finite numbers, each greater than the one before, ` +
      `not ${display(buckets)}`,
    { name, buckets },
  );
}

/**
 * The limit that a family is declared with, 0 for none. It is not part of the definition: processes may have other ones.
 *
 * @throws PercpuMetricsError `ERR_PCM_OPTION`
 */
export function seriesLimit(name: string, maxSeries: unknown): number {
  if (maxSeries === undefined) return 0;
  if (Number.isInteger(maxSeries) && (maxSeries as number) > 0 && (maxSeries as number) < 2 ** 32 - 1) {
    return maxSeries as number;
  }
  fail('ERR_PCM_OPTION', `maxSeries of ${name} must be an integer from 1 on, not ${display(maxSeries)}`, {
    name,
    option: 'maxSeries',
    value: maxSeries,
  });
}

/**
 * Whether a family keeps exemplars, which is not part of the definition either.
 *
 * @throws PercpuMetricsError `ERR_PCM_OPTION`
 */
export function keepsExemplars(name: string, exemplars: unknown): boolean {
  if (exemplars === undefined || typeof exemplars === 'boolean') return exemplars === true;
  fail('ERR_PCM_OPTION', `exemplars of ${name} must be true or false, not ${display(exemplars)}`, {
    name,
    option: 'exemplars',
    value: exemplars,
  });
}

/**
 * Checks what a family is declared with.
 *
 * @throws PercpuMetricsError `ERR_PCM_OPTION`, `ERR_PCM_METRIC_NAME`, `ERR_PCM_LABEL_NAME`, `ERR_PCM_BUCKETS`
 */
export function defineFamily(type: MetricType, options: unknown): FamilyDefinition {
  if (typeof options !== 'object' || options === null) {
    fail('ERR_PCM_OPTION', `a ${type} is declared with an object that has name and help, not ${display(options)}`, {});
  }
  checkKeys(type, options);
  const given = options as Readonly<Record<string, unknown>>;
  const name = checkName(type, given['name']);
  return {
    type,
    name,
    help: checkHelp(name, given['help']),
    unit: checkUnit(name, given['unit']),
    labelNames: checkLabelNames(type, name, given['labelNames']),
    buckets: type === 'histogram' ? checkBuckets(name, given['buckets']) : [],
    ...(type === 'native-histogram' ? defineNativeHistogram(name, given) : {}),
    ...(type === 'summary' ? defineSummary(name, given) : {}),
  };
}

function sameList(one: readonly unknown[], other: readonly unknown[]): boolean {
  return one.length === other.length && one.every((item, index) => item === other[index]);
}

/** Whether two checked definitions are the same. */
export function sameDefinition(one: FamilyDefinition, other: FamilyDefinition): boolean {
  return (
    one.type === other.type &&
    one.name === other.name &&
    one.help === other.help &&
    one.unit === other.unit &&
    sameList(one.labelNames, other.labelNames) &&
    sameList(one.buckets, other.buckets) &&
    one.schema === other.schema &&
    one.negative === other.negative &&
    one.perProcess === other.perProcess &&
    one.aggregation === other.aggregation &&
    sameList(one.range ?? [], other.range ?? []) &&
    sameList(one.quantiles ?? [], other.quantiles ?? [])
  );
}
