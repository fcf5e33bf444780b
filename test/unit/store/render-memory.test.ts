/** The memory that renders leave behind, and who gets it. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { RenderMemory } from '#src/store/render-memory.js';

/** A render of so many bytes, in the memory that there is or in new one. */
function render(memory: RenderMemory, bytes: number): ReturnType<RenderMemory['lend']> {
  const spare = memory.take();
  const buffer = spare !== undefined && spare.byteLength >= bytes ? spare : new ArrayBuffer(bytes);
  return memory.lend(new Uint8Array(buffer, 0, bytes));
}

describe('the memory of renders', () => {
  it('suffices for two at a time, however they are released', () => {
    const memory = new RenderMemory();
    const seen = new Set<ArrayBufferLike>();
    for (let round = 0; round < 3; round += 1) {
      const renders = [render(memory, 100), render(memory, 100)];
      if (round % 2 === 1) renders.reverse();
      for (const { bytes, release } of renders) {
        seen.add(bytes.buffer);
        release();
      }
    }
    assert.equal(seen.size, 2);
  });

  it('is kept of the two largest only', () => {
    const memory = new RenderMemory();
    const renders = [10, 40, 20, 30].map((bytes) => render(memory, bytes));
    for (const { release } of renders) release();
    assert.deepEqual(
      [memory.take(), memory.take(), memory.take()].map((spare) => spare?.byteLength),
      [40, 30, undefined],
    );
  });

  it('is given to nobody twice, though it were released twice', () => {
    const memory = new RenderMemory();
    const { release } = render(memory, 10);
    release();
    release();
    assert.equal(memory.take()?.byteLength, 10);
    assert.equal(memory.take(), undefined);
  });
});
