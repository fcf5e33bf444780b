/**
 * A process with a store that a test drives over the channel: one message, one answer. An error comes back as its code
 * and message. It ends when the channel closes, or is
 * told to, and then leaves no made-up store behind.
 */
import { openStore, PercpuMetricsError, type Store, type StoreOptions } from 'percpu-metrics';
import { STORE_VARIABLE } from '#src/store/location.js';

/** What the test can ask for. */
export type Command =
  | { readonly do: 'open'; readonly options?: StoreOptions }
  | { readonly do: 'count'; readonly times: number }
  | { readonly do: 'fill' }
  | { readonly do: 'total' }
  | { readonly do: 'become'; readonly user: number }
  | { readonly do: 'close' };

/** What comes back. */
export interface Answer {
  readonly path?: string;
  /** What the process tells its children. */
  readonly variable?: string;
  readonly ephemeral?: boolean;
  readonly total?: number;
  readonly code?: string;
  readonly message?: string;
}

let store: Store | undefined;

function theStore(): Store {
  if (store === undefined) throw new Error('open a store first');
  return store;
}

function obey(command: Command): Answer {
  switch (command.do) {
    case 'open':
      store = openStore(command.options);
      break;
    case 'count': {
      const handle = theStore().counter({ name: 'work_total', help: 'Work.' });
      for (let index = 0; index < command.times; index += 1) handle.inc();
      break;
    }
    case 'fill': {
      theStore().counter({ name: 'work_total', help: 'Work.' }).inc();
      const filler = theStore().counter({ name: 'filler_total', help: 'Filler.', labelNames: ['n'] });
      for (let index = 0; index < 100_000; index += 1) filler.labels(index).inc();
      break;
    }
    case 'total': {
      const series = theStore()
        .snapshot()
        .find((family) => family.name === 'work_total')?.series[0];
      return { total: series !== undefined && 'value' in series ? series.value : 0 };
    }
    case 'become':
      process.setgroups?.([]);
      process.setgid?.(command.user);
      process.setuid?.(command.user);
      return {};
    case 'close':
      theStore().close();
      return { variable: process.env[STORE_VARIABLE] ?? '' };
  }
  return { path: theStore().path, ephemeral: theStore().info.ephemeral, variable: process.env[STORE_VARIABLE] ?? '' };
}

process.on('message', (command: Command) => {
  try {
    process.send?.(obey(command));
  } catch (error) {
    if (!(error instanceof PercpuMetricsError)) throw error;
    process.send?.({ code: error.code, message: error.message } satisfies Answer);
  }
});

process.once('SIGTERM', () => {
  store?.close();
  process.exit();
});
