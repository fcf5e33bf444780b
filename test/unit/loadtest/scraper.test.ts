/** What a scraper makes of services that do not answer as they should: an error each time, and never a wait without end. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import { Scraper } from '../../../loadtest/scraper.js';

/** A service whose answers are told, each for one request; none is given where it says `silent`. */
async function serve(t: TestContext, answers: readonly (number | 'silent')[]): Promise<[Server, string]> {
  let asked = 0;
  const server = createServer((_request, response) => {
    const status = answers[asked] ?? 200;
    asked += 1;
    if (status !== 'silent') response.writeHead(status, { 'content-length': 3 }).end(`${status}`);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.close();
    server.closeAllConnections();
  });
  return [server, `http://127.0.0.1:${(server.address() as AddressInfo).port}`];
}

function scraperOf(t: TestContext, origin: string, limit?: number): Scraper {
  const scraper = new Scraper(origin, limit);
  t.after(() => scraper.close());
  return scraper;
}

test('a scrape that is refused does not spoil the next', async (t) => {
  const [, origin] = await serve(t, [500]);
  const scraper = scraperOf(t, origin);
  await assert.rejects(scraper.scrape(), /answered 500/);
  assert.equal((await scraper.scrape({ keep: true })).text, '200');
});

test('a scrape that is not answered is given up, and the next has a connection of its own', async (t) => {
  const [, origin] = await serve(t, ['silent']);
  const scraper = scraperOf(t, origin, 100);
  await assert.rejects(scraper.scrape(), /did not answer within 0\.1 s/);
  assert.equal((await scraper.scrape({ keep: true })).text, '200');
});

test('a service that has died fails each scrape', async (t) => {
  const [server, origin] = await serve(t, []);
  const scraper = scraperOf(t, origin);
  await scraper.scrape();
  server.close();
  server.closeAllConnections();
  await assert.rejects(scraper.scrape(), /closed the connection|ECONNRE/);
  await assert.rejects(scraper.scrape(), /ECONNREFUSED/);
});
