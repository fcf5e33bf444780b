/**
 * The tables of a scenario, for the terminal and for the page alike: one with a column per figure where there is but
 * one point, else one per figure with a row per point. Multiples are those of the baseline in the same round, paired.
 */
import { type Figure, type Findings, isBroken } from '../findings.js';
import { Lookup } from '../lookup.js';
import { formatNumber, formatRatio, formatSpread } from '../table.js';

/** Texts in rows; the first column names them. */
export interface TextTable {
  /** What the table is about; '' where its heading says so. */
  caption: string;
  heading: string[];
  rows: string[][];
}

/** @param spread - with quartiles behind each median */
export function tablesOf(findings: Findings, spread: boolean): TextTable[] {
  const lookup = new Lookup(findings);
  const measured = findings.figures.filter(({ name }) => lookup.points(name).length > 0);
  if (measured.every(({ name }) => lookup.points(name).length === 1))
    return [byFigure(findings, measured, lookup, spread)];
  return measured.map((figure) => byPoint(findings, figure, lookup, spread));
}

function cell(lookup: Lookup, figure: Figure, contender: string, point: string, spread: boolean): string {
  const summary = lookup.summary(figure.name, contender, point);
  if (summary === undefined) return '-';
  const median = formatNumber(summary.median, figure.decimals);
  return spread && summary.count > 1 ? `${median} (${formatSpread(summary, figure.decimals)})` : median;
}

/** A figure with its unit. */
export const titleOf = ({ title, unit }: Figure): string => (unit === '' ? title : `${title}, ${unit}`);

function byFigure(findings: Findings, figures: readonly Figure[], lookup: Lookup, spread: boolean): TextTable {
  const [first] = figures;
  const contenders = first === undefined ? [] : lookup.contenders(first.name);
  return {
    caption: '',
    heading: ['', ...figures.map(titleOf), `${first?.title ?? ''}, times ${findings.baseline}`],
    rows: contenders.map((contender) => [
      contender,
      ...figures.map((figure) => cell(lookup, figure, contender, lookup.points(figure.name)[0] ?? '', spread)),
      formatRatio(lookup.ratio(first?.name ?? '', contender, findings.baseline)?.median),
    ]),
  };
}

function byPoint({ axis, baseline }: Findings, figure: Figure, lookup: Lookup, spread: boolean): TextTable {
  const contenders = lookup.contenders(figure.name);
  const cellOf = (contender: string, point: string): string => {
    const own = cell(lookup, figure, contender, point, spread);
    const ratio = contender === baseline ? undefined : lookup.ratio(figure.name, contender, baseline, point);
    if (ratio === undefined) return own;
    const quartiles = spread && ratio.count > 1 ? ` (${formatSpread(ratio, 2)})` : '';
    return `${own}, ${formatRatio(ratio.median)}${quartiles}`;
  };
  return {
    caption: titleOf(figure),
    heading: [axis ?? '', ...contenders],
    rows: lookup
      .points(figure.name)
      .map((point) => [point, ...contenders.map((contender) => cellOf(contender, point))]),
  };
}

/** By contender: whether its counts were exact, and where they were not. */
export function exactnessOf({ counts, modes }: Findings): TextTable {
  const contenders = [...new Set(counts.map(({ contender }) => contender))];
  const rows = contenders.map((contender) => {
    const own = counts.filter((count) => count.contender === contender);
    const off = own.filter(({ expected, counted }) => expected !== counted);
    const [worst] = off;
    const text =
      worst && `${worst.what}${worst.point && `, ${worst.point}`}: ${worst.counted} instead of ${worst.expected}`;
    const verdict = off.length === 0 ? 'yes' : off.some(isBroken) ? 'NO' : 'no, nor promised';
    return [contender, verdict, formatNumber(own.length, 0), text ?? '', modes[contender] ?? ''];
  });
  return { caption: '', heading: ['', 'exact', 'counts', 'first that is off', 'mode'], rows };
}
