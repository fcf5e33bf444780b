/**
 * `npm run loadtest`: runs scenarios one after the other, prints what they found out and saves everything that was
 * measured, with a page to look at. It exits with 0 only if every count that is promised to be exact was exact; how fast
 * anything was never fails it.
 */
import { type LoadtestArguments, loadtestUsage, parseLoadtestArguments } from './arguments.js';
import { runCommand } from './command.js';
import type { Findings } from './findings.js';
import { describeMachine, summarizeMachine } from './machine.js';
import { describePinning, type Pinning, pinGenerator } from './pinning.js';
import { ProgressBar } from './progress-bar.js';
import { Recorder } from './recorder.js';
import { renderComparison } from './report/compare.js';
import { type RunDocument, readDocument } from './report/document.js';
import { fitModel } from './report/model.js';
import { renderFindings, renderModel } from './report/text.js';
import { defaultResultPath, prepareDirectory, prepareFile, writeCharts, writePage, writeResults } from './results.js';
import { scenarios } from './scenarios/index.js';
import type { Scenario } from './scenarios/scenario.js';
import { Schedule } from './schedule.js';
import { withTemporaryDirectory } from './temporary-directory.js';
import { describeVersions } from './versions.js';

async function measure(options: LoadtestArguments, signal: AbortSignal): Promise<RunDocument> {
  const started = new Date();
  const machine = describeMachine();
  const pinning = pinGenerator();
  process.stdout.write(`${summarizeMachine(machine)}\n${describePinning(pinning)}\n\n`);
  const findings: Findings[] = [];
  await withTemporaryDirectory(async (directory) => {
    const chosen = scenarios.filter(({ name }) => options.scenarios.includes(name));
    const schedule = new Schedule(
      chosen.map(({ name }) => name),
      options.quick,
    );
    for (const [index, scenario] of chosen.entries()) {
      const title = `${index + 1}/${chosen.length} ${scenario.name}`;
      const found = await runScenario(scenario, title, { options, directory, pinning, signal, schedule });
      process.stdout.write(`${renderFindings(found)}\n\n`);
      findings.push(found);
    }
  });
  const seconds = (Date.now() - started.getTime()) / 1000;
  const { quick } = options;
  return {
    kind: 'loadtest',
    version: 2,
    started: started.toISOString(),
    seconds,
    quick,
    machine,
    versions: describeVersions(),
    pinning,
    scenarios: findings,
    model: fitModel(findings, machine.cpus),
  };
}

interface Surroundings {
  options: LoadtestArguments;
  directory: string;
  pinning: Pinning;
  signal: AbortSignal;
  schedule: Schedule;
}

async function runScenario(
  scenario: Scenario,
  title: string,
  { options, schedule, ...rest }: Surroundings,
): Promise<Findings> {
  const recorder = new Recorder(scenario);
  const started = performance.now();
  const bar = new ProgressBar();
  const show = (done: number, activity: string): void => bar.show({ title, ...schedule.estimate(done), activity });
  schedule.next();
  show(0, 'preparing');
  const progress = (steps: number): ((activity: string) => void) => {
    let done = 0;
    return (activity) => {
      done += 1;
      show(Math.min(1, done / steps), activity);
    };
  };
  try {
    await scenario.run({ ...rest, quick: options.quick, rounds: options.rounds, recorder, progress });
  } finally {
    bar.clear();
  }
  return recorder.findings((performance.now() - started) / 1000);
}

interface Saved {
  path: string;
  document: RunDocument;
}

async function measureAndSave(options: LoadtestArguments, signal: AbortSignal): Promise<Saved> {
  const output = options.output ?? defaultResultPath('loadtest', new Date());
  await prepareFile(output);
  const document = await measure(options, signal);
  return { path: await writeResults(output, document), document };
}

async function readAndPrint(path: string): Promise<Saved> {
  const document = await readDocument(path);
  process.stdout.write(`${summarizeMachine(document.machine)}\n${describePinning(document.pinning)}\n\n`);
  for (const findings of document.scenarios) process.stdout.write(`${renderFindings(findings)}\n\n`);
  return { path, document };
}

async function run(options: LoadtestArguments, signal: AbortSignal): Promise<boolean> {
  // Read and seen to first: a file that cannot be read or written must not cost half an hour.
  const old = options.compare === undefined ? undefined : await readDocument(options.compare);
  if (options.charts !== undefined) await prepareDirectory(options.charts);
  const { path, document } = await (options.report === undefined
    ? measureAndSave(options, signal)
    : readAndPrint(options.report));
  process.stdout.write(`${renderModel(fitModel(document.scenarios, document.machine.cpus))}\n\n`);
  if (old !== undefined) process.stdout.write(`${renderComparison(old, document)}\n\n`);
  const page = await writePage(path, document, old);
  const charts = options.charts === undefined ? [] : await writeCharts(options.charts, document);
  const passed = document.scenarios.every((findings) => findings.passed);
  const counts = passed ? 'Every count that is promised to be exact is exact.' : 'NOT every promised count is exact.';
  process.stdout.write(`${counts}\n${[path, page, ...charts].join('\n')}\n`);
  return passed;
}

await runCommand('loadtest', async (signal) => {
  const names = scenarios.map(({ name }) => name);
  const options = parseLoadtestArguments(process.argv.slice(2), names);
  if (!options.help) return await run(options, signal);
  process.stdout.write(loadtestUsage(scenarios));
  return true;
});
