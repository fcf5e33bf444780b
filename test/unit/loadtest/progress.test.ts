import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Progress } from '../../../loadtest/progress.js';

/** A stream that remembers, and a clock that is set by hand. */
function setUp(isTTY: boolean) {
  const written: string[] = [];
  const clock = { now: 0 };
  const stream = { isTTY, columns: 70, write: (text: string) => written.push(text) };
  return { written, clock, progress: new Progress('plugin', 100, stream, () => clock.now) };
}

describe('progress in a log', () => {
  it('is one line per tenth, with the time that is left', () => {
    const { written, clock, progress } = setUp(false);
    for (let step = 1; step <= 50; step += 1) {
      clock.now = step * 100;
      progress.advance(2, `round ${step}`);
    }
    progress.finish();
    assert.equal(written.length, 10);
    assert.equal(written[0], 'plugin  10 % 5 s left round 5\n');
    assert.equal(written[9], 'plugin 100 % 0 s left round 50\n');
  });

  it('does not count what lay before the first report as pace', () => {
    const { written, clock, progress } = setUp(false);
    clock.now = 60_000;
    progress.advance(10, 'a');
    clock.now = 61_000;
    progress.advance(10, 'b');
    assert.deepEqual(written, ['plugin  10 %  a\n', 'plugin  20 % 8 s left b\n']);
  });

  it('is told in minutes where it is long', () => {
    const { written, clock, progress } = setUp(false);
    progress.advance(10, 'a');
    clock.now = 20_000;
    progress.advance(10, 'b');
    assert.equal(written[1], 'plugin  20 % 3 min left b\n');
  });

  it('never passes 100 %', () => {
    const { written, progress } = setUp(false);
    progress.advance(500, 'more than was said');
    assert.match(written[0] ?? '', /100 %/);
  });
});

describe('progress on a terminal', () => {
  it('is one line that is drawn again, no more often than ten times per second', () => {
    const { written, clock, progress } = setUp(true);
    for (let step = 0; step < 50; step += 1) {
      clock.now = step * 10;
      progress.advance(1, 'rseq');
    }
    assert.equal(written.length, 5);
    assert.ok(written.every((text) => text.startsWith('\r\x1b[K') && !text.includes('\n')));
  });

  it('shows the end however soon it comes, and clears the line', () => {
    const { written, progress } = setUp(true);
    progress.advance(1, 'rseq');
    progress.advance(99, 'rseq');
    progress.finish();
    assert.match(written[1] ?? '', /100 %/);
    assert.equal(written[2], '\r\x1b[K');
  });

  it('is never wider than the terminal', () => {
    const { written, progress } = setUp(true);
    progress.advance(1, 'x'.repeat(200));
    assert.ok((written[0] ?? '').replace('\r\x1b[K', '').length < 70);
  });
});
