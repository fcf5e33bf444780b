/**
 * A small app with many series: `GET /metrics` is the scrape, `GET /render` tells how many milliseconds it takes to
 * make what a scrape sends, `GET /delay` by how many the event loop was late at most since it was last asked.
 * Arguments: `--library NAME --counters N --histograms N --store PATH`.
 */
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import fastify from 'fastify';
import { listen } from './listen.js';
import { libraryOf, makeSeries } from './series.js';

const string = { type: 'string' } as const;
const { values } = parseArgs({
  options: { library: string, counters: string, histograms: string, store: string },
});
const library = libraryOf(values.library);
if (library === undefined || values.store === undefined) throw new Error('--library NAME and --store PATH are needed.');

/** The monitor is woken this often, in milliseconds; being woken on time is no delay. */
const RESOLUTION = 1;

const series = await makeSeries(library, {
  counters: Number(values.counters),
  histograms: Number(values.histograms),
  storePath: values.store,
});
series.touch();
const delay = monitorEventLoopDelay({ resolution: RESOLUTION });
delay.enable();

const app = fastify();
app.get('/hello', async () => ({ hello: 'world' }));
app.get('/delay', async () => {
  // What kept the event loop is noted when the monitor is woken next, which may come after this request.
  await sleep(5 * RESOLUTION);
  const milliseconds = Math.max(0, delay.max / 1e6 - RESOLUTION);
  delay.reset();
  return milliseconds;
});
app.get('/render', async () => {
  const started = performance.now();
  await series.render();
  return performance.now() - started;
});
await series.serve(app);
await listen(app);
