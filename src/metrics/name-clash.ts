/**
 * Names that are different and meet all the same: a histogram `x` is exposed as `x_bucket`, `x_sum` and `x_count`, so
 * a family of one of these names would make a scrape that Prometheus refuses in part.
 */
import type { PercpuMetricsError } from '../errors.js';
import { conflictError } from '../store/conflict.js';
import type { FamilyDefinition } from '../store/types.js';

const SUFFIXES = ['_bucket', '_sum', '_count'];
const WITH_SUFFIXES: readonly unknown[] = ['histogram', 'native-histogram', 'summary'];

/**
 * The error for a definition whose lines would carry the names of another family's lines, if there is such a family.
 *
 * @param find - Looks a name up in the store.
 */
export function conflictingSuffix(
  definition: FamilyDefinition,
  find: (name: string) => FamilyDefinition | undefined,
): PercpuMetricsError | undefined {
  for (const suffix of SUFFIXES) {
    const { name, type } = definition;
    const taken = WITH_SUFFIXES.includes(type) ? find(name + suffix) : undefined;
    if (taken !== undefined) return conflictError('ERR_PCM_DEFINITION_CONFLICT', taken, definition);
    const base = name.endsWith(suffix) ? find(name.slice(0, -suffix.length)) : undefined;
    if (base !== undefined && WITH_SUFFIXES.includes(base.type))
      return conflictError('ERR_PCM_DEFINITION_CONFLICT', base, definition);
  }
  return undefined;
}
