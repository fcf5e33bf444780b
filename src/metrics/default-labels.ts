/**
 * Labels that a process gives to all that it counts. They are ordinary labels of each of its families, behind the
 * family's own: two processes with other values have series of their own, which every reader sees.
 */
import type { SeriesLimits } from '../store/series-request.js';
import type { FamilyDefinition } from '../store/types.js';
import type { LabelValue } from './label-values.js';

/** A family as it is declared in the store, and what its users give of it. */
export interface Declaration {
  readonly definition: FamilyDefinition;
  /** The names that `labels()` takes values of. */
  readonly ownLabelNames: readonly string[];
  /** The values of those that follow. */
  readonly defaultValues: readonly string[];
  /** Beyond which there is no new series; of a family whose handles have several, so many times as much. */
  readonly limits: SeriesLimits;
  /** What this process is called where its series belong to it. */
  readonly owner: string | undefined;
  /** Whether the series that this process binds keep exemplars. */
  readonly exemplars: boolean;
}

/** Default labels by name; a family's own label of the same name takes precedence. */
export type DefaultLabels = Readonly<Record<string, LabelValue>>;

/** Names to declare a family with. */
export function withDefaultNames(ownLabelNames: readonly string[], defaults: DefaultLabels): string[] {
  return [...ownLabelNames, ...Object.keys(defaults).filter((name) => !ownLabelNames.includes(name))];
}

/** The values that a process gives to the labels behind a family's own ones. */
export function defaultValues(ownLabelNames: readonly string[], defaults: DefaultLabels): string[] {
  return Object.entries(defaults)
    .filter(([name]) => !ownLabelNames.includes(name))
    .map(([, value]) => String(value));
}
