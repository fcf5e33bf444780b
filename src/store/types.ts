/** The types of the native addon that users of a store see, under the layer that owns them. */
export type {
  Backend,
  FamilyDefinition,
  FamilySnapshot,
  HistogramSnapshot,
  LaneSnapshot,
  MetricType,
  NativeHot,
  NumberSnapshot,
  ProcessInfo,
  Registration,
  StoreActivity,
  StoreInfo,
  StoreMode,
} from '../binding.js';
