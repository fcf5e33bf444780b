/**
 * A small app with many series: `GET /metrics` is the scrape, `GET /render` tells how many milliseconds it takes to
 * make what a scrape sends and `GET /allocation` how many bytes that allocates, `GET /delay` by how many milliseconds
 * the event loop was late since it was last asked. Arguments: `--library NAME --counters N --histograms N --store PATH`,
 * and `--lanes N` for a store that is to have so many.
 */
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import fastify from 'fastify';
import { allocatedBy } from './allocation.js';
import { listen } from './listen.js';
import { libraryOf, makeSeries } from './series.js';

const string = { type: 'string' } as const;
const { values } = parseArgs({
  options: { library: string, counters: string, histograms: string, store: string, lanes: string },
});
const library = libraryOf(values.library);
if (library === undefined || values.store === undefined) throw new Error('--library NAME and --store PATH are needed.');

/** The monitor is woken this often, in milliseconds; being woken on time is no delay. */
const RESOLUTION = 1;

/** Times that the text is made while somebody counts what that allocates. */
const TIMES = 5;

/** What `GET /delay` answers, in milliseconds: the longest delay, and that which 1 % are longer than. */
export interface Delays {
  longest: number;
  p99: number;
}

const series = await makeSeries(library, {
  counters: Number(values.counters),
  histograms: Number(values.histograms),
  storePath: values.store,
  lanes: values.lanes === undefined ? undefined : Number(values.lanes),
});
series.touch();
const delay = monitorEventLoopDelay({ resolution: RESOLUTION });
delay.enable();

const app = fastify();
app.get('/hello', async () => ({ hello: 'world' }));
app.get('/delay', async () => {
  // What kept the event loop is noted when the monitor is woken next, which may come after this request.
  await sleep(5 * RESOLUTION);
  const late = (nanoseconds: number): number => Math.max(0, nanoseconds / 1e6 - RESOLUTION);
  const delays: Delays = { longest: late(delay.max), p99: late(delay.percentile(99)) };
  delay.reset();
  return delays;
});
app.get('/allocation', async () => await allocatedBy(() => series.render(), TIMES));
app.get('/render', async () => {
  const started = performance.now();
  await series.render();
  return performance.now() - started;
});
await series.serve(app);
await listen(app);
