/**
 * How the value of a gauge is made where several processes set it. What is added up or compared is kept for each process
 * by itself in the store, under the same labels, and readers put it together; of what is not aggregated there is one value
 * that all change, or a series of each process.
 */
import { display, PercpuMetricsError } from '../errors.js';
import type { FamilyDefinition } from '../store/types.js';

/** See `GaugeOptions.aggregation`. */
export type Aggregation = 'sum' | 'min' | 'max' | 'average' | 'last' | 'process';

const AGGREGATIONS: readonly unknown[] = ['sum', 'min', 'max', 'average', 'last', 'process'];

/** What two options of a family say together. */
export interface Ownership {
  /** What the definition in the store has of it. */
  readonly aggregation: NonNullable<FamilyDefinition['aggregation']> | undefined;
  /** What is left to look at as `perProcess`. */
  readonly perProcess: unknown;
}

function fail(name: string, message: string, value: unknown): never {
  throw new PercpuMetricsError('ERR_PCM_OPTION', message, { details: { name, option: 'aggregation', value } });
}

function isAggregation(value: unknown): value is Aggregation {
  return AGGREGATIONS.includes(value);
}

/**
 * Checks the options `aggregation` and `perProcess` of a family against each other.
 *
 * @throws PercpuMetricsError `ERR_PCM_OPTION`
 */
export function ownership(name: string, aggregation: unknown, perProcess: unknown): Ownership {
  if (aggregation === undefined) return { aggregation: undefined, perProcess };
  if (!isAggregation(aggregation)) {
    fail(
      name,
      `aggregation of ${name} must be one of ${AGGREGATIONS.join(', ')}, not ${display(aggregation)}`,
      aggregation,
    );
  }
  const isOfProcess = aggregation === 'process';
  const contradicts = isOfProcess ? perProcess === false : perProcess !== undefined && perProcess !== false;
  if (contradicts) {
    fail(
      name,
      `aggregation "${aggregation}" of ${name} contradicts perProcess ${display(perProcess)}; leave one of them out`,
      aggregation,
    );
  }
  if (isOfProcess) return { aggregation: undefined, perProcess: perProcess ?? true };
  return { aggregation: aggregation === 'last' ? undefined : aggregation, perProcess };
}
