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

function median(answers: readonly TimedAnswer[]): number {
  const times = answers.map(({ milliseconds }) => milliseconds).sort((one, other) => one - other);
  return times[times.length >> 1] ?? Number.POSITIVE_INFINITY;
}

function most(answers: readonly TimedAnswer[]): string {
  return `${Math.max(...answers.map(({ milliseconds }) => milliseconds)).toFixed(1)} ms`;
}

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
  // What needs no store, and takes as long as this machine needs for anything now.
  const controls: TimedAnswer[] = [];
  while (performance.now() - blockedAt < scrapesFor) {
    controls.push(await getOnce(`${sidecar.url}/healthz`));
    scrapes.push(await getOnce(`${sidecar.url}/metrics`));
    await sleep(100);
  }

  assert.deepEqual(answers, [], 'the application answered although its event loops were blocked');
  // Medians: one scrape may meet whatever else this machine does.
  const took = median(scrapes);
  const other = median(controls);
  t.diagnostic(
    `median ${took.toFixed(1)} ms of ${scrapes.length} scrapes, at most ${most(scrapes)}; of a request without a store ` +
      `${other.toFixed(1)} ms, at most ${most(controls)}`,
  );
  assert.ok(took < 50, `a scrape took ${took.toFixed(1)} ms, a request without a store ${other.toFixed(1)} ms`);
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
