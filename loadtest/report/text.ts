/** A scenario and the cost model as they are printed. */
import type { Findings, Goal } from '../findings.js';
import { formatNumber, renderTable } from '../table.js';
import type { CostModel } from './model.js';
import { describeGaps, modelTablesOf } from './model-tables.js';
import { onsetTablesOf } from './onset.js';
import { exactnessOf, type TextTable, tablesOf, turned } from './tables.js';

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
  const exactness = exactnessOf(findings);
  const counts = exactness.rows.length === 0 ? [] : [renderTable(exactness.heading, exactness.rows)];
  return [
    `${findings.name}: ${findings.title}`,
    ...tablesOf(findings).map(renderNarrow),
    ...onsetTablesOf(findings).map(renderTextTable),
    ...counts,
    ...(findings.notes.length === 0 ? [] : [findings.notes.join('\n')]),
    ...(findings.goals.length === 0 ? [] : [findings.goals.map(describeGoal).join('\n')]),
    findings.verdict,
  ].join('\n\n');
}

/** Parameters and predictions, and what could not be fitted. */
export function renderModel(model: CostModel): string {
  const gaps = model.gaps.length === 0 ? [] : [describeGaps(model).join('\n')];
  return [
    'cost model: what is said of more CPUs than this machine has is a prediction',
    ...modelTablesOf(model).map(renderTextTable),
    ...gaps,
  ].join('\n\n');
}

function renderTextTable({ caption, heading, rows }: TextTable): string {
  const table = renderTable(heading, rows);
  return caption === '' ? table : `${caption}\n${table}`;
}

/** The way round that is narrower: a line that a terminal breaks is no row. */
function renderNarrow(table: TextTable): string {
  const ways = [table, turned(table)].map((way) => {
    const text = renderTextTable(way);
    return { text, width: Math.max(...text.split('\n').map(({ length }) => length)) };
  });
  return ways.reduce((one, other) => (other.width < one.width ? other : one)).text;
}
