/**
 * One attachment of this thread to a store, with errors that say what to do. What is below this class speaks in ids
 * and cells, what is above it in families and handles.
 *
 * Invariant: what handles call while they count (`hot`, `addFraction`, `setGauge`, `findCell`) never throws. An amount
 * that cannot be stored is dropped, and the first of its kind is reported as a process warning: a metrics library must
 * not be the reason that a request fails.
 */
import {
  addon,
  type ExposedNames,
  type ExpositionFormat,
  type FamilyDefinition,
  type FamilyLanes,
  type FamilySnapshot,
  type NativeHot,
  type NativeOpenOptions,
  type NativeStore,
  type ProcessInfo,
  type StoreActivity,
  type StoreInfo,
  type StoreMode,
} from '../binding.js';
import { type ErrorCode, PercpuMetricsError } from '../errors.js';
import { conflictError } from './conflict.js';
import { type Holder, Holdings, isRemoved } from './holdings.js';
import { announce, locate } from './location.js';
import { nativeError } from './native-error.js';
import { openError } from './open-error.js';
import { checkStoreOptions, type StoreOptions } from './options.js';
import { RenderMemory, type TransientBytes } from './render-memory.js';
import type { SeriesLimits, SeriesRequest } from './series-request.js';
import { keepSigbus } from './sigbus.js';

export { BatchOperation } from '../binding.js';

const RENDER = 'render the store';

/** Numbers of an entry of a batch: operation, target, amount. */
export const BATCH_ENTRY = 3;

/** In place of a cell: an increment of it does nothing. */
export const NO_CELL = -1;

/** In place of the id of a series. */
export const NO_SERIES = 0;

/** Tells where amounts go for which a series has no room. */
export interface Overflow {
  /**
   * The id of the series that stands in for the one that something could not be done to, which is reported;
   * {@link NO_SERIES} where there is none, or where room is not what is missing. Never throws.
   */
  insteadAfter(cause: unknown): number;
}

/** Does something to a series, or nothing where somebody else has removed it meanwhile. */
function unlessRemoved(work: () => void): void {
  try {
    work();
  } catch (cause) {
    if (!isRemoved(cause)) throw cause;
  }
}

/** An open store, as one thread sees it. */
export class Segment {
  /** The file of the store. */
  readonly path: string;
  readonly readOnly: boolean;
  /** The functions that count; they do nothing once the store is closed. */
  readonly hot: NativeHot;
  readonly #native: NativeStore;
  readonly #holdings: Holdings;
  readonly #withdraw: () => void;
  readonly #renderMemory = new RenderMemory();
  readonly #reported = new Set<string>();
  /** By format, with the length of the catalog that they were read from. */
  readonly #exposedNames = new Map<string, { readonly catalogBytes: number; readonly names: ExposedNames[] }>();
  #closed = false;

  private constructor(native: NativeStore, readOnly: boolean) {
    this.path = native.path;
    this.readOnly = readOnly;
    this.hot = native.hot;
    this.#native = native;
    this.#holdings = new Holdings(native);
    this.#withdraw = readOnly ? () => {} : announce(native.path);
  }

  /**
   * Attaches to a store, or makes it.
   *
   * @throws PercpuMetricsError `ERR_PCM_OPTION` and every code that begins the C header's list for `pcm_store_open`
   */
  static open(options: StoreOptions = {}): Segment {
    const {
      path,
      mode,
      readOnly = false,
      defaultLabels: _labels,
      maxSeries: _limit,
      exemplar: _exemplar,
      ...rest
    } = checkStoreOptions(options);
    const location = locate(path, readOnly);
    const native: Record<string, unknown> = { ...rest, ...location, readOnly };
    if (mode !== undefined) native['fileMode'] = mode;
    try {
      const segment = new Segment(addon.open(native as unknown as NativeOpenOptions), readOnly);
      keepSigbus();
      return segment;
    } catch (cause) {
      throw openError(cause, { path: location.path, readOnly, backend: rest.backend });
    }
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** Gives the attachment back. Handles do nothing from now on. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#withdraw();
    this.#holdings.end();
    this.#native.close();
  }

  unlink(): void {
    this.#attempt('unlink the store', () => this.#native.unlink());
  }

  info(): StoreInfo {
    return this.#attempt('describe the store', () => this.#native.info());
  }

  broken(): boolean {
    return this.#attempt('describe the store', () => this.#native.broken());
  }

  mode(): StoreMode {
    return this.#attempt('tell the mode of the store', () => this.#native.mode());
  }

  processes(): ProcessInfo[] {
    return this.#attempt('list the processes of the store', () => this.#native.processes());
  }

  async activity(): Promise<StoreActivity> {
    const reading = this.#attempt('sum up the store', () => this.#native.activity());
    try {
      return await reading;
    } catch (cause) {
      throw this.#error(cause, 'sum up the store');
    }
  }

  /** Finds or creates a family and gives its id. */
  declare(definition: FamilyDefinition): number {
    const action = `declare ${definition.name}`;
    if (this.readOnly) this.#refuse(action, 'ERR_PCM_READ_ONLY');
    try {
      return this.#attempt(action, () => this.#native.declare(definition));
    } catch (cause) {
      if (!(cause instanceof PercpuMetricsError)) throw cause;
      if (cause.code !== 'ERR_PCM_TYPE_CONFLICT' && cause.code !== 'ERR_PCM_DEFINITION_CONFLICT') throw cause;
      const existing = this.#native.find(definition.name)?.definition;
      throw existing === undefined ? cause : conflictError(cause.code, existing, definition, cause);
    }
  }

  /** The definition that a name has in the store, if any. */
  find(name: string): FamilyDefinition | undefined {
    return this.#attempt(`look ${name} up`, () => this.#native.find(name))?.definition;
  }

  /** Finds or creates a series and gives its id. */
  bind(family: number, name: string, labelValues: string[]): number {
    return this.#attempt(`create a series of ${name}`, () => this.#native.bind(family, labelValues));
  }

  /** The same, but `undefined` where there would be more series then than the limits allow; 0 is none. */
  bindWithin(family: number, name: string, labelValues: string[], limits: SeriesLimits): number | undefined {
    const { ofFamily, ofStore } = limits;
    const bind = () => this.#native.bind(family, labelValues, ofFamily, ofStore);
    return this.#attempt(`create a series of ${name}`, bind) || undefined;
  }

  /**
   * Finds or creates several series and gives their ids, {@link NO_SERIES} of those with limits that there is no room for.
   * Or none, and then it is told which one there was no room for, and why.
   */
  bindAll(requests: readonly SeriesRequest[]): {
    readonly ids: readonly number[];
    readonly refusal?: { readonly index: number; readonly error: PercpuMetricsError };
  } {
    if (this.#closed) this.#refuse('create series', 'ERR_PCM_CLOSED');
    try {
      const ids = this.#native.bindAll(
        requests.map(({ family }) => family),
        requests.map(({ labelValues }) => labelValues),
        requests.map(({ integer, fraction }) => (integer ? 1 : 0) + (fraction ? 2 : 0)),
        requests.flatMap(({ limits }) => [limits.ofFamily, limits.ofStore]),
      );
      return { ids };
    } catch (cause) {
      const index = (cause as { index?: number }).index ?? 0;
      const error = this.#error(cause, `create a series of ${requests[index]?.name}`);
      return { ids: [], refusal: { index, error } };
    }
  }

  /**
   * Those that a series was bound with, also of one that is just being let go of; undefined where the file no longer
   * tells them. Never throws.
   */
  labelValues(series: number): string[] | undefined {
    try {
      return this.#native.labelValues(series);
    } catch {
      return undefined;
    }
  }

  /** The label values of each series that a family has, of any process. */
  allLabelValues(family: number, name: string): string[][] {
    return this.#attempt(`look ${name} up`, () =>
      this.#native.seriesOf(family).map((series) => this.#native.labelValues(series)),
    );
  }

  /** What is to be thrown where a series is to be bound anew whose {@link labelValues} the file did not tell. */
  unreadable(name: string): PercpuMetricsError {
    return this.#error({ code: 'ERR_PCM_CORRUPT' }, `create a series of ${name}`);
  }

  /** Notes that something is kept of a series, which is to be let go of when the series is removed. */
  hold(holder: Holder): void {
    this.#holdings.add(holder);
  }

  /** Lets go of all that is kept of series that were removed. */
  follow(): void {
    if (!this.#closed) this.#holdings.follow();
  }

  /** Removes the series with these label values, if there is one; without them all of the family. */
  remove(family: number, name: string, labelValues?: string[]): void {
    this.#attempt(`remove ${name}`, () => {
      if (labelValues === undefined) return this.#native.removeFamily(family);
      const series = this.#native.findSeries(family, labelValues);
      if (series !== undefined) unlessRemoved(() => this.#native.removeSeries(series));
    });
    this.#holdings.follow();
  }

  /** Brings a series back to 0, in all processes. */
  resetSeries(series: number, name: string): void {
    this.#attempt(`reset a series of ${name}`, () => unlessRemoved(() => this.#native.resetSeries(series)));
  }

  /** The same, for the series with these label values, if there is one; without them for all of the family. */
  reset(family: number, name: string, labelValues?: string[]): void {
    this.#attempt(`reset ${name}`, () => {
      if (labelValues === undefined) return this.#native.resetFamily(family);
      const series = this.#native.findSeries(family, labelValues);
      if (series !== undefined) unlessRemoved(() => this.#native.resetSeries(series));
    });
  }

  /** Reports what does not stop anything, the first time that it is called with this key. */
  warnOnce(key: string, code: ErrorCode, message: string): void {
    if (this.#reported.has(key)) return;
    this.#reported.add(key);
    process.emitWarning(message, { type: 'PercpuMetricsWarning', code });
  }

  /** The integer cell of a series. */
  cell(series: number, name: string): number {
    return this.#attempt(`create a cell of ${name}`, () => this.#native.cell(series));
  }

  /** Makes the cell that fractions of a series go to. */
  reserveFraction(series: number, name: string): void {
    this.#attempt(`create a cell of ${name}`, () => this.#native.addFraction(series, 0));
  }

  /** An index for `hot.observe`. */
  bindHistogram(series: number, name: string): number {
    return this.#attempt(`create a series of ${name}`, () => this.#native.bindHistogram(series));
  }

  /** Makes room for the exemplars of a series, and gives what {@link putExemplar} knows it by. */
  keepExemplars(series: number, name: string): number {
    return this.#attempt(`keep exemplars of ${name}`, () => this.#native.keepExemplars(series));
  }

  /** Notes what a value was about, if there is room; false where these are no labels of an exemplar. Never throws. */
  putExemplar(series: number, life: number, value: number, names: readonly string[], values: string[]): boolean {
    if (this.#closed) return true;
    try {
      return this.#native.putExemplar(series, life, value, names, values);
    } catch {
      return false;
    }
  }

  /** Renders the families that have one of these names, or all of them where there are none. */
  async render(format?: ExpositionFormat, names?: readonly string[]): Promise<TransientBytes> {
    const memory = this.#renderMemory.take();
    try {
      const rendering = this.#attempt(RENDER, () => this.#native.render(format, names, memory));
      return this.#renderMemory.lend(await rendering);
    } catch (cause) {
      this.#renderMemory.put(memory);
      throw cause instanceof PercpuMetricsError ? cause : this.#error(cause, RENDER);
    }
  }

  snapshot(withCreation = false, withExemplars = false): FamilySnapshot[] {
    return this.#attempt('read the store', () => this.#native.snapshot(withCreation, withExemplars));
  }

  /** What the families of a snapshot are called in a format; in Prometheus text by default. */
  exposedNames(format?: ExpositionFormat): ExposedNames[] {
    // Nothing was declared since, where the catalog is as long as then: reading all of a store takes milliseconds.
    const { catalogBytes } = this.info();
    const key = `${format?.syntax} ${format?.escaping}`;
    const known = this.#exposedNames.get(key);
    if (known?.catalogBytes === catalogBytes) return known.names;
    const names = this.#attempt('read the names of the store', () => this.#native.exposedNames(format));
    this.#exposedNames.set(key, { catalogBytes, names });
    return names;
  }

  /** Of one family, or of all in one pass. */
  lanes(name?: string): FamilyLanes[] {
    return this.#attempt(`read the lanes of ${name ?? 'the store'}`, () => this.#native.lanes(name));
  }

  /** Like {@link cell} while counting: {@link NO_CELL} where there is none to be had. */
  findCell(series: number): number {
    try {
      return this.#native.cell(series);
    } catch (cause) {
      this.#drop(cause);
      return NO_CELL;
    }
  }

  /** Adds an amount that is no safe integer; where there is no room for it to what overflows, else it is dropped. */
  addFraction(series: number, amount: number, overflow: Overflow): void {
    if (series === NO_SERIES) return;
    try {
      this.#native.addFraction(series, amount);
    } catch (cause) {
      this.#addInstead(cause, overflow, (other) => this.#native.addFraction(other, amount));
    }
  }

  /** Adds a safe integer to a series without a cell, and gives the cell; without room as {@link addFraction}. */
  addFirst(series: number, amount: number, overflow: Overflow): number {
    try {
      const cell = this.#native.cell(series);
      this.hot.add(cell, amount);
      return cell;
    } catch (cause) {
      this.#addInstead(cause, overflow, (other) => this.hot.add(this.#native.cell(other), amount));
      return NO_CELL;
    }
  }

  /** Does what the entries say, and whether there was room; what cannot be stored for other reasons is dropped. */
  record(entries: Float64Array): boolean {
    try {
      return this.hot.record(entries) !== false;
    } catch (cause) {
      this.#drop(cause);
      return false;
    }
  }

  /** Sets a gauge; the value is dropped where it cannot be stored. */
  setGauge(series: number, value: number): void {
    if (series === NO_SERIES) return;
    try {
      this.hot.set(series, value);
    } catch (cause) {
      this.#drop(cause);
    }
  }

  /** Sets several gauges, all or none; dropped as with {@link setGauge}. */
  setGauges(series: readonly number[], values: readonly number[]): void {
    if (this.#closed) return;
    try {
      this.#native.setGauges(series, values);
    } catch (cause) {
      this.#drop(cause);
    }
  }

  /** Sets a gauge, or throws where the value cannot be stored. */
  setGaugeOrThrow(series: number, value: number, name: string): void {
    this.#attempt(`set ${name}`, () => this.hot.set(series, value));
  }

  /** Sets several gauges, or throws where one of the values cannot be stored, and none is then. */
  setGaugesOrThrow(series: readonly number[], values: readonly number[], names: string): void {
    this.#attempt(`set ${names}`, () => this.#native.setGauges(series, values));
  }

  /** Does something that must succeed: again where somebody else has removed a series, to which the next one belongs. */
  insist(work: () => void): void {
    try {
      work();
    } catch (error) {
      if (!isRemoved(error)) throw error;
      this.follow();
      work();
    }
  }

  /** Reports why an amount could not be stored. */
  report(cause: unknown): void {
    if (this.#closed || isRemoved(cause)) return;
    const error = this.#error(cause, 'store an amount, which is dropped');
    this.warnOnce(error.code, error.code, error.message);
  }

  #attempt<T>(action: string, work: () => T): T {
    if (this.#closed) this.#refuse(action, 'ERR_PCM_CLOSED');
    try {
      return work();
    } catch (cause) {
      throw this.#error(cause, action);
    }
  }

  /** What is left of a truncated file reads as zeros, which may look like any other fault first. */
  #error(cause: unknown, action: string): PercpuMetricsError {
    const broken = !this.#closed && this.#native.broken();
    return nativeError(cause, { action, path: this.path }, broken ? 'ERR_PCM_BROKEN' : undefined);
  }

  #refuse(action: string, code: 'ERR_PCM_CLOSED' | 'ERR_PCM_READ_ONLY'): never {
    throw nativeError(undefined, { action, path: this.path }, code);
  }

  #addInstead(cause: unknown, overflow: Overflow, add: (series: number) => void): void {
    const other = overflow.insteadAfter(cause);
    try {
      if (other === NO_SERIES) throw cause;
      add(other);
    } catch (error) {
      this.#drop(error);
    }
  }

  /** Reports an amount that is dropped; not where its series was removed, as what was added before is gone as well. */
  #drop(cause: unknown): void {
    if (isRemoved(cause)) this.follow();
    else this.report(cause);
  }
}
