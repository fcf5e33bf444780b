/**
 * The command lines of `npm run loadtest` and `npm run bench`. Everything is checked here, so that a run of minutes does
 * not fail at its end over a typing error at its beginning.
 */
import { parseArgs } from 'node:util';

/** A command line that cannot be followed; the message says what was wrong and what is possible. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** What `npm run loadtest` was asked for. */
export interface LoadtestArguments {
  help: boolean;
  quick: boolean;
  /** Names of scenarios, in the order of the known ones. */
  scenarios: string[];
  /** Rounds instead of each scenario's own number. */
  rounds: number | undefined;
  /** File for the results instead of a dated one. */
  output: string | undefined;
  /** Results of an older run to compare with. */
  compare: string | undefined;
  /** Results to report instead of measuring. */
  report: string | undefined;
  /** Directory for the main charts. */
  charts: string | undefined;
}

/** What `npm run bench` was asked for. */
export interface BenchArguments {
  help: boolean;
  rounds: number;
  output: string | undefined;
}

const DEFAULT_BENCH_ROUNDS = 25;
const MAX_ROUNDS = 10_000;

/**
 * @param scenarios - names of the scenarios that exist
 * @throws UsageError
 */
export function parseLoadtestArguments(argv: readonly string[], scenarios: readonly string[]): LoadtestArguments {
  const { values } = parse(() =>
    parseArgs({
      args: [...argv],
      options: {
        help: { type: 'boolean', short: 'h', default: false },
        quick: { type: 'boolean', default: false },
        scenario: { type: 'string', multiple: true, default: [] },
        rounds: { type: 'string' },
        output: { type: 'string' },
        compare: { type: 'string' },
        report: { type: 'string' },
        charts: { type: 'string' },
      },
    }),
  );
  const unknown = values.scenario.find((name) => !scenarios.includes(name));
  if (unknown !== undefined) {
    throw new UsageError(`There is no scenario "${unknown}". Choose among: ${scenarios.join(', ')}.`);
  }
  const measuring =
    values.quick || values.scenario.length > 0 || values.rounds !== undefined || values.output !== undefined;
  if (values.report !== undefined && measuring) {
    throw new UsageError('--report measures nothing: leave --quick, --scenario, --rounds and --output out.');
  }
  return {
    help: values.help,
    quick: values.quick,
    scenarios: scenarios.filter((name) => values.scenario.length === 0 || values.scenario.includes(name)),
    rounds: values.rounds === undefined ? undefined : parseRounds(values.rounds),
    output: parsePath('output', values.output),
    compare: parsePath('compare', values.compare),
    report: parsePath('report', values.report),
    charts: parsePath('charts', values.charts),
  };
}

/** @throws UsageError */
export function parseBenchArguments(argv: readonly string[]): BenchArguments {
  const { values } = parse(() =>
    parseArgs({
      args: [...argv],
      options: {
        help: { type: 'boolean', short: 'h', default: false },
        rounds: { type: 'string', default: String(DEFAULT_BENCH_ROUNDS) },
        output: { type: 'string' },
      },
    }),
  );
  return { help: values.help, rounds: parseRounds(values.rounds), output: parsePath('output', values.output) };
}

function parse<T>(run: () => T): T {
  try {
    return run();
  } catch (error) {
    if (error instanceof TypeError && 'code' in error) throw new UsageError(error.message, { cause: error });
    throw error;
  }
}

function parseRounds(text: string): number {
  const rounds = Number(text);
  if (!/^\d+$/.test(text) || rounds < 1 || rounds > MAX_ROUNDS) {
    throw new UsageError(`--rounds takes a whole number from 1 to ${MAX_ROUNDS}, not "${text}".`);
  }
  return rounds;
}

function parsePath(option: string, path: string | undefined): string | undefined {
  if (path === '') throw new UsageError(`--${option} takes a path, not an empty one.`);
  return path;
}

/** What `npm run loadtest -- --help` prints. */
export function loadtestUsage(scenarios: readonly { name: string; title: string }[]): string {
  const width = Math.max(...scenarios.map(({ name }) => name.length));
  return `Usage: npm run loadtest -- [options]

Runs the scenarios, everything that is compared in alternation, holds every count against what it had to be, and prints
and saves what came out, with a page to look at beside it. The exit code is 0 only if every count that is promised to be
exact was exact.

Options:
  --quick            few and short rounds, small sizes: under two minutes
  --scenario NAME    only this scenario; may be repeated
  --rounds N         rounds of each scenario
  --output FILE      where the results go (default: a dated file in loadtest/results/)
  --compare FILE     show what changed beyond the noise since the run in this file
  --report FILE      measure nothing: report the run in this file again
  --charts DIR       write the main chart of each scenario to this directory, as SVG
  -h, --help         this text

Scenarios:
${scenarios.map(({ name, title }) => `  ${name.padEnd(width)}  ${title}`).join('\n')}
`;
}

/** What `npm run bench -- --help` prints. */
export const benchUsage = `Usage: npm run bench -- [options]

Measures single increments, native and from JavaScript, alone and with every CPU busy, and prints and saves what came
out.

Options:
  --rounds N         repetitions of each measurement (default: ${DEFAULT_BENCH_ROUNDS})
  --output FILE      where the results go (default: a dated file in loadtest/results/)
  -h, --help         this text
`;
