/**
 * Cells of removed series are used again without mixing anything up, while other threads and processes still add to
 * them, with critical sections and without; the control is the same program with a core that does not wait for these.
 */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { type TestContext, test } from 'node:test';
import { promisify } from 'node:util';
import { buildVariant, withoutRseq } from '../support/native-variant.js';
import { temporaryDirectory } from '../support/temporary-directory.js';

interface ChurnReport {
  /** That were created and removed. */
  readonly series: number;
  /** That held something else than was added to them. */
  readonly wrong: number;
  /** Amounts that were added to series after their removal. */
  readonly lateAdds: number;
  readonly failures: number;
  readonly catalogBytes: number;
  readonly status: string;
}

/** How many series come and go; `PERCPU_METRICS_CHURN` may be more. */
const LEAST = 2_000_000;
const SERIES = Number(process.env['PERCPU_METRICS_CHURN'] ?? LEAST);
if (!(SERIES >= LEAST)) {
  throw new Error(
    `PERCPU_METRICS_CHURN is a number of series from ${LEAST} on, not ${process.env['PERCPU_METRICS_CHURN']}`,
  );
}

async function churn(t: TestContext, name: string, flags: string[], series: number): Promise<ChurnReport> {
  const executable = await buildVariant({ name, sources: ['core', 'proof/churn.c'], flags: ['-O3', ...flags] });
  const { stdout } = await promisify(execFile)(executable, [temporaryDirectory(t), `${series}`], {
    timeout: 280_000 * Math.max(1, series / LEAST),
  });
  t.diagnostic(stdout);
  return JSON.parse(stdout) as ChurnReport;
}

/** Nothing may be wrong, and something must have been added to removed series. */
function assertRight(report: ChurnReport, series: number): void {
  const { wrong, failures, status } = report;
  assert.deepEqual({ wrong, failures, status }, { wrong: 0, failures: 0, status: 'ERR_PCM_OK' });
  assert.ok(report.series >= series && report.lateAdds > 0, JSON.stringify(report));
}

test('millions of series come and go in 10,000 cells, and none holds what another one was given', async (t) => {
  const report = await churn(t, 'churn', [], SERIES);
  assertRight(report, SERIES);
  // Records are used again as well: one for each would take 100 bytes at least.
  assert.ok(report.catalogBytes < report.series, JSON.stringify(report));
});

test('without critical sections none of 200,000 series holds what another one was given either', async (t) => {
  assertRight(await churn(t, 'churn-no-rseq', [withoutRseq], 200_000), 200_000);
});

test('without a grace period (the control) series hold what others were given', async (t) => {
  const report = await churn(t, 'churn-without-grace-period', ['-DPCM_WITHOUT_GRACE_PERIOD'], 100_000);
  assert.ok(report.wrong > 0 && report.failures === 0, JSON.stringify(report));
});
