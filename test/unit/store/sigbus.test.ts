/** What listens to the process so that the stores' handler for SIGBUS stays in force. */
import assert from 'node:assert/strict';
import { test } from 'node:test';

const file = new URL('../../../../dist/store/sigbus.js', import.meta.url).href;

test('copies of the module, as runners of tests and watchers of files make them, listen once', async () => {
  const events = ['newListener', 'removeListener'];
  const before = events.map((name) => process.listenerCount(name));
  for (let copy = 0; copy < 3; copy += 1) {
    const { keepSigbus } = (await import(`${file}?copy=${copy}`)) as typeof import('#src/store/sigbus.js');
    keepSigbus();
  }
  assert.deepEqual(
    events.map((name) => process.listenerCount(name)),
    before.map((count) => count + 1),
  );
});
