/**
 * The error for a name that is taken: it shows both definitions, because the other one is often in another process.
 */
import type { FamilyDefinition } from '../binding.js';
import { type ErrorCode, PercpuMetricsError } from '../errors.js';

/** A definition in a line: `histogram wait_seconds{queue} with unit "seconds", buckets 0.1, 1 and help "..."`. */
export function describeDefinition(definition: FamilyDefinition): string {
  const { type, name, help, unit, labelNames, buckets, schema, range, negative, quantiles, perProcess, aggregation } =
    definition;
  const labels = labelNames.length > 0 ? `{${labelNames.join(', ')}}` : '';
  const facts = [
    ...(unit === '' ? [] : [`unit ${JSON.stringify(unit)}`]),
    ...(type === 'histogram' ? [`buckets ${buckets.join(' ')}`] : []),
    ...(schema === undefined ? [] : [`schema ${schema}`]),
    ...(range === undefined ? [] : [`range ${range.join(' to ')}`]),
    ...(negative === true ? ['negative buckets'] : []),
    ...(quantiles === undefined ? [] : [`quantiles ${quantiles.join(' ')}`]),
    ...(perProcess === true ? ['series of each process'] : []),
    ...(aggregation === undefined ? [] : [`aggregation ${aggregation}`]),
    `help ${JSON.stringify(help)}`,
  ];
  return `${type} ${name}${labels} with ${facts.join(', ')}`;
}

/** The error for a family whose name is in use for another definition. */
export function conflictError(
  code: ErrorCode,
  existing: FamilyDefinition,
  wanted: FamilyDefinition,
  cause?: unknown,
): PercpuMetricsError {
  return new PercpuMetricsError(
    code,
    `the store has a ${describeDefinition(existing)}; it cannot also be declared as a ${describeDefinition(wanted)}; ` +
      'use one definition in every process, or another name',
    { details: { name: wanted.name, existing, wanted }, ...(cause === undefined ? {} : { cause }) },
  );
}
