/**
 * The JavaScript suite in another process: with another Node.js, or with an addon that is built in another way. The
 * addon that the project has built for itself is not looked at.
 */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../../', import.meta.url));

/** What a run has said in its last line, and how many tests it skipped, with all that it printed. */
export interface SuiteResult {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  readonly output: string;
}

export interface SuiteOptions {
  /** The program of a Node.js. */
  readonly node: string;
  /** A directory that holds prebuilds/, readable for everybody: some tests change their user. */
  readonly addon: string;
  /** Parts of paths of tests. */
  readonly tests: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/** Runs test files. Rejects where the run has no result; failed tests are part of one. */
export function runSuite({ node, addon, tests, env }: SuiteOptions): Promise<SuiteResult> {
  const environment: NodeJS.ProcessEnv = {
    ...process.env,
    ...env,
    PERCPU_METRICS_PREBUILD: addon,
    PREBUILDS_ONLY: '1',
    // Hundreds of processes load the same modules: what has compiled them once is kept for all, from Node.js 22 on.
    NODE_COMPILE_CACHE: join(root, 'build', 'compile-cache'),
  };
  // Set by the runner for this file: a run in it would report to that runner.
  delete environment['NODE_TEST_CONTEXT'];
  const args = ['--enable-source-maps', 'scripts/test.mjs', ...tests];
  // Much longer than the runner gives a file, so that one that hangs is named by the runner. Slow machines take a quarter of
  // an hour for a suite while others run beside it.
  const options = { cwd: root, env: environment, timeout: 40 * 60_000, maxBuffer: 64 * 1024 * 1024 };
  return new Promise((resolve, reject) => {
    execFile(node, args, options, (error, stdout, stderr) => {
      const counts = /^(\d+) passed, (\d+) failed$/m.exec(stdout);
      if (counts === null) {
        const message = `${node} with ${addon} has no result: ${error?.signal ?? error?.code}. Its last lines were:`;
        reject(new Error([message, ...stdout.split('\n').slice(-40), stderr].join('\n')));
        return;
      }
      const [, passed, failed] = counts.map(Number) as [number, number, number];
      const skipped = stdout.match(/^skipped /gm)?.length ?? 0;
      resolve({ passed, failed, skipped, output: stdout });
    });
  });
}
