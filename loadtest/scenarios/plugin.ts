/**
 * What metrics cost a small handler: a bare Fastify app, the same app with this package's plugin, and the same app with
 * hooks that keep the same metrics in prom-client, the way plugins around it do.
 */
import { join } from 'node:path';
import { packageRoot } from '../results.js';
import type { Contender, CounterCheck, Scenario } from './scenario.js';

const ROUTE = '/hello/:name';

const checks: readonly CounterCheck[] = [
  { metric: 'http_requests_total', labels: { route: ROUTE } },
  { metric: 'http_request_duration_seconds_count', labels: { route: ROUTE } },
];

function small(metrics: 'none' | 'percpu-metrics' | 'prom-client', name: string): Contender {
  const script = join(packageRoot, 'out', 'loadtest', 'services', 'small-service.js');
  return {
    name,
    command: (path) => [script, '--metrics', metrics, ...(metrics === 'percpu-metrics' ? ['--store', path] : [])],
    hasStore: metrics === 'percpu-metrics',
    checks: metrics === 'none' ? [] : checks,
  };
}

export const plugin: Scenario = {
  name: 'plugin',
  title: 'GET of a small Fastify handler: bare, with the plugin, with prom-client',
  request: { method: 'GET', path: '/hello/world' },
  connections: 32,
  contenders: [small('none', 'bare'), small('percpu-metrics', 'plugin'), small('prom-client', 'prom-client')],
  baseline: 'bare',
  quick: { rounds: 11, roundSeconds: 0.5 },
  full: { rounds: 41, roundSeconds: 1 },
  goal: { contender: 'plugin', ratio: 0.95 },
};
