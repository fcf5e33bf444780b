/**
 * Several amounts in one call into native code. A batch is prepared once; each `record` checks all amounts, writes them
 * beside their cells into an array that it keeps, and hands that over, so that a wrong amount leaves nothing counted.
 */
import { display, PercpuMetricsError } from '../errors.js';
import { BATCH_ENTRY, BatchOperation, type Segment } from '../store/segment.js';
import type { CounterHandle } from './counter.js';
import { Family } from './family.js';
import type { GaugeHandle } from './gauge.js';
import type { HistogramHandle } from './histogram.js';

/** What an amount can be recorded in: a counter is incremented, a gauge set, everything else observes. */
export type RecordableHandle = CounterHandle | GaugeHandle | HistogramHandle;

/** One amount per handle. */
export type Amounts<Handles extends readonly RecordableHandle[]> = { readonly [Index in keyof Handles]: number };

/** Amounts that are recorded together; `store.batch` prepares one. */
export interface Batch<Handles extends readonly RecordableHandle[]> {
  /**
   * Increments, sets and observes; where an amount is wrong, nothing. What cannot be stored for another reason, such as a
   * gauge while another process holds the lock of the store, is dropped with a warning, and the rest is recorded. Does
   * nothing once the store is closed. A scrape at the same time may see some of the amounts.
   *
   * @throws PercpuMetricsError `ERR_PCM_BATCH`, `ERR_PCM_AMOUNT_TYPE`, `ERR_PCM_AMOUNT_NOT_FINITE`,
   * `ERR_PCM_AMOUNT_NEGATIVE`; nothing is counted then
   */
  record(...amounts: Amounts<Handles>): void;
}

/** What a handle does for the batches that it is in. */
export interface Recordable {
  /** Of the store that it belongs to. */
  readonly segment: Segment;
  /** Throws where the amount cannot be recorded. */
  check(amount: number): void;
  /** Writes operation, target and a checked amount. */
  put(entries: Float64Array, at: number, amount: number): void;
  /** Records an amount for which there was no room where it was put, if it has another place. Never throws. */
  putElsewhere?(amount: number): void;
  /** Of handles that keep exemplars: notes what an amount that was recorded was about. Never throws. */
  note?(amount: number): void;
}

const MAX_HANDLES = 64;

function isRecordable(handle: unknown): handle is Recordable {
  return typeof handle === 'object' && handle !== null && 'put' in handle && 'check' in handle;
}

function recordable(segment: Segment, given: unknown, index: number): Recordable {
  const handle = given instanceof Family && given.labelNames.length === 0 ? given.labels() : given;
  if (isRecordable(handle) && handle.segment === segment) return handle;
  throw new PercpuMetricsError(
    'ERR_PCM_BATCH',
    `item ${index + 1} of a batch must be a counter, a gauge or a histogram of this store, of a family with labels one ` +
      `of its handles, not ${display(given)}`,
    { details: { index } },
  );
}

/** The implementation of {@link Batch}. */
export class PreparedBatch implements Batch<readonly RecordableHandle[]> {
  readonly #segment: Segment;
  readonly #handles: readonly Recordable[];
  readonly #entries: Float64Array;
  readonly #hasExemplars: boolean;

  /** @throws PercpuMetricsError `ERR_PCM_BATCH` */
  constructor(segment: Segment, handles: unknown) {
    if (!Array.isArray(handles) || handles.length === 0 || handles.length > MAX_HANDLES) {
      const given = Array.isArray(handles) ? `${handles.length}` : display(handles);
      throw new PercpuMetricsError(
        'ERR_PCM_BATCH',
        `a batch is made of an array of 1 to ${MAX_HANDLES} handles, not ${given}`,
      );
    }
    this.#segment = segment;
    this.#handles = handles.map((handle, index) => recordable(segment, handle, index));
    this.#entries = new Float64Array(handles.length * BATCH_ENTRY);
    this.#hasExemplars = this.#handles.some((handle) => handle.note !== undefined);
  }

  record(...amounts: readonly number[]): void {
    const handles = this.#handles;
    if (amounts.length !== handles.length) {
      throw new PercpuMetricsError(
        'ERR_PCM_BATCH',
        `this batch takes ${handles.length} amounts, not ${amounts.length}`,
        {
          details: { expected: handles.length, given: amounts.length },
        },
      );
    }
    for (let index = 0; index < handles.length; index += 1) handles[index]?.check(amounts[index] as number);
    for (let index = 0; index < handles.length; index += 1) {
      handles[index]?.put(this.#entries, index * BATCH_ENTRY, amounts[index] as number);
    }
    if (!this.#segment.record(this.#entries)) this.#recordElsewhere(amounts);
    if (!this.#hasExemplars) return;
    for (const [index, handle] of handles.entries()) handle.note?.(amounts[index] as number);
  }

  #recordElsewhere(amounts: readonly number[]): void {
    for (const [index, handle] of this.#handles.entries()) {
      if (this.#entries[index * BATCH_ENTRY] !== BatchOperation.noRoom) continue;
      handle.putElsewhere?.(amounts[index] as number);
    }
  }
}
