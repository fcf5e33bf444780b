/** Rows of text in aligned columns, for terminals. */

/** How a column is aligned. */
export type Alignment = 'left' | 'right';

/** A column: what stands above it, and where its cells stand. */
export interface Column {
  readonly title: string;
  readonly align: Alignment;
}

/**
 * Renders rows below the titles of their columns, two spaces apart, without spaces at the ends of lines.
 *
 * @param rows - One text per column.
 */
export function renderTable(columns: readonly Column[], rows: readonly (readonly string[])[]): string {
  const lines = [columns.map(({ title }) => title), ...rows];
  const widths = columns.map((_, index) => lines.reduce((width, line) => Math.max(width, line[index]?.length ?? 0), 0));
  return lines
    .map((line) => {
      const cells = columns.map(({ align }, index) => {
        const cell = line[index] ?? '';
        return align === 'left' ? cell.padEnd(widths[index] ?? 0) : cell.padStart(widths[index] ?? 0);
      });
      return `${cells.join('  ').trimEnd()}\n`;
    })
    .join('');
}
