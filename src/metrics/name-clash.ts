/**
 * Which family is in the way of another one because of what their lines are called: a histogram `x` is exposed as
 * `x_bucket`, `x_sum` and `x_count`. `native/core/name_clash.c` has the same rule, by which the store refuses it.
 */
import type { PercpuMetricsError } from '../errors.js';
import { conflictError } from '../store/conflict.js';
import type { FamilyDefinition } from '../store/types.js';
import { creationNames, sampleNames } from './sample-names.js';

const SUFFIXES = ['_bucket', '_sum', '_count', '_created'];

/** What the lines of a family carry beside its own name. */
function otherNames(definition: FamilyDefinition): string[] {
  return [...sampleNames(definition).slice(1), ...creationNames(definition)];
}

/** The families that a line of this name may be of. */
function owners(name: string): string[] {
  const bases = SUFFIXES.filter((suffix) => name.endsWith(suffix)).map((suffix) => name.slice(0, -suffix.length));
  return [...bases, ...bases.map((base) => `${base}_total`)];
}

/**
 * The error for a definition whose lines would carry the names of another family's lines, if there is such a family.
 *
 * @param find - Looks a name up in the store.
 * @param cause - What the store said, where it was asked.
 */
export function conflictingSuffix(
  definition: FamilyDefinition,
  find: (name: string) => FamilyDefinition | undefined,
  cause?: unknown,
): PercpuMetricsError | undefined {
  const { name } = definition;
  const taken = otherNames(definition).map(find);
  const having = owners(name)
    .map(find)
    .filter((family) => family !== undefined && otherNames(family).includes(name));
  const [clash] = [...taken, ...having].filter((family) => family !== undefined);
  return clash === undefined ? undefined : conflictError('ERR_PCM_DEFINITION_CONFLICT', clash, definition, cause);
}
