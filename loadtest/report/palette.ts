/**
 * What each contender is drawn with, the same in all charts of all scenarios. The colours are those of Okabe and Ito,
 * which people who are colour-blind tell apart; marks differ as well. There are more contenders than such colours: only
 * those share one that never meet in a chart, and where a library stands behind a plugin both have that of the library.
 */

/** A colour and the shape of a mark. */
export interface Appearance {
  colour: string;
  shape: 'circle' | 'square' | 'triangle' | 'diamond';
}

const BLUE = '#0072b2';
const VERMILION = '#d55e00';
const GREEN = '#009e73';
const PURPLE = '#cc79a7';
const ORANGE = '#e69f00';
const SKY = '#56b4e9';
const BLACK = '#000000';

const APPEARANCES: Readonly<Record<string, Appearance>> = {
  rseq: { colour: BLUE, shape: 'circle' },
  'percpu-atomic': { colour: PURPLE, shape: 'triangle' },
  atomic: { colour: GREEN, shape: 'square' },
  'atomic-padded': { colour: SKY, shape: 'diamond' },
  'Atomics.add': { colour: ORANGE, shape: 'triangle' },
  'plain lane': { colour: BLACK, shape: 'square' },
  'percpu-metrics': { colour: BLUE, shape: 'circle' },
  'percpu-metrics, read-only': { colour: SKY, shape: 'triangle' },
  'prom-client': { colour: VERMILION, shape: 'diamond' },
  'fastify-metrics 13, prom-client 15': { colour: VERMILION, shape: 'diamond' },
  '@prometheus-io/client': { colour: ORANGE, shape: 'square' },
  '@prometheus-io/client, worker threads': { colour: PURPLE, shape: 'triangle' },
  'fastify-metrics 14, @prometheus-io/client': { colour: ORANGE, shape: 'square' },
  'OpenTelemetry SDK': { colour: GREEN, shape: 'triangle' },
  bare: { colour: BLACK, shape: 'square' },
  'memory, read by memchr': { colour: BLACK, shape: 'square' },
};

/** What nobody gave an appearance. */
const UNKNOWN: Appearance = { colour: '#7f7f7f', shape: 'circle' };

export function appearanceOf(contender: string): Appearance {
  return APPEARANCES[contender] ?? UNKNOWN;
}
