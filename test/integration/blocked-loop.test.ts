/** A scrape of the sidecar does not need the event loops of the application that it tells about. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Child } from '../support/child.js';
import { parseSamples, sumSamples } from '../support/sample.js';
import { getOnce, Service, type TimedAnswer } from '../support/service.js';
import { temporaryDirectory } from '../support/temporary-directory.js';

const program = fileURLToPath(new URL('../support/programs/blocking-application.js', import.meta.url));
const blockedFor = 5000;
const scrapesFor = 3000;
const requests = 40;

test('the sidecar answers a scrape in under 50 ms while every event loop of the application is blocked', async (t) => {
  const path = join(temporaryDirectory(t), 'store');
  const application = await Child.start(t, [process.execPath, program, path, '2'], { channel: true });
  const { port } = await application.waitForMessage<{ port: number }>();
  const work = `http://127.0.0.1:${port}/work`;
  for (let i = 0; i < requests; i++) {
    assert.equal((await getOnce(work)).body, 'done');
  }
  const sidecar = await Service.start(t, '--store', path, '--read-only');

  application.send({ block: blockedFor });
  assert.deepEqual(await application.waitForMessage(), { blocked: true });
  const blockedAt = performance.now();
  const answers: string[] = [];
  const pending = ['/work', '/metrics'].map((route) =>
    getOnce(new URL(route, work).href).then((answer) => {
      answers.push(route);
      return answer;
    }),
  );
  const scrapes: TimedAnswer[] = [];
  while (performance.now() - blockedAt < scrapesFor) {
    scrapes.push(await getOnce(`${sidecar.url}/metrics`));
    await sleep(100);
  }

  assert.deepEqual(answers, [], 'the application answered although its event loops were blocked');
  // The median: one scrape may meet whatever else this machine does.
  const times = scrapes.map(({ milliseconds }) => milliseconds).sort((one, other) => one - other);
  const median = times[times.length >> 1] ?? Number.POSITIVE_INFINITY;
  t.diagnostic(`median ${median.toFixed(1)} ms, longest ${times.at(-1)?.toFixed(1)} ms of ${times.length} scrapes`);
  assert.ok(median < 50, `half of ${times.length} scrapes took ${median.toFixed(1)} ms or longer`);
  for (const { status, body } of scrapes) {
    assert.equal(status, 200);
    const answered = sumSamples(parseSamples(body), 'http_requests_total', { route: '/work', status_code: '200' });
    assert.equal(answered, requests);
  }
  for (const answer of await Promise.all(pending)) {
    assert.equal(answer.status, 200);
    assert.ok(answer.milliseconds > scrapesFor, 'the application was blocked all the time');
  }
});
