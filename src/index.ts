/** The public face of the library. */
export { ERROR_CODES, type ErrorCode, PercpuMetricsError } from './errors.js';
export type { Aggregation } from './metrics/aggregation.js';
export type { Amounts, Batch, RecordableHandle } from './metrics/batch.js';
export { exponentialBuckets, exponentialBucketsRange, linearBuckets } from './metrics/buckets.js';
export type { Collectable } from './metrics/collectors.js';
export type { Counter, CounterHandle } from './metrics/counter.js';
export {
  type CounterOptions,
  DEFAULT_BUCKETS,
  type GaugeOptions,
  type HistogramOptions,
  type MetricOptions,
} from './metrics/definition.js';
export type { ExemplarLabels } from './metrics/exemplar.js';
export type { NativeHistogramOptions, SummaryOptions } from './metrics/exponential.js';
export { CONTENT_TYPE, contentTypeOf, type RenderOptions } from './metrics/exposition-format.js';
export type { MetricFamily } from './metrics/family.js';
export type { Gauge, GaugeHandle } from './metrics/gauge.js';
export type { Histogram, HistogramHandle, NativeHistogram, Summary } from './metrics/histogram.js';
export type { Info, InfoOptions } from './metrics/info.js';
export type { LabelObject, LabelValue, LabelValues } from './metrics/label-values.js';
export { type NegotiatedFormat, negotiateFormat } from './metrics/negotiation.js';
export { openStore } from './metrics/open-store.js';
export { OVERFLOW_VALUE } from './metrics/overflow.js';
export { collectProcessMetrics, type ProcessMetricsOptions } from './metrics/process-metrics.js';
export type { PromExemplar, PromMetric, PromValue } from './metrics/prom-metric.js';
export type { StateSet, StateSetHandle, StateSetOptions } from './metrics/state-set.js';
export type { Store } from './metrics/store.js';
export type { StopLabelledTimer, StopTimer } from './metrics/timer.js';
export { BACKENDS, type StoreOptions } from './store/options.js';
export type { TransientBytes } from './store/render-memory.js';
export type {
  Backend,
  ExemplarSnapshot,
  ExpositionFormat,
  FamilyDefinition,
  FamilySnapshot,
  HistogramSnapshot,
  LaneSnapshot,
  MetricType,
  NameEscaping,
  NativeHistogramSnapshot,
  NumberSnapshot,
  ProcessInfo,
  Registration,
  SeriesSnapshot,
  StoreActivity,
  StoreInfo,
  StoreMode,
  SummarySnapshot,
  Syntax,
} from './store/types.js';
