/** What a worker counted before it was killed stays counted, and the service goes on. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { RequestStream } from '../support/request-stream.js';
import { type Sample, sumSamples } from '../support/sample.js';
import { Service } from '../support/service.js';
import { temporaryDirectory } from '../support/temporary-directory.js';

const workers = 2;
const kills = 3;
const patience = 60_000;
const scrapePatience = 1000;
/** Acknowledged requests between two kills. */
const progress = 2000;

async function until(what: string, condition: () => boolean): Promise<void> {
  const end = performance.now() + patience;
  while (!condition()) {
    assert.ok(performance.now() < end, `${what} did not happen within ${patience} ms`);
    await sleep(20);
  }
}

/** Scrapes one after another and remembers every counter that went down. */
class Watch {
  readonly decreases: string[] = [];
  scrapes = 0;
  /** Scrapes that found nobody: a connection to a worker that is killed is lost. */
  lost = 0;
  readonly #last = new Map<string, number>();
  readonly #service: Service;
  readonly #end = new AbortController();
  readonly #loop: Promise<void>;

  constructor(service: Service) {
    this.#service = service;
    this.#loop = this.#run();
  }

  async stop(): Promise<void> {
    this.#end.abort();
    await this.#loop;
  }

  async #run(): Promise<void> {
    while (!this.#end.signal.aborted) {
      try {
        this.#compare(await this.#service.scrape(scrapePatience));
        this.scrapes += 1;
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === undefined) {
          throw error;
        }
        this.lost += 1;
      }
      await sleep(5);
    }
  }

  #compare(samples: readonly Sample[]): void {
    for (const { name, labels, value } of samples.filter((sample) => /_(total|count|bucket|sum)$/.test(sample.name))) {
      const key = `${name}${JSON.stringify(labels)}`;
      const before = this.#last.get(key) ?? 0;
      if (value < before) {
        this.decreases.push(`${key} went from ${before} to ${value}`);
      }
      this.#last.set(key, value);
    }
  }
}

async function killWorkers(service: Service, stream: RequestStream): Promise<void> {
  for (let kill = 0; kill < kills; kill++) {
    const before = stream.counts.acknowledged;
    await until('load', () => stream.counts.acknowledged > before + progress);
    const [victim] = service.workers();
    assert.ok(victim);
    process.kill(victim, 'SIGKILL');
    await until('replacement', () => !service.workers().includes(victim) && service.workers().length === workers);
  }
  const before = stream.counts.acknowledged;
  await until('load after the last kill', () => stream.counts.acknowledged > before + progress);
}

async function startParts(t: TestContext) {
  const path = join(temporaryDirectory(t), 'store');
  const service = await Service.start(t, '--workers', String(workers), '--store', path);
  const sidecar = await Service.start(t, '--store', path, '--read-only');
  return { service, sidecar };
}

test('workers killed under load take no acknowledged request with them and no counter goes down', async (t) => {
  const { service, sidecar } = await startParts(t);
  const watches = [new Watch(service), new Watch(sidecar)];
  const stream = new RequestStream({
    url: `${service.url}/v1/counters/jobs_total`,
    body: JSON.stringify({ labels: { queue: 'mail' }, value: 1 }),
    connections: 8,
  });
  // Also where something fails: they would go on for ever.
  t.after(() => Promise.allSettled([stream.stop(), ...watches.map((watch) => watch.stop())]));
  await killWorkers(service, stream);
  const { acknowledged, unacknowledged, refused } = await stream.stop();
  await Promise.all(watches.map((watch) => watch.stop()));

  assert.equal(refused, 0);
  for (const watch of watches) {
    assert.deepEqual(watch.decreases, []);
    assert.ok(watch.scrapes >= 10, `only ${watch.scrapes} scrapes, ${watch.lost} lost`);
  }
  assert.equal(watches[1]?.lost, 0, 'the sidecar does not notice that workers are killed');
  const ended = service.child.output.match(/worker \d+ ended .*/g) ?? [];
  assert.equal(ended.length, kills, `only those that were killed ended, and each replacement started: ${ended}`);
  for (const target of [service, sidecar]) {
    const counted = sumSamples(await target.scrape(), 'jobs_total', { queue: 'mail' });
    assert.ok(
      counted >= acknowledged,
      `${acknowledged - counted} of ${acknowledged} acknowledged requests are missing`,
    );
    assert.ok(counted <= acknowledged + unacknowledged, `${counted} were counted of ${acknowledged}+${unacknowledged}`);
  }
});
