/**
 * Tables of plain text for a terminal: the first column is text, the others are figures and aligned to the right.
 * Widths are counted in code points; nothing that is printed here needs more.
 */
import type { MiddleHalf } from './statistics.js';

const width = (text: string): number => [...text].length;

/** Renders a heading, a rule and rows. Cells that a row does not have are empty. */
export function renderTable(heading: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = heading.map((title, column) => Math.max(width(title), ...rows.map((row) => width(row[column] ?? ''))));
  const line = (cells: readonly string[]): string =>
    widths
      .map((size, column) => {
        const cell = cells[column] ?? '';
        const padding = ' '.repeat(size - width(cell));
        return column === 0 ? cell + padding : padding + cell;
      })
      .join('  ')
      .trimEnd();
  return [line(heading), widths.map((size) => '-'.repeat(size)).join('  '), ...rows.map(line)].join('\n');
}

/** A figure with groups of thousands and a fixed number of decimals; `-` where there is none. */
export function formatNumber(value: number | undefined, decimals: number): string {
  if (value === undefined || !Number.isFinite(value)) return '-';
  return value.toLocaleString('en-US', { minimumFractionDigits: decimals, maximumFractionDigits: decimals });
}

/** The quartiles of a sample, as `low..high`; `-` where there is none. */
export function formatSpread(summary: MiddleHalf | undefined, decimals: number): string {
  if (summary === undefined) return '-';
  return `${formatNumber(summary.lowerQuartile, decimals)}..${formatNumber(summary.upperQuartile, decimals)}`;
}

/** A ratio as people read it: two decimals below 10, one above. */
export function formatRatio(ratio: number | undefined): string {
  if (ratio === undefined || !Number.isFinite(ratio)) return '-';
  return `${formatNumber(ratio, Math.abs(ratio) < 10 ? 2 : 1)}x`;
}
