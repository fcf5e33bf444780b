/** The types of the native addon that users of a store see, under the layer that owns them. */
export type {
  Backend,
  FamilyDefinition,
  FamilySnapshot,
  HistogramSnapshot,
  LaneSnapshot,
  MetricType,
  NativeHistogramSnapshot,
  NativeHot,
  NumberSnapshot,
  ProcessInfo,
  Registration,
  SeriesSnapshot,
  StoreActivity,
  StoreInfo,
  StoreMode,
  SummarySnapshot,
} from '../binding.js';
