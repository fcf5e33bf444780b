/** A scenario as it is printed. */
import type { Findings, Goal } from '../findings.js';
import { formatNumber, renderTable } from '../table.js';
import { exactnessOf, tablesOf } from './tables.js';

/** A threshold and how it came out, in a line. */
export function describeGoal({ title, atLeast, atMost, unit, measured, met }: Goal): string {
  const threshold = atLeast === undefined ? `at most ${atMost}` : `at least ${atLeast}`;
  const suffix = unit === '' ? '' : ` ${unit}`;
  // Enough digits to see on which side of a threshold such as 0.97 it is.
  const digits = measured !== null && Math.abs(measured) < 10 ? 3 : 2;
  const outcome =
    measured === null ? 'not measured' : `${met ? 'met' : 'missed'} (${formatNumber(measured, digits)}${suffix})`;
  return `${title}: ${threshold}${suffix}: ${outcome}`;
}

/** Tables, counts, goals and the verdict. */
export function renderFindings(findings: Findings): string {
  const tables = tablesOf(findings, false).map(({ caption, heading, rows }) => {
    const table = renderTable(heading, rows);
    return caption === '' ? table : `${caption}\n${table}`;
  });
  const exactness = exactnessOf(findings);
  const counts = exactness.rows.length === 0 ? [] : [renderTable(exactness.heading, exactness.rows)];
  return [
    `${findings.name}: ${findings.title}`,
    ...tables,
    ...counts,
    ...(findings.notes.length === 0 ? [] : [findings.notes.join('\n')]),
    ...(findings.goals.length === 0 ? [] : [findings.goals.map(describeGoal).join('\n')]),
    findings.verdict,
  ].join('\n\n');
}
