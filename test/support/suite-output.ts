/** What a program of tests in C has printed. */
import assert from 'node:assert/strict';

/** Whether a test that cannot be run is a failure, as scripts/test.mjs says. */
const isStrict = process.env['CI'] === 'true' || process.env['PERCPU_METRICS_NO_SKIP'] === '1';

/** Whether tests passed, and none failed; none was skipped either where that is wanted. */
export function assertSuitePassed(output: string): void {
  assert.match(output, /^[1-9]\d* passed, 0 failed$/m, output);
  assertNothingSkipped(output);
}

/** Whether none was skipped, where that is wanted. */
export function assertNothingSkipped(output: string): void {
  if (isStrict) assert.doesNotMatch(output, /^skip /m, output);
}
