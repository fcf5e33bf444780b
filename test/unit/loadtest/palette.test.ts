import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Lookup } from '../../../loadtest/lookup.js';
import { renderChart } from '../../../loadtest/report/chart.js';
import { appearanceOf } from '../../../loadtest/report/palette.js';
import { BACK_ENDS, DESIGNS } from '../../../loadtest/services/counters.js';
import { inventedRun } from '../../support/loadtest-run.js';

type Triple = readonly [number, number, number];

/** How people see, by Machado, Oliveira and Fernandes (2009), full severity: what is applied to linear red, green and blue. */
const SIGHTS: Readonly<Record<string, readonly Triple[]>> = {
  all: [
    [1, 0, 0],
    [0, 1, 0],
    [0, 0, 1],
  ],
  'protanopia, no red': [
    [0.152286, 1.052583, -0.204868],
    [0.114503, 0.786281, 0.099216],
    [-0.003882, -0.048116, 1.051998],
  ],
  'deuteranopia, no green': [
    [0.367322, 0.860646, -0.227968],
    [0.280085, 0.672501, 0.047413],
    [-0.01182, 0.04294, 0.968881],
  ],
  'tritanopia, no blue': [
    [1.255528, -0.076749, -0.178779],
    [-0.078411, 0.930809, 0.147602],
    [0.004733, 0.691367, 0.3039],
  ],
};
/** D65, as sRGB has it. */
const XYZ: readonly Triple[] = [
  [0.4124564, 0.3575761, 0.1804375],
  [0.2126729, 0.7151522, 0.072175],
  [0.0193339, 0.119192, 0.9503041],
];
const WHITE: Triple = [0.95047, 1, 1.08883];
/** Distance of two colours in CIELAB from which on nobody takes one for the other; 2.3 is just noticed side by side. */
const APART = 14;

const times = (matrix: readonly Triple[], [x, y, z]: Triple): Triple =>
  matrix.map(([a, b, c]) => a * x + b * y + c * z) as unknown as Triple;

/** In CIELAB, as somebody sees it. */
function seen(colour: string, sight: readonly Triple[]): Triple {
  const linear = [1, 3, 5].map((at) => {
    const part = Number.parseInt(colour.slice(at, at + 2), 16) / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  }) as unknown as Triple;
  const light = times(sight, linear).map((part) => Math.min(1, Math.max(0, part))) as unknown as Triple;
  const [x, y, z] = times(XYZ, light).map((part, axis) => {
    const ratio = part / (WHITE[axis] as number);
    return ratio > 216 / 24389 ? Math.cbrt(ratio) : (ratio * (24389 / 27) + 16) / 116;
  }) as unknown as Triple;
  return [116 * y - 16, 500 * (x - y), 200 * (y - z)];
}

/** Contenders that meet in a chart. */
function meetings(): string[][] {
  const invented = inventedRun(1).scenarios.flatMap((findings) => {
    const lookup = new Lookup(findings);
    return findings.figures.map(({ name }) => lookup.contenders(name));
  });
  const libraries = ['percpu-metrics', 'prom-client', '@prometheus-io/client'];
  return [...invented, [...DESIGNS], [...BACK_ENDS], [...libraries, '@prometheus-io/client, worker threads']];
}

describe('the colours of charts', () => {
  it('are told apart by people who see all colours and who are colour-blind', () => {
    for (const [name, sight] of Object.entries(SIGHTS)) {
      for (const contenders of meetings()) {
        for (const [index, one] of contenders.entries()) {
          for (const other of contenders.slice(index + 1)) {
            const [first, second] = [one, other].map((who) => seen(appearanceOf(who).colour, sight)) as [
              Triple,
              Triple,
            ];
            const distance = Math.hypot(...first.map((part, axis) => part - (second[axis] as number)));
            assert.ok(distance >= APART, `${one} and ${other}, ${name}: ${distance.toFixed(1)}`);
          }
        }
      }
    }
  });

  it('are known for all who take part', () => {
    const unknown = appearanceOf('somebody');
    for (const contender of meetings().flat()) assert.notDeepEqual(appearanceOf(contender), unknown, contender);
  });

  it('are the same for a contender whoever else is in the chart', () => {
    const run = inventedRun(1);
    const dense = run.scenarios.find(({ name }) => name === 'dense');
    const [figure] = dense?.figures ?? [];
    assert.ok(dense !== undefined && figure !== undefined);
    const colours = (chart = ''): string[] =>
      [...chart.matchAll(/<polyline .*stroke="(#\w+)"/g)].map(([, one = '']) => one);
    const all = colours(renderChart(dense, figure));
    assert.deepEqual(
      all,
      DESIGNS.map((design) => appearanceOf(design).colour),
    );
    const series = dense.series.filter(({ contender }) => contender !== DESIGNS[0] && contender !== DESIGNS[3]);
    const fewer = colours(renderChart({ ...dense, series }, figure));
    assert.deepEqual(
      fewer,
      all.filter((_, index) => index !== 0 && index !== 3),
    );
  });
});
