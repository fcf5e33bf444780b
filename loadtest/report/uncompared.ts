/** What of two runs cannot be compared, so that nobody takes silence for sameness. */
import { Lookup } from '../lookup.js';
import { canBeTold, LEAST_SAMPLES } from '../noise.js';
import type { RunDocument } from './document.js';

/** A figure of a contender at a point. */
interface Row {
  scenario: string;
  figure: string;
  title: string;
  contender: string;
  point: string;
}

function rowsOf({ scenarios }: RunDocument): Row[] {
  return scenarios.flatMap(({ name, figures, series }) =>
    series
      .filter(({ samples }) => samples.length > 0)
      .map(({ figure, contender, point }) => ({
        ...{ scenario: name, figure, contender, point },
        title: figures.find((one) => one.name === figure)?.title ?? figure,
      })),
  );
}

/** What a row is part of, the largest first: where the other run has none of it, its rows need no names of their own. */
const LEVELS: readonly { key: (row: Row) => string[]; label: (row: Row) => string }[] = [
  { key: ({ scenario }) => [scenario], label: ({ scenario }) => `the scenario ${scenario}` },
  {
    key: ({ scenario, contender }) => [scenario, contender],
    label: ({ scenario, contender }) => `${scenario}: all of ${contender}`,
  },
  {
    key: ({ scenario, point }) => [scenario, point],
    label: ({ scenario, point }) => `${scenario}: all at ${point}`,
  },
  {
    key: ({ scenario, figure }) => [scenario, figure],
    label: ({ scenario, title }) => `${scenario}: ${title}`,
  },
  {
    key: ({ scenario, figure, contender }) => [scenario, figure, contender],
    label: ({ scenario, title, contender }) => `${scenario}: ${title}, ${contender}`,
  },
  {
    key: ({ scenario, figure, point }) => [scenario, figure, point],
    label: ({ scenario, title, point }) => `${scenario}: ${title}, ${point}`,
  },
  {
    key: ({ scenario, figure, contender, point }) => [scenario, figure, contender, point],
    label: ({ scenario, title, contender, point }) => `${scenario}: ${title}, ${contender}${point && `, ${point}`}`,
  },
];

/** Names of what one run has and the other has not, each as part of the largest that is missing. */
function missing(rows: readonly Row[], others: readonly Row[]): string[] {
  const levels = LEVELS.map(({ key, label }) => {
    const known = new Set(others.map((row) => JSON.stringify(key(row))));
    return { label, lacks: (row: Row): boolean => !known.has(JSON.stringify(key(row))) };
  });
  return [...new Set(rows.flatMap((row) => levels.find(({ lacks }) => lacks(row))?.label(row) ?? []))];
}

/** By scenario, how many rows are in both runs but have too few samples in one of them. */
function seldom(before: RunDocument, after: RunDocument): string[] {
  return after.scenarios.flatMap((findings) => {
    const old = before.scenarios.find(({ name }) => name === findings.name);
    const lookup = new Lookup(old ?? { series: [] });
    const rows = findings.series.filter(({ figure, contender, point, samples }) => {
      const others = lookup.samples(figure, contender, point);
      return samples.length > 0 && others.length > 0 && !canBeTold(samples, others);
    });
    return rows.length === 0 ? [] : [`${findings.name} (${rows.length} of ${findings.series.length} rows)`];
  });
}

/** What is not compared: what only one of the runs has, and what has too few samples in one of them. */
export function describeUncompared(before: RunDocument, after: RunDocument): string[] {
  const [old, now] = [rowsOf(before), rowsOf(after)];
  const common = old.some(({ scenario }) => now.some((row) => row.scenario === scenario));
  const few = seldom(before, after).map(
    (scenario) => `Not told from noise with fewer than ${LEAST_SAMPLES} rounds: ${scenario}`,
  );
  return [
    ...(common ? [] : ['The runs have no scenario in common.']),
    ...missing(old, now).map((name) => `Not measured any more: ${name}`),
    ...missing(now, old).map((name) => `Not measured before: ${name}`),
    ...few,
  ];
}
