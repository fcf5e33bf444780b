/** `npm run soak`, for as short as it has a round of each kind: it says how far it is and ends by itself. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const program = fileURLToPath(new URL('../support/programs/soak.js', import.meta.url));
const run = promisify(execFile);

test('the soak run has all kinds of rounds, loses nothing and tells what is left', async (t) => {
  const { stdout } = await run(process.execPath, [program, '--minutes', '0.1'], { timeout: 280_000 });
  const lines = stdout.trim().split('\n');
  t.diagnostic(lines.at(-1) ?? '');
  const rounds = lines.map((line) => /^(\d+) increments, (\d+) aborts, (\d+) killed, lost 0; (\d+) s left$/.exec(line));
  assert.ok(rounds.length >= 4 && rounds.every((round) => round !== null), stdout);
  const increments = rounds.map((round) => Number(round?.[1]));
  assert.ok(
    increments.every((count, index) => count > (increments[index - 1] ?? 0)),
    stdout,
  );
  assert.deepEqual(
    rounds.slice(0, 4).map((round, index) => Number(round?.[3]) > Number(rounds[index - 1]?.[3] ?? 0)),
    [true, true, false, false],
    `two rounds with processes that are killed, and two without\n${stdout}`,
  );
  assert.equal(rounds.at(-1)?.[4], '0', stdout);
});

test('a soak run of no time is refused with the value', async () => {
  for (const minutes of ['0', '-1', 'long', 'Infinity']) {
    const error = await run(process.execPath, [program, `--minutes=${minutes}`]).then(
      () => undefined,
      (reason: { code: number; stderr: string }) => reason,
    );
    assert.equal(error?.code, 1);
    assert.ok(error?.stderr.includes(`--minutes takes a number above 0 and up to 10000, not "${minutes}"`));
  }
});
