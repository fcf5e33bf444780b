/**
 * `npm run bench`: what one increment costs, native and from JavaScript, alone and with every CPU busy, in one run.
 * Prints the tables and whether the promised ratios were reached, and saves every repetition. A missed ratio does not
 * fail the command; a row that did not count what it was called does.
 */
import { type BenchArguments, benchUsage, parseBenchArguments } from './arguments.js';
import { countJavaScriptRepetitions, measureJavaScript } from './bench/javascript.js';
import { countNativeRepetitions, measureNative } from './bench/native.js';
import { renderBench, reportBench } from './bench/report.js';
import { runCommand } from './command.js';
import { describeMachine, summarizeMachine } from './machine.js';
import { Progress } from './progress.js';
import { defaultResultPath, prepareFile, writeResults } from './results.js';
import { withTemporaryDirectory } from './temporary-directory.js';
import { describeVersions, summarizeVersions } from './versions.js';

async function run({ rounds, output }: BenchArguments, signal: AbortSignal): Promise<boolean> {
  const started = new Date();
  const results = output ?? defaultResultPath('bench', started);
  await prepareFile(results);
  const machine = describeMachine();
  const versions = describeVersions();
  process.stdout.write(`${summarizeMachine(machine)}\n${summarizeVersions(versions)}\n\n`);
  const threads = [...new Set([1, machine.cpus])];
  const size = countNativeRepetitions(rounds, threads) + countJavaScriptRepetitions(rounds, threads);
  const progress = new Progress('bench', size);
  const native = await measureNative({ rounds, signal, progress });
  const { measurements, counts } = await withTemporaryDirectory((directory) =>
    measureJavaScript({ directory, rounds, threads, signal, progress }),
  );
  progress.finish();
  const report = reportBench([...native, ...measurements], counts, machine.cpus);
  const path = await writeResults(results, {
    kind: 'bench',
    started: started.toISOString(),
    seconds: (Date.now() - started.getTime()) / 1000,
    machine,
    versions,
    ...report,
  });
  process.stdout.write(
    `${renderBench(report)}\n\n${report.exact ? '' : 'NOT every count is exact. '}Results: ${path}\n`,
  );
  return report.exact;
}

await runCommand('bench', async (signal) => {
  const options = parseBenchArguments(process.argv.slice(2));
  if (!options.help) return await run(options, signal);
  process.stdout.write(benchUsage);
  return true;
});
