/** The few shapes that charts consist of, as SVG text. */
import type { Appearance } from './palette.js';

/** Height of a line of text. */
export const LINE = 18;
/** Upper bound of the width of a character. */
const CHARACTER = 7.4;

/** A width that the text surely fits into. */
export function widthOf(text: string): number {
  return [...text].length * CHARACTER;
}

/** Makes a text safe within SVG and HTML. */
export function escapeText(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}

/** @param anchor - which point of the text lies at x */
export function text(
  x: number,
  y: number,
  content: string,
  anchor: 'start' | 'middle' | 'end' = 'start',
  extra = '',
): string {
  return `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}" text-anchor="${anchor}"${extra}>${escapeText(content)}</text>`;
}

export function line(x1: number, y1: number, x2: number, y2: number, stroke = '#d0d0d0', width = 1): string {
  const ends = [x1, y1, x2, y2].map((value) => value.toFixed(1));
  return `<line x1="${ends[0]}" y1="${ends[1]}" x2="${ends[2]}" y2="${ends[3]}" stroke="${stroke}" stroke-width="${width}"/>`;
}

export function rectangle(x: number, y: number, width: number, height: number, fill: string): string {
  const sizes = [x, y, Math.max(0, width), height].map((value) => value.toFixed(1));
  return `<rect x="${sizes[0]}" y="${sizes[1]}" width="${sizes[2]}" height="${sizes[3]}" fill="${fill}"/>`;
}

/** A mark whose shape tells as well whose it is, so that colour is not all. */
export function marker({ colour: fill, shape }: Appearance, x: number, y: number): string {
  const at = (dx: number, dy: number): string => `${(x + dx).toFixed(1)},${(y + dy).toFixed(1)}`;
  const polygon = (...points: string[]): string => `<polygon points="${points.join(' ')}" fill="${fill}"/>`;
  switch (shape) {
    case 'circle':
      return `<circle cx="${x.toFixed(1)}" cy="${y.toFixed(1)}" r="4" fill="${fill}"/>`;
    case 'square':
      return rectangle(x - 4, y - 4, 8, 8, fill);
    case 'triangle':
      return polygon(at(0, -5), at(5, 4), at(-5, 4));
    case 'diamond':
      return polygon(at(0, -5), at(5, 0), at(0, 5), at(-5, 0));
  }
}

/** A whole drawing, readable by itself. */
export function drawing(width: number, height: number, title: string, parts: readonly string[]): string {
  const font = 'font-family="DejaVu Sans, Verdana, Helvetica, Arial, sans-serif" font-size="12" fill="#222222"';
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" ${font}>`,
    `<title>${escapeText(title)}</title>`,
    rectangle(0, 0, width, height, '#ffffff'),
    ...parts,
    '</svg>',
  ].join('\n');
}
