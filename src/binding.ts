/**
 * The one file that loads the native addon, and the types of what it exports. Everything native fails with an `Error`
 * that has `code` (`ERR_PCM_...`, the names of `pcm_status`) and, where a system call was the cause, `errno` (a
 * number) and `syscallMessage`, or for another format `foundVersion` and `wantedVersion`; `src/store/` turns those into
 * errors with the value and the remedy.
 */
import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { PercpuMetricsError } from './errors.js';

/** How amounts get into a store. */
export type Backend = 'rseq' | 'percpu-atomic' | 'atomic' | 'atomic-padded';
/** Who registered a thread for restartable sequences. */
export type Registration = 'libc' | 'self' | 'none';
/** What a scrape is written in. */
export type Syntax = 'text' | 'openmetrics' | 'protobuf';
/** How names are written that Prometheus before 3.0 does not know. */
export type NameEscaping = 'allow-utf-8' | 'underscores' | 'dots' | 'values';

/** A format of a scrape. Text with names of any UTF-8 is text 1.0.0, with others 0.0.4. */
export interface ExpositionFormat {
  readonly syntax: Syntax;
  readonly escaping: NameEscaping;
}

/** The kinds of families. */
export type MetricType =
  | 'counter'
  | 'gauge'
  | 'histogram'
  | 'untyped'
  | 'info'
  | 'stateset'
  | 'native-histogram'
  | 'summary';

/** Options of {@link NativeAddon.open}; all checked by `src/store/options.ts` before they get here. */
export interface NativeOpenOptions {
  path: string;
  /** Another back end than the file's is `ERR_PCM_BACKEND_MISMATCH`. */
  backend?: Backend;
  /** Cells of a new store. */
  capacity?: number;
  /** Lanes of a new store; for experiments. */
  lanes?: number;
  /** Permission bits of a new file. */
  fileMode?: number;
  readOnly?: boolean;
  persist?: boolean;
  /** A new file is unlinked by the last process that closes it. */
  ephemeral?: boolean;
}

/** A family's definition, as the store holds it. */
export interface FamilyDefinition {
  type: MetricType;
  name: string;
  help: string;
  unit: string;
  labelNames: string[];
  /** Upper bounds of a histogram's buckets without +Inf, ascending; empty for other types. */
  buckets: number[];
  /** Of native histograms and summaries: buckets per power of two, as a power of two. */
  schema?: number;
  /** The same: the least and the greatest absolute value that is told apart. */
  range?: number[];
  /** The same: whether negative values have buckets. */
  negative?: boolean;
  /** Whether each series belongs to the process that made it, and vanishes with it. */
  perProcess?: boolean;
  /** Of gauges: how the values of the processes make the one that is read; without it all change one value. */
  aggregation?: 'sum' | 'min' | 'max' | 'average';
  /** Of summaries, ascending. */
  quantiles?: number[];
}

/** What an amount was about. */
export interface ExemplarSnapshot {
  /** The index of the bucket; 0 for a counter. Of native histograms, one of ten equal parts of the buckets. */
  bucket: number;
  labels: Record<string, string>;
  value: number;
  /** Unix time in milliseconds; always there in a store. */
  timestamp?: number;
}

/** What the snapshots of all series have in common. */
interface SnapshotOfSeries {
  labels: Record<string, string>;
  /** Unix time in milliseconds since which it counts; of its last reset, where there was one. Only where asked for. */
  createdAt?: number;
  /** In the order of the buckets. Only where asked for, and where there are any. */
  exemplars?: ExemplarSnapshot[];
}

/** The value of what has one number. */
export interface NumberSnapshot extends SnapshotOfSeries {
  value: number;
}

/** A histogram's value. Buckets are cumulated, the last one is `+Inf` and equals `count`. */
export interface HistogramSnapshot extends SnapshotOfSeries {
  buckets: { le: number; count: number }[];
  count: number;
  sum: number;
}

/** A native histogram's value: the buckets that are not empty, not cumulated; the bound further from 0 is in a bucket. */
export interface NativeHistogramSnapshot extends SnapshotOfSeries {
  exponentialBuckets: { lower: number; upper: number; count: number }[];
  count: number;
  sum: number;
}

/** A summary's value; quantiles are NaN as long as nothing was observed. */
export interface SummarySnapshot extends SnapshotOfSeries {
  quantiles: { quantile: number; value: number }[];
  count: number;
  sum: number;
}

/** The value of a series of any type. */
export type SeriesSnapshot = NumberSnapshot | HistogramSnapshot | NativeHistogramSnapshot | SummarySnapshot;

/** A family with the values of all its series. */
export interface FamilySnapshot extends FamilyDefinition {
  series: SeriesSnapshot[];
}

/**
 * What each lane holds of a series; of a histogram, of its count. What `set` wrote is in no lane. Resets take nothing out of
 * one, and what a series that was removed has counted in the same place may still be there: values of series are without.
 */
export interface LaneSnapshot {
  labels: Record<string, string>;
  /** By CPU id. */
  cpus: number[];
  /** Lanes of threads without rseq, or of the atomic back ends. */
  atomic: number[];
}

/** The lanes of the series of a family. */
export interface FamilyLanes {
  name: string;
  series: LaneSnapshot[];
}

/** What a family is called in a format. */
export interface ExposedNames {
  name: string;
  /** In the order of the definition. */
  labelNames: string[];
  /** The name, and those of its samples; in OpenMetrics with that of the family. No other family has one of them. */
  inScrape: string[];
}

export interface StoreMode {
  /** What an increment of the calling thread does. */
  backend: Backend;
  registration: Registration;
  /** One sentence that says why. */
  reason: string;
}

export interface StoreInfo {
  backend: Backend;
  formatVersion: number;
  lanes: number;
  atomicLanes: number;
  cellBytes: number;
  capacity: number;
  cellsUsed: number;
  catalogBytes: number;
  catalogCapacity: number;
  fileBytes: number;
  reservedBytes: number;
  readOnly: boolean;
  ephemeral: boolean;
  broken: boolean;
}

/** A process that is, or was, attached for writing. */
export interface ProcessInfo {
  slot: number;
  /** In the pid namespace of the process itself. */
  pid: number;
  backend: Backend;
  registration: Registration;
  /** Its lock is held. */
  alive: boolean;
  /** Unix time, milliseconds. */
  attachedAt: number;
  /** Critical sections that the kernel restarted. */
  aborts: number;
  /** Amounts that went to an atomic lane on a store of the rseq back end. */
  fallbacks: number;
}

/** What has happened in a store since it was made. All numbers only go up. */
export interface StoreActivity {
  /** Critical sections that the kernel restarted, in all processes that were ever attached. */
  aborts: number;
  /** Amounts that went to an atomic lane on a store of the rseq back end. */
  fallbacks: number;
  /** Families, series and cells that there was no room for, each attempt counted. */
  refusals: number;
  /** By CPU id: integers added to counters, and observations of histograms. */
  cpus: number[];
  /** The same for the lanes of threads without rseq, or of the atomic back ends. */
  atomic: number[];
}

/**
 * One attachment of one JavaScript thread. After `close()` the cold methods throw `ERR_PCM_CLOSED` and the hot
 * functions do nothing. A thread that ends closes its attachments.
 */
export interface NativeStore {
  readonly path: string;
  /** Functions without a receiver: call them as `hot.increment(cell)`; they validate nothing but ranges. */
  readonly hot: NativeHot;
  close(): void;
  unlink(): void;
  info(): StoreInfo;
  /** Whether the file was truncated, even if it grew again; cheaper than `info()`. */
  broken(): boolean;
  mode(): StoreMode;
  processes(): ProcessInfo[];
  /** Made on a thread of the pool. */
  activity(): Promise<StoreActivity>;
  /** Finds or creates a family and gives its id. `ERR_PCM_TYPE_CONFLICT`, `ERR_PCM_DEFINITION_CONFLICT`. */
  declare(definition: FamilyDefinition): number;
  /** The family that has this name, if any. */
  find(name: string): { id: number; definition: FamilyDefinition } | undefined;
  /**
   * Finds or creates a series and gives its id; 0 where it would be one more than the family, or the store, may have
   * (no limit where that is 0 or left out).
   */
  bind(family: number, labelValues: string[], maxInFamily?: number, maxInStore?: number): number;
  /**
   * Finds or creates series, with the cells that each needs (1: of integers, 2: of fractions, 3: both, 0: none), and two
   * limits of each, as {@link bind} has; where there is no room for all, none, and the error has the `index` of the one that
   * there was no room for. Gives their ids; 0 of what has limits, where there is no room for it.
   */
  bindAll(families: number[], labelValues: string[][], cells: number[], limits: number[]): number[];
  /** The id of a series, if there is one with these values. */
  findSeries(family: number, labelValues: string[]): number | undefined;
  /** Those that a series was bound with; of a removed one until {@link moveOn}. `ERR_PCM_CORRUPT`. */
  labelValues(series: number): string[];
  /** The ids of the series that a family has. */
  seriesOf(family: number): number[];
  /** Brings a series back to 0, in all processes. */
  resetSeries(series: number): void;
  /** The same for all series of a family. */
  resetFamily(family: number): void;
  /** Removes a series, in all processes; `ERR_PCM_REMOVED` where somebody else has. */
  removeSeries(series: number): void;
  /** Removes all series of a family. */
  removeFamily(family: number): void;
  /**
   * The series that were removed since {@link moveOn}: whatever there is of them, ids, cells and indices, is to be let
   * go of before it is called again. `true` is all series, `undefined` that nothing has changed.
   */
  look(): number[] | true | undefined;
  /** From now on other series may have the ids and cells of those that the last {@link look} gave. */
  moveOn(): void;
  /** Removes the series of processes that have gone, as far as that can be done now. */
  removeOrphans(): void;
  /** The integer cell of a counter's or gauge's series, made at its first use. */
  cell(series: number): number;
  /** An index for `hot.observe`. */
  bindHistogram(series: number): number;
  /** Adds a fraction to a counter or gauge. */
  addFraction(series: number, amount: number): void;
  /** Sets several gauges to as many values, in their order and all or none. */
  setGauges(series: readonly number[], values: readonly number[]): void;
  /** Makes room for the exemplars of a counter's or a histogram's series, and gives what `putExemplar` knows it by. */
  keepExemplars(series: number): number;
  /** Notes what a value was about; false where the labels are too long, too many, or have a name that is not plain. */
  putExemplar(
    series: number,
    life: number,
    value: number,
    names: readonly string[],
    values: readonly string[],
  ): boolean;
  /**
   * The families that have one of these names, or all, made on a thread of the pool; Prometheus text by default. The
   * bytes are in `memory`, which nobody may touch meanwhile, or where that does not suffice in a larger ArrayBuffer.
   */
  render(format?: ExpositionFormat, names?: readonly string[], memory?: ArrayBuffer): Promise<Uint8Array<ArrayBuffer>>;
  /** With true arguments series have their `createdAt`, and their `exemplars` where there are any. */
  snapshot(withCreation?: boolean, withExemplars?: boolean): FamilySnapshot[];
  /** What all families are called in a format, in the order of a snapshot; in Prometheus text by default. */
  exposedNames(format?: ExpositionFormat): ExposedNames[];
  /** All families with the lanes of all their series; with a name, those of the others are left out. */
  lanes(name?: string): FamilyLanes[];
}

/** What an entry of {@link NativeHot.record} does. */
export const BatchOperation = { add: 0, addFraction: 1, set: 2, observe: 3, noRoom: 4 } as const;

export interface NativeHot {
  /** Adds 1 to an integer cell. */
  increment(cell: number): void;
  /** Adds a safe integer to an integer cell. */
  add(cell: number, amount: number): void;
  /** Sets a gauge. Throws where the store cannot be written. */
  set(series: number, value: number): void;
  /** Observes a finite number with the index that `bindHistogram` gave. */
  observe(histogram: number, value: number): void;
  /** Something begins: adds 1 to the integer cell of a gauge, and gives the seconds of a clock that never goes back. */
  enter(gauge: number): number;
  /**
   * It has ended: takes 1 from the gauge's cell, adds 1 to a counter's, and observes the seconds since `entered`, which
   * `enter` gave. Like all of these it leaves out what does not exist.
   */
  leave(gauge: number, counter: number, histogram: number, entered: number): void;
  /**
   * Does what the entries say, each three numbers: a {@link BatchOperation}, what `add`, `addFraction`, `set` or
   * `observe` take first, and the amount. All are tried. False where there was no room for some, whose operation is
   * `noRoom` then; throws where one could not be stored for another reason.
   */
  record(entries: Float64Array): boolean | undefined;
  /** Does nothing: what a call costs. */
  noop(): void;
}

export interface NativeAddon {
  open(options: NativeOpenOptions): NativeStore;
  /** Unlinks the ephemeral stores of a directory whose processes are gone; gives their number. */
  sweep(directory: string): number;
  /** The path that threads of this process share when none is given; '' if none was set. */
  getDefaultPath(): string;
  /** Sets the default path unless one is set already; gives the one in force. */
  setDefaultPath(path: string): string;
  /** Puts the stores' handler for SIGBUS back in front of one that has taken its place, or none. Never throws. */
  keepSigbus(): void;
}

const require = createRequire(import.meta.url);
const root = dirname(dirname(fileURLToPath(import.meta.url)));
let loaded: NativeAddon | undefined;

function remedy(): string {
  if (process.platform !== 'linux') {
    return `it exists for Linux only, and this is ${process.platform}; run the application on Linux or in a container`;
  }
  return (
    `it is not built for ${process.arch} and Node ${process.versions.node}; run \`npm rebuild percpu-metrics\` ` +
    '(needs a C++ compiler, make and python3) and install without --ignore-scripts'
  );
}

function native(): NativeAddon {
  if (loaded === undefined) {
    try {
      loaded = (require('node-gyp-build') as (directory: string) => NativeAddon)(root);
    } catch (cause) {
      throw new PercpuMetricsError('ERR_PCM_ADDON', `the native addon cannot be loaded: ${remedy()}`, {
        cause,
        details: { platform: process.platform, arch: process.arch, node: process.versions.node },
      });
    }
  }
  return loaded;
}

/**
 * The native addon, loaded by the first call and not by the import: a program that never opens a store runs on any
 * system. Every function throws `ERR_PCM_ADDON` where the addon cannot be loaded.
 */
export const addon: NativeAddon = {
  open: (options) => native().open(options),
  sweep: (directory) => native().sweep(directory),
  getDefaultPath: () => native().getDefaultPath(),
  setDefaultPath: (path) => native().setDefaultPath(path),
  keepSigbus: () => native().keepSigbus(),
};
