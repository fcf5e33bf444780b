/** The cost model as tables: one for each kind of cost, with its parameters and what follows from them. */
import type { MiddleHalf } from '../statistics.js';
import { formatNumber, formatSpread } from '../table.js';
import type { CostLine } from './cost-line.js';
import type { CostModel } from './model.js';
import type { TextTable } from './tables.js';

const KINDS = [
  { kind: 'shared increment', title: 'An increment of a word that w writers share, each on a CPU of its own' },
  { kind: 'own increment', title: 'An increment of a word that no other writer adds to, for any number of writers' },
  {
    kind: 'increment by series',
    title: 'A further increment of a request over S series in one thread, for any number of CPUs and lanes',
  },
  { kind: 'scrape', title: 'A scrape, for S series and L lanes' },
  { kind: 'memory', title: 'Memory, for L lanes' },
] as const;

/** A table for each kind that was fitted. */
export function modelTablesOf({ lines }: CostModel): TextTable[] {
  return KINDS.flatMap(({ kind, title }) => {
    const own = lines.filter((line) => line.kind === kind);
    const [first] = own;
    return first === undefined ? [] : [tableOf(title, first, own)];
  });
}

/** What could not be fitted, a sentence for each reason. */
export function describeGaps({ gaps }: CostModel): string[] {
  const reasons = [...new Set(gaps.map(({ reason }) => reason))];
  return reasons.map((reason) => {
    const subjects = gaps.filter((gap) => gap.reason === reason).map(({ subject }) => subject);
    return `Not fitted, as ${reason}: ${subjects.join('; ')}.`;
  });
}

/** @param first - one of the lines, whose formula they all have */
function tableOf(title: string, first: CostLine, lines: readonly CostLine[]): TextTable {
  return {
    caption: `${title}: ${first.formula}`,
    heading: [
      '',
      ...first.parameters.map(({ name, unit }) => `${name}, ${unit}`),
      ...(first.fitted === null ? [] : [`${first.fitted.cpus} CPUs, fitted`]),
      ...first.predictions.map(({ cpus }) => `${cpus} CPUs, prediction`),
    ],
    rows: lines.map(({ subject, unit, decimals, parameters, fitted, predictions }) => [
      `${subject}, ${unit}`,
      ...parameters.map(({ value, decimals: own }) => (value === null ? 'none beyond noise' : cell(value, own))),
      ...(fitted === null ? predictions : [fitted, ...predictions]).map((estimate) => cell(estimate, decimals)),
    ]),
  };
}

function cell(value: MiddleHalf, decimals: number): string {
  return `${formatNumber(value.median, decimals)} (${formatSpread(value, decimals)})`;
}
