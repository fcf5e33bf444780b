/** A real VictoriaMetrics, and what it comes to know. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Child } from './child.js';
import { freePort } from './free-port.js';
import { queryAt } from './prometheus-server.js';
import { temporaryDirectory } from './temporary-directory.js';

const patience = 60_000;

/** Starts VictoriaMetrics and gives its URL. */
export async function startVictoria(t: TestContext, ...args: string[]): Promise<string> {
  const address = `127.0.0.1:${await freePort()}`;
  const child = await Child.start(t, [
    'victoria-metrics',
    `-httpListenAddr=${address}`,
    `-storageDataPath=${join(temporaryDirectory(t), 'data')}`,
    '-search.latencyOffset=0s',
    '-memory.allowedBytes=64MB',
    ...args,
  ]);
  await child.waitForOutput(/started server at|started VictoriaMetrics/);
  return `http://${address}`;
}

/** Asks until the answer is the one that is expected, and fails with the last one. */
export async function assertBecomes(url: string, expression: string, expected: number): Promise<void> {
  const end = performance.now() + patience;
  for (;;) {
    const value = (await queryAt(url, expression))[0]?.value;
    if (value === expected) return;
    assert.ok(performance.now() < end, `${expression} is ${value} and not ${expected} at ${url}`);
    await sleep(200);
  }
}
