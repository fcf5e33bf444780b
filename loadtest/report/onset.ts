/**
 * From how many increments per request on the designs differ, which is what `dense` is run for: for each number of
 * series and each quantity, the first point from which on a design is told from the baseline at every later one.
 */
import type { Figure, Findings } from '../findings.js';
import { Lookup } from '../lookup.js';
import { canBeTold, FALSE_ALARMS } from '../noise.js';
import { onsetOf } from '../onset.js';
import { formatNumber, formatRatio } from '../table.js';
import type { TextTable } from './tables.js';

const SCENARIO = 'dense';

/** Names of figures, before the number of series. */
const QUANTITIES = [
  { quantity: 'throughput', title: 'requests/s' },
  { quantity: 'p50', title: 'p50' },
  { quantity: 'p99', title: 'p99' },
  { quantity: 'p999', title: 'p99.9' },
  { quantity: 'cpu', title: 'CPU per request' },
] as const;

/** A table for each number of series; none for other scenarios, and for runs of too few rounds. */
export function onsetTablesOf(findings: Findings): TextTable[] {
  if (findings.name !== SCENARIO) return [];
  const lookup = new Lookup(findings);
  const sizes = findings.figures.flatMap(({ name }) => /^cpu-(\d+)$/.exec(name)?.[1] ?? []);
  return sizes.flatMap((size) => {
    const rivals = lookup.contenders(`cpu-${size}`).filter((contender) => contender !== findings.baseline);
    const rows = rivals.map((rival) => [
      rival,
      ...QUANTITIES.map(({ quantity }) => {
        const figure = findings.figures.find(({ name }) => name === `${quantity}-${size}`);
        return figure === undefined ? '-' : describeOnset(lookup, figure, rival, findings.baseline);
      }),
    ]);
    const told = rows.some((row) => row.slice(1).some((cell) => cell !== '-'));
    return told ? [{ caption: captionOf(Number(size), findings), heading: headingOf(), rows }] : [];
  });
}

function captionOf(series: number, { baseline }: Findings): string {
  const over = series === 1 ? 'one series' : `${formatNumber(series, 0)} series`;
  return (
    `From how many increments per request on a design differs from ${baseline} beyond the noise, over ${over}; ` +
    `of what does not, ${FALSE_ALARMS * 100} % may be told apart by chance`
  );
}

const headingOf = (): string[] => ['', ...QUANTITIES.map(({ title }) => title)];

/**
 * Such as `worse from 100 (1.31x)`, with the multiple there; `-` where too few rounds were measured. Nothing is said of the
 * last points where those have too few: `not up to 100`.
 */
function describeOnset(lookup: Lookup, figure: Figure, rival: string, baseline: string): string {
  const onset = onsetOf(lookup, figure.name, rival, baseline);
  if (onset === undefined) return '-';
  if (onset === 'never') {
    const points = lookup.points(figure.name);
    const samples = (name: string, point: string): readonly number[] => lookup.samples(figure.name, name, point);
    const last = points.findLast((point) => canBeTold(samples(rival, point), samples(baseline, point)));
    return last === points.at(-1) ? onset : `not up to ${formatNumber(Number(last), 0)}`;
  }
  const worse = onset.multiple > 1 === (figure.better === 'lower');
  const point = formatNumber(Number(onset.point), 0);
  return `${worse ? 'worse' : 'better'} from ${point} (${formatRatio(onset.multiple)})`;
}
