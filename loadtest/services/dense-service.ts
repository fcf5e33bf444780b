/**
 * A small service whose handler increments as many counters as the request says, one after the other over as many
 * series as it says: `GET /work/INCREMENTS/SERIES`. `GET /total` tells the sum. Arguments: `--design NAME --store PATH
 * --series MOST`.
 */
import { parseArgs } from 'node:util';
import fastify from 'fastify';
import { DESIGNS, makeCounters, memoryOf } from './counters.js';
import { listen } from './listen.js';

const string = { type: 'string' } as const;
const { values } = parseArgs({ options: { design: string, store: string, series: string } });
const design = DESIGNS.find((one) => one === values.design);
if (design === undefined || values.store === undefined) throw new Error('--design NAME and --store PATH are needed.');

const size = Number(values.series);
const memory = new SharedArrayBuffer(memoryOf(1, size));
const counters = makeCounters(design, { size, storePath: values.store, memory, thread: 0 });
let next = 0;

const app = fastify();
app.get<{ Params: { increments: string; series: string } }>('/work/:increments/:series', async ({ params }) => {
  const increments = Number(params.increments);
  const series = Number(params.series);
  for (let index = 0; index < increments; index += 1) {
    next = next + 1 < series ? next + 1 : 0;
    counters.increment(next);
  }
  return { increments };
});
app.get('/total', async () => await counters.total());
await listen(app);
