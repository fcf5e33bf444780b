/**
 * Families of the store as metrics of OpenTelemetry. All are cumulative and start when their series was created or last
 * reset. A counter is a monotonic sum, what has one number otherwise a gauge. OpenTelemetry's SDK has no summaries: one
 * becomes a gauge with an attribute `quantile`, and the sums `NAME_sum` and `NAME_count`.
 */
import { ValueType } from '@opentelemetry/api';
import {
  AggregationTemporality,
  type DataPoint,
  DataPointType,
  type HistogramMetricData,
  type MetricData,
} from '@opentelemetry/sdk-metrics';
import type {
  FamilySnapshot,
  HistogramSnapshot,
  NativeHistogramSnapshot,
  NumberSnapshot,
  SeriesSnapshot,
  SummarySnapshot,
} from '../store/types.js';
import { exponentialHistogram } from './exponential-histogram.js';

type Histogram = HistogramMetricData['dataPoints'][number] extends DataPoint<infer Value> ? Value : never;
type Time = DataPoint<number>['startTime'];
type Points = readonly DataPoint<number>[];

/** Units as OpenTelemetry writes them (UCUM); others stay as they are. */
const UNITS: ReadonlyMap<string, string> = new Map([
  ['seconds', 's'],
  ['bytes', 'By'],
  ['ratio', '1'],
  ['percent', '%'],
  ['celsius', 'Cel'],
  ['meters', 'm'],
  ['volts', 'V'],
  ['amperes', 'A'],
  ['joules', 'J'],
  ['grams', 'g'],
  ['hertz', 'Hz'],
]);

function time(milliseconds: number): Time {
  return [Math.trunc(milliseconds / 1000), (milliseconds % 1000) * 1e6];
}

function point<Value>(series: SeriesSnapshot, endTime: number, value: Value): DataPoint<Value> {
  const { labels, createdAt = endTime } = series;
  return { attributes: labels, startTime: time(createdAt), endTime: time(endTime), value };
}

function histogram({ buckets, count, sum }: HistogramSnapshot): Histogram {
  return {
    buckets: {
      boundaries: buckets.slice(0, -1).map(({ le }) => le),
      counts: buckets.map((bucket, index) => bucket.count - (buckets[index - 1]?.count ?? 0)),
    },
    count,
    sum,
  };
}

function head({ help, unit }: FamilySnapshot, name: string) {
  return {
    descriptor: { name, description: help, unit: UNITS.get(unit) ?? unit, valueType: ValueType.DOUBLE },
    aggregationTemporality: AggregationTemporality.CUMULATIVE,
  };
}

function gauge(family: FamilySnapshot, name: string, points: Points): MetricData {
  return { ...head(family, name), dataPointType: DataPointType.GAUGE, dataPoints: [...points] };
}

function sum(family: FamilySnapshot, name: string, points: Points, isMonotonic: boolean): MetricData {
  return { ...head(family, name), dataPointType: DataPointType.SUM, dataPoints: [...points], isMonotonic };
}

function summary(family: FamilySnapshot, endTime: number): MetricData[] {
  const { name } = family;
  const all = family.series as SummarySnapshot[];
  const quantiles = all.flatMap((series) =>
    series.quantiles
      .filter(({ value }) => !Number.isNaN(value))
      .map(({ quantile, value }) => {
        const labels = { ...series.labels, quantile: String(quantile) };
        return point({ ...series, labels }, endTime, value);
      }),
  );
  const sums = all.map((series) => point(series, endTime, series.sum));
  const counts = all.map((series) => point(series, endTime, series.count));
  return [
    gauge(family, name, quantiles),
    // Negative observations make it less.
    sum(family, `${name}_sum`, sums, false),
    {
      ...sum(family, `${name}_count`, counts, true),
      descriptor: head({ ...family, unit: '' }, `${name}_count`).descriptor,
    },
  ];
}

/** The metrics that a family of a snapshot with creation times is, read at `endTime` (Unix time, milliseconds). */
export function metricData(family: FamilySnapshot, endTime: number): MetricData[] {
  const { name, type } = family;
  if (type === 'summary') return summary(family, endTime);
  if (type === 'histogram') {
    const dataPoints = (family.series as HistogramSnapshot[]).map((one) => point(one, endTime, histogram(one)));
    return [{ ...head(family, name), dataPointType: DataPointType.HISTOGRAM, dataPoints }];
  }
  if (type === 'native-histogram') {
    const dataPoints = (family.series as NativeHistogramSnapshot[]).map((one) =>
      point(one, endTime, exponentialHistogram(one, family.schema ?? 0, family.range?.[0] ?? 0)),
    );
    return [{ ...head(family, name), dataPointType: DataPointType.EXPONENTIAL_HISTOGRAM, dataPoints }];
  }
  const points = (family.series as NumberSnapshot[]).map((one) => point(one, endTime, one.value));
  return [type === 'counter' ? sum(family, name, points, true) : gauge(family, name, points)];
}
