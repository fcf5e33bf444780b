/** What keeps the event loop of Node.js alive, by type. */
import type { Instrument } from './instrument.js';
import type { Store } from './store.js';

/** Of these Node.js tells no handle: timers are a list of its own. */
const TIMERS: readonly string[] = ['Timeout', 'Immediate'];
/** How types of what is under way and ends by itself are called: FSReqCallback, GetAddrInfoReqWrap, TCPConnectWrap. */
const REQUEST = /Req|(?:Connect|Send|Write|Shutdown)Wrap$/;

const isRequest = (type: string) => REQUEST.test(type);

const KINDS = [
  ['resources', 'resources that keep the event loop alive', () => true],
  ['handles', 'handles, such as sockets and servers', (type: string) => !isRequest(type) && !TIMERS.includes(type)],
  ['requests', 'requests to the system that are under way', isRequest],
] as const;

/** How many there are of each type, and altogether. A type that was there once stays, with 0. */
export function activeResources(store: Store, perProcess: string): Instrument {
  const kinds = KINDS.map(([kind, what, includes]) => ({
    includes,
    total: store.gauge({ name: `nodejs_active_${kind}_total`, help: `Number of active ${what}.`, perProcess }),
    byType: store.gauge({
      name: `nodejs_active_${kind}`,
      help: `Number of active ${what}, by type.`,
      labelNames: ['type'],
      perProcess,
    }),
  }));
  let counts = new Map<string, number>();
  return {
    look() {
      counts = new Map([...counts.keys()].map((type) => [type, 0]));
      for (const type of process.getActiveResourcesInfo()) counts.set(type, (counts.get(type) ?? 0) + 1);
      for (const { includes, total, byType } of kinds) {
        let sum = 0;
        for (const [type, count] of counts) {
          if (!includes(type)) continue;
          byType.labels(type).set(count);
          sum += count;
        }
        total.set(sum);
      }
    },
  };
}
