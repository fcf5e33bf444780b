/**
 * The tables of a scenario, for the terminal and for the page alike: one with a column per figure where there is but
 * one point, else one per figure with a row per point. Multiples are those of the baseline in the same round, paired.
 */
import { type Figure, type Findings, isBroken } from '../findings.js';
import { Lookup } from '../lookup.js';
import type { Summary } from '../statistics.js';
import { formatNumber, formatRatio, formatSpread } from '../table.js';

/** Texts in rows; the first column names them. */
export interface TextTable {
  /** What the table is about; '' where its heading says so. */
  caption: string;
  heading: string[];
  rows: string[][];
}

/** The same with rows for columns. */
export function turned({ caption, heading, rows }: TextTable): TextTable {
  const [corner = '', ...names] = heading;
  return {
    caption,
    heading: [corner, ...rows.map(([name = '']) => name)],
    rows: names.map((name, column) => [name, ...rows.map((row) => row[column + 1] ?? '')]),
  };
}

/** Medians, with the middle half of the samples where there are several. */
export function tablesOf(findings: Findings): TextTable[] {
  const lookup = new Lookup(findings);
  const measured = findings.figures.filter(({ name }) =>
    findings.series.some(({ figure, samples }) => figure === name && samples.length > 0),
  );
  if (measured.every(({ name }) => lookup.points(name).length === 1)) return [byFigure(findings, measured, lookup)];
  return measured.map((figure) => byPoint(findings, figure, lookup));
}

function cell(lookup: Lookup, figure: Figure, contender: string, point: string): string {
  const summary = lookup.summary(figure.name, contender, point);
  if (summary === undefined) return '-';
  const median = formatNumber(summary.median, figure.decimals);
  return summary.count > 1 ? `${median} (${formatSpread(summary, figure.decimals)})` : median;
}

function multiple(ratio: Summary | undefined): string {
  return ratio !== undefined && ratio.count > 1
    ? `${formatRatio(ratio.median)} (${formatSpread(ratio, 2)})`
    : formatRatio(ratio?.median);
}

/** A figure with its unit. */
export const titleOf = ({ title, unit }: Figure): string => (unit === '' ? title : `${title}, ${unit}`);

function byFigure(findings: Findings, figures: readonly Figure[], lookup: Lookup): TextTable {
  const [first] = figures;
  const contenders = first === undefined ? [] : lookup.contenders(first.name);
  return {
    caption: '',
    heading: ['', ...figures.map(titleOf), `${first?.title ?? ''}, times ${findings.baseline}`],
    rows: contenders.map((contender) => [
      contender,
      ...figures.map((figure) => cell(lookup, figure, contender, lookup.points(figure.name)[0] ?? '')),
      multiple(lookup.ratio(first?.name ?? '', contender, findings.baseline)),
    ]),
  };
}

function byPoint({ axis, baseline }: Findings, figure: Figure, lookup: Lookup): TextTable {
  const contenders = lookup.contenders(figure.name);
  const cellOf = (contender: string, point: string): string => {
    const own = cell(lookup, figure, contender, point);
    const ratio = contender === baseline ? undefined : lookup.ratio(figure.name, contender, baseline, point);
    return ratio === undefined ? own : `${own}, ${multiple(ratio)}`;
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
