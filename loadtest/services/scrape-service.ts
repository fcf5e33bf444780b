/**
 * A small app with many series: `GET /metrics` is the scrape, `GET /work` counts in one of them, `GET /render` tells how
 * many milliseconds it takes to make what a scrape sends and `GET /allocation` how many bytes that allocates, `GET /delay`
 * by how many milliseconds the event loop was late since `GET /delay/begin`. Arguments: `--library NAME --counters N
 * --histograms N --store PATH`, and `--lanes N` for a store that is to have so many.
 */
import { parseArgs } from 'node:util';
import fastify from 'fastify';
import { allocatedBy } from './allocation.js';
import { serveDelays } from './event-loop-delay.js';
import { listen } from './listen.js';
import { libraryOf, makeSeries } from './series.js';

const string = { type: 'string' } as const;
const { values } = parseArgs({
  options: { library: string, counters: string, histograms: string, store: string, lanes: string },
});
const library = libraryOf(values.library);
if (library === undefined || values.store === undefined) throw new Error('--library NAME and --store PATH are needed.');

/** Times that the text is made while somebody counts what that allocates. */
const TIMES = 5;

const series = await makeSeries(library, {
  counters: Number(values.counters),
  histograms: Number(values.histograms),
  storePath: values.store,
  lanes: values.lanes === undefined ? undefined : Number(values.lanes),
});
series.touch();

const app = fastify();
// What a contender's scrape costs is asked, not what its plugin costs, which only one of them has.
app.get('/work', { config: { disableMetrics: true } }, async () => {
  series.touchOne();
  return { done: true };
});
await serveDelays(app);
app.get('/allocation', async () => await allocatedBy(() => series.render(), TIMES));
app.get('/render', async () => {
  const started = performance.now();
  await series.render();
  return performance.now() - started;
});
await series.serve(app);
await listen(app);
