/**
 * A figure as a chart. Nothing that is written may overlap, whatever the values: names of bars and ticks have columns
 * and rows of their own, whose size follows from the longest text, and the unit stands in the title and not beside an axis.
 */
import type { Figure, Findings } from '../findings.js';
import { Lookup } from '../lookup.js';
import type { Summary } from '../statistics.js';
import { formatNumber } from '../table.js';
import { appearanceOf } from './palette.js';
import { formatTick, linearScale, logScale, type Scale } from './scale.js';
import { drawing, LINE, line, marker, rectangle, text, widthOf } from './svg.js';

const WIDTH = 760;
const MARGIN = 14;
const BAR = 16;
const BAR_PITCH = 20;
const GROUP_GAP = 12;
const LINES_HEIGHT = 280;

/** What is drawn: summaries by contender and point. */
interface Chart {
  figure: Figure;
  axis: string;
  contenders: string[];
  points: string[];
  summary(contender: string, point: string): Summary | undefined;
  scale: Scale;
}

/** Draws a figure, or nothing where it has no chart or was not measured. */
export function renderChart(findings: Findings, figure: Figure): string | undefined {
  const lookup = new Lookup(findings);
  const points = lookup.points(figure.name);
  if (figure.chart === null || points.length === 0) return undefined;
  const contenders = lookup.contenders(figure.name);
  const summary = (contender: string, point: string): Summary | undefined =>
    lookup.summary(figure.name, contender, point);
  const all = contenders.flatMap((contender) => points.map((point) => summary(contender, point)));
  const values = all.flatMap((one) => (one === undefined ? [] : [one.lowerQuartile, one.median, one.upperQuartile]));
  const scale = figure.scale === 'log' ? logScale(values) : linearScale(values);
  const chart = { figure, axis: findings.axis ?? '', contenders, points, summary, scale };
  return figure.chart === 'lines' && points.length > 1 ? drawLines(chart) : drawBars(chart);
}

function titleOf({ figure, axis }: Chart, withAxis: boolean): string {
  const unit = figure.unit === '' ? '' : `, ${figure.unit}`;
  const by = withAxis && axis !== '' ? `, by ${axis}` : '';
  const better = figure.better === 'higher' ? 'more is better' : 'less is better';
  return `${figure.title}${unit}${by} (${better}${figure.scale === 'log' ? ', log scale' : ''})`;
}

/** The names of the contenders with their marks, in as many rows as they need. Gives the parts and the next free y. */
function drawLegend({ contenders }: Chart, top: number): [parts: string[], bottom: number] {
  const parts: string[] = [];
  let x = MARGIN;
  let y = top;
  for (const contender of contenders) {
    const width = widthOf(contender) + 30;
    if (x + width > WIDTH - MARGIN && x > MARGIN) {
      x = MARGIN;
      y += LINE;
    }
    parts.push(marker(appearanceOf(contender), x + 6, y - 4), text(x + 16, y, contender));
    x += width;
  }
  return [parts, y + LINE];
}

/** Horizontal bars, one group per point. */
function drawBars(chart: Chart): string {
  const { figure, contenders, points, summary, scale } = chart;
  const single = points.length === 1;
  const names = single ? contenders : points;
  const left = MARGIN + Math.max(...names.map(widthOf)) + 10;
  const labels = contenders.flatMap((contender) =>
    points.map((point) => formatNumber(summary(contender, point)?.median, figure.decimals)),
  );
  const right = WIDTH - MARGIN - Math.max(...labels.map(widthOf)) - 12;
  const title = titleOf(chart, !single);
  const parts = [text(MARGIN, 22, title, 'start', ' font-weight="bold"')];
  const [legend, top] = single ? [[], 40] : drawLegend(chart, 46);
  const groups = single ? contenders.map((contender) => [contender]) : points.map(() => contenders);
  const heights = groups.map(({ length }) => length * BAR_PITCH + (single ? 0 : GROUP_GAP));
  const bottom = top + heights.reduce((sum, height) => sum + height, 0) + 4;
  const x = (value: number): number => left + scale.at(value) * (right - left);
  for (const tick of scale.ticks)
    parts.push(line(x(tick), top, x(tick), bottom), text(x(tick), bottom + 16, formatTick(tick), 'middle'));
  let y = top;
  for (const [index, group] of groups.entries()) {
    const point = points[single ? 0 : index] ?? '';
    parts.push(text(left - 8, y + (group.length * BAR_PITCH) / 2 + 4, names[index] ?? '', 'end'));
    for (const [row, contender] of group.entries()) {
      const one = summary(contender, point);
      const { colour } = appearanceOf(contender);
      if (one !== undefined)
        parts.push(...drawBar(one, x, left, y + row * BAR_PITCH, colour, formatNumber(one.median, figure.decimals)));
    }
    y += heights[index] ?? 0;
  }
  return drawing(WIDTH, bottom + 30, title, [...legend, ...parts, line(left, top, left, bottom, '#222222')]);
}

function drawBar(
  one: Summary,
  x: (value: number) => number,
  left: number,
  y: number,
  colour: string,
  label: string,
): string[] {
  const middle = y + BAR / 2 + 2;
  const [low, high] = [x(one.lowerQuartile), x(one.upperQuartile)];
  return [
    rectangle(left, y + 2, x(one.median) - left, BAR, colour),
    ...(one.count > 1
      ? [
          // With an edge, which is seen on a bar that is as dark.
          ...whisker(low, high, middle, '#ffffff', 2),
          ...whisker(low, high, middle, '#222222', 0),
        ]
      : []),
    text(Math.max(high, x(one.median)) + 6, middle + 4, label),
  ];
}

/** @param edge - how much wider than usual */
function whisker(low: number, high: number, middle: number, colour: string, edge: number): string[] {
  return [
    line(low, middle, high, middle, colour, 1.5 + edge),
    line(low, middle - 4, low, middle + 4, colour, 1 + edge),
    line(high, middle - 4, high, middle + 4, colour, 1 + edge),
  ];
}

/** Lines over an axis of numbers that grow by factors. */
function drawLines(chart: Chart): string {
  const { contenders, points, summary, scale, axis } = chart;
  const title = titleOf(chart, false);
  const [legend, top] = drawLegend(chart, 46);
  const left = MARGIN + Math.max(...scale.ticks.map((tick) => widthOf(formatTick(tick)))) + 10;
  const right = WIDTH - MARGIN - 30;
  const bottom = top + LINES_HEIGHT;
  const across = logScale(points.map(Number));
  const x = (point: string): number => left + 20 + across.at(Number(point)) * (right - left - 20);
  const y = (value: number): number => bottom - 10 - scale.at(value) * (bottom - top - 20);
  const parts = [text(MARGIN, 22, title, 'start', ' font-weight="bold"'), ...legend];
  for (const tick of scale.ticks)
    parts.push(line(left, y(tick), right, y(tick)), text(left - 8, y(tick) + 4, formatTick(tick), 'end'));
  let free = 0;
  for (const point of points) {
    const label = formatTick(Number(point));
    parts.push(line(x(point), bottom, x(point), bottom + 4, '#222222'));
    if (x(point) - widthOf(label) / 2 < free) continue;
    parts.push(text(x(point), bottom + 18, label, 'middle'));
    free = x(point) + widthOf(label) / 2 + 4;
  }
  parts.push(line(left, bottom, right, bottom, '#222222'), text((left + right) / 2, bottom + 38, axis, 'middle'));
  for (const contender of contenders) {
    const appearance = appearanceOf(contender);
    const measured = points.flatMap((point) => {
      const one = summary(contender, point);
      return one === undefined ? [] : [{ at: x(point), one }];
    });
    const path = measured.map(({ at, one }) => `${at.toFixed(1)},${y(one.median).toFixed(1)}`).join(' ');
    parts.push(`<polyline points="${path}" fill="none" stroke="${appearance.colour}" stroke-width="2"/>`);
    for (const { at, one } of measured) {
      if (one.count > 1) parts.push(line(at, y(one.lowerQuartile), at, y(one.upperQuartile), appearance.colour, 1.5));
      parts.push(marker(appearance, at, y(one.median)));
    }
  }
  return drawing(WIDTH, bottom + 52, title, parts);
}
