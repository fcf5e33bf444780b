/**
 * `npm run loadtest`: runs scenarios one after the other, prints their tables and saves everything that was measured.
 * It exits with 0 only if every counter equals the number of answered requests; how fast anything was never fails it.
 */
import { alternate, type RunContext } from './alternation.js';
import { type LoadtestArguments, loadtestUsage, parseLoadtestArguments } from './arguments.js';
import { runCommand } from './command.js';
import { describeMachine, summarizeMachine } from './machine.js';
import { describePinning, pinGenerator } from './pinning.js';
import { renderScenario, reportScenario, type ScenarioReport } from './report.js';
import { defaultResultPath, writeResults } from './results.js';
import { scenarios } from './scenarios/index.js';
import { withTemporaryDirectory } from './temporary-directory.js';

async function run(options: LoadtestArguments, signal: AbortSignal): Promise<boolean> {
  const started = new Date();
  const machine = describeMachine();
  const pinning = pinGenerator();
  process.stdout.write(`${summarizeMachine(machine)}\n${describePinning(pinning)}\n\n`);
  const reports = await withTemporaryDirectory((directory) => runScenarios(options, { pinning, directory, signal }));
  const path = await writeResults(options.output ?? defaultResultPath('loadtest', started), {
    kind: 'loadtest',
    started: started.toISOString(),
    seconds: (Date.now() - started.getTime()) / 1000,
    quick: options.quick,
    machine,
    pinning,
    scenarios: reports,
  });
  const passed = reports.every((report) => report.passed);
  process.stdout.write(`${passed ? 'Every counter is exact.' : 'NOT every counter is exact.'} Results: ${path}\n`);
  return passed;
}

async function runScenarios(options: LoadtestArguments, context: RunContext): Promise<ScenarioReport[]> {
  const reports: ScenarioReport[] = [];
  for (const scenario of scenarios.filter(({ name }) => options.scenarios.includes(name))) {
    const effort = options.quick ? scenario.quick : scenario.full;
    const results = await alternate(scenario, { ...effort, rounds: options.rounds ?? effort.rounds }, context);
    const report = reportScenario(scenario, results);
    process.stdout.write(`${renderScenario(report)}\n\n`);
    reports.push(report);
  }
  return reports;
}

await runCommand('loadtest', async (signal) => {
  const names = scenarios.map(({ name }) => name);
  const options = parseLoadtestArguments(process.argv.slice(2), names);
  if (!options.help) return await run(options, signal);
  process.stdout.write(loadtestUsage(scenarios));
  return true;
});
