/**
 * The whole service, once per back end: a counter is incremented over HTTP, which each service does on top of the
 * counter and the histogram that it keeps of its own requests. The service around prom-client has the same routes,
 * the same validation and the same three increments per request.
 */
import { join } from 'node:path';
import type { Backend } from 'percpu-metrics';
import { packageRoot } from '../results.js';
import type { Contender, CounterCheck, Scenario } from './scenario.js';

const ROUTE = '/v1/counters/:name';

const checks: readonly CounterCheck[] = [
  { metric: 'loadtest_orders_total', labels: { shop: 'north' } },
  { metric: 'http_requests_total', labels: { route: ROUTE } },
  { metric: 'http_request_duration_seconds_count', labels: { route: ROUTE } },
];

function withBackend(backend: Backend): Contender {
  const script = join(packageRoot, 'dist', 'cli', 'main.js');
  return {
    name: backend,
    command: (path) => [
      ...[script, 'serve', '--host', '127.0.0.1', '--port', '0', '--log-level', 'silent'],
      ...['--backend', backend, '--store', path],
    ],
    hasStore: true,
    checks,
  };
}

const promClient: Contender = {
  name: 'prom-client',
  command: () => [join(packageRoot, 'out', 'loadtest', 'services', 'prom-client-service.js')],
  hasStore: false,
  checks,
};

export const service: Scenario = {
  name: 'service',
  title: 'POST /v1/counters/:name at the service, once per back end and around prom-client',
  request: {
    method: 'POST',
    path: '/v1/counters/loadtest_orders_total',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ labels: { shop: 'north', kind: 'book' }, value: 1 }),
  },
  connections: 32,
  contenders: [
    withBackend('rseq'),
    withBackend('percpu-atomic'),
    withBackend('atomic'),
    withBackend('atomic-padded'),
    promClient,
  ],
  baseline: 'rseq',
  quick: { rounds: 5, roundSeconds: 0.6 },
  full: { rounds: 15, roundSeconds: 2 },
};
