/** The rules are right by Prometheus' own tools, and in a real Prometheus every alert fires at its fault. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { collectProcessMetrics } from 'percpu-metrics';
import { Child } from '../support/child.js';
import { unlessInstalled } from '../support/debian-package.js';
import { PrometheusServer } from '../support/prometheus-server.js';
import { underCondition } from '../support/rseq-condition.js';
import { Service } from '../support/service.js';
import { temporaryDirectory } from '../support/temporary-directory.js';
import { temporaryStore } from '../support/temporary-store.js';

const skip = unlessInstalled('prometheus', 'prometheus', 'promtool');
const root = fileURLToPath(new URL('../../../', import.meta.url));
const rules = join(root, 'deploy', 'prometheus', 'rules');
const application = fileURLToPath(new URL('../support/programs/faulty-application.js', import.meta.url));
const cli = fileURLToPath(new URL('../../../dist/cli/main.js', import.meta.url));
const patience = 60_000;

function promtool(...args: string[]): void {
  const { status, stdout, stderr } = spawnSync('promtool', args, { cwd: root, encoding: 'utf8' });
  assert.equal(status, 0, `promtool ${args.join(' ')}: ${stdout}${stderr}`);
}

function alertNames(): string[] {
  const text = readFileSync(join(rules, 'alerts.yml'), 'utf8');
  return [...text.matchAll(/^ *- alert: (\w+)$/gm)].map(([, name = '']) => name);
}

test('promtool accepts the configurations and the rules, and their unit tests pass', { skip }, () => {
  for (const name of ['prometheus.yml', 'remote-write.yml']) {
    promtool('check', 'config', join('deploy', 'prometheus', name));
  }
  promtool('check', 'rules', ...readdirSync(rules).map((name) => join(rules, name)));
  promtool('test', 'rules', join('test', 'deploy', 'rules.test.yml'));
});

test('what every alert means and what to do about it is explained, and no other', () => {
  const operations = readFileSync(join(root, 'docs', 'operations.md'), 'utf8');
  const rows = [...operations.matchAll(/^\| `(PercpuMetrics\w+)` \| [^|]{20,} \| [^|]{20,} \|$/gm)];
  assert.deepEqual(rows.map(([, name]) => name).sort(), alertNames().sort());
});

test('the rules for processes are of metrics that a process has', (t) => {
  const store = temporaryStore(t);
  const stop = collectProcessMetrics(store);
  t.after(stop);
  const text = readFileSync(join(rules, 'recording.yml'), 'utf8');
  const named = [...text.matchAll(/^ *expr: .*$/gm)].flatMap(([line]) => line.match(/\b(process|nodejs)_\w+/g) ?? []);
  assert.ok(named.length >= 12, named.join());
  for (const name of named) assert.ok(store.find(name.replace(/_sum$/, '')), `${name} is no metric of a process`);
});

interface Scene {
  readonly prometheus: PrometheusServer;
  readonly application: Child;
  readonly url: string;
  readonly path: string;
}

async function setUp(t: TestContext): Promise<Scene> {
  const path = join(temporaryDirectory(t), 'store');
  const child = await Child.start(t, [process.execPath, application, path]);
  const [url] = await child.waitForOutput(/http:\/\/[\d.:]+/);
  const sidecar = await Service.start(t, '--store', path, '--read-only');
  const targets = { service: new URL(url).host, sidecar: sidecar.address };
  const prometheus = await PrometheusServer.start(t, targets);
  await prometheus.waitForScrapesAfter(0);
  return { prometheus, application: child, url, path };
}

/** Makes a fault again and again, for a rate needs two samples, until its alert fires. */
async function provoke(scene: Scene, alert: string, fault: () => Promise<unknown>): Promise<void> {
  const end = performance.now() + patience;
  for (;;) {
    await fault();
    if ((await scene.prometheus.firing()).has(alert)) return;
    assert.ok(performance.now() < end, `${alert} does not fire; firing: ${[...(await scene.prometheus.firing())]}`);
    await sleep(100);
  }
}

async function signalWhileCounting({ application: child, url }: Scene): Promise<void> {
  const counted = fetch(`${url}/count`);
  let done = false;
  void counted.finally(() => {
    done = true;
  });
  while (!done) {
    for (let signal = 0; signal < 500; signal++) child.kill('SIGUSR2');
    await sleep(1);
  }
  await counted;
}

interface Dashboard {
  readonly templating: { readonly list: readonly { readonly name: string; readonly query: unknown }[] };
  readonly annotations: { readonly list: readonly { readonly expr: string }[] };
  readonly panels: readonly { readonly title: string; readonly targets?: readonly { readonly expr: string }[] }[];
}

/**
 * Every query of the dashboard returns something, with the variables that Grafana would put in. What a rate is of is over
 * after seconds here, so the fault is made again where there is nothing.
 */
async function assertDashboardHasData(prometheus: PrometheusServer, fault: () => Promise<unknown>): Promise<void> {
  const end = performance.now() + patience;
  const file = join(root, 'deploy', 'grafana', 'dashboards', 'percpu-metrics.json');
  const { templating, annotations, panels } = JSON.parse(readFileSync(file, 'utf8')) as Dashboard;
  const queries = [...annotations.list, ...panels.flatMap(({ targets = [] }) => targets)].map(({ expr }) => expr);
  const job = templating.list.find(({ name }) => name === 'job')?.query as { query: string };
  const [, metric, label] = /^label_values\((\w+), (\w+)\)$/.exec(job.query) ?? [];
  const choices = (await prometheus.series(`group by (${label}) (${metric})`)).map(({ metric: one }) => one['job']);
  assert.ok(choices.includes('percpu-metrics'), `${job.query} gives ${choices}`);
  assert.ok(queries.length >= 20, `${queries.length} queries`);
  for (const query of queries) {
    const expression = query.replaceAll('$job', 'percpu-metrics').replaceAll('$__rate_interval', '5s');
    assert.ok(!expression.includes('$'), `${query} has another variable`);
    while ((await prometheus.series(expression)).length === 0) {
      assert.ok(performance.now() < end, `${expression} returns nothing`);
      await fault();
      await sleep(100);
    }
  }
}

/** A service on the same store whose kernel seems to have no rseq. */
async function startWithoutRseq(t: TestContext, path: string): Promise<Child> {
  const { command } = underCondition('eperm', [process.execPath, cli, 'serve', '--port', '0', '--store', path]);
  const child = await Child.start(t, command, { env: { GLIBC_TUNABLES: 'glibc.pthread.rseq=0' } });
  await child.waitForOutput(/http:\/\/[\d.:]+/);
  return child;
}

test('every alert fires when its fault is there, and not before', { skip, timeout: 280_000 }, async (t) => {
  const scene = await setUp(t);
  const get = (path: string) => fetch(`${scene.url}${path}`).then((answer) => answer.text());
  await Promise.all(Array.from({ length: 20 }, () => get('/ok')));
  await sleep(1500);
  assert.deepEqual([...(await scene.prometheus.firing())], []);

  const seen = new Set<string>();
  const fire = async (alert: string, fault: () => Promise<unknown>) => {
    await provoke(scene, alert, fault);
    seen.add(alert);
  };
  await fire('PercpuMetricsErrorRateHigh', () => get('/fail'));
  await fire('PercpuMetricsLatencyHigh', () => get('/slow'));
  await fire('PercpuMetricsAbortsRising', () => signalWhileCounting(scene));
  await assertDashboardHasData(scene.prometheus, () => get('/fail'));
  const refused = await startWithoutRseq(t, scene.path);
  await fire('PercpuMetricsFallback', () => get('/ok'));
  await refused.stop();
  await fire('PercpuMetricsSeriesDropped', () => get('/fill'));
  await fire('PercpuMetricsStoreNearCapacity', () => get('/ok'));
  await fire('PercpuMetricsStoreBroken', async () => truncateSync(scene.path, 0));
  scene.application.kill('SIGKILL');
  await fire('PercpuMetricsTargetDown', () => sleep(100));
  assert.deepEqual([...seen].sort(), alertNames().sort());
});
