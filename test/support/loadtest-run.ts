/**
 * Runs of the load test that never took place: all scenarios with samples that are made up, slow or fast, so that what
 * is drawn from them does not depend on the machine.
 */
import type { Figure } from '../../loadtest/findings.js';
import { Recorder } from '../../loadtest/recorder.js';
import type { RunDocument } from '../../loadtest/report/document.js';
import { scenarios } from '../../loadtest/scenarios/index.js';
import type { Scenario } from '../../loadtest/scenarios/scenario.js';

const designs = ['rseq', 'percpu-atomic', 'atomic', 'atomic-padded', 'prom-client', 'Atomics.add', 'plain lane'];
const libraries = ['percpu-metrics', 'prom-client'];
const registries = [...libraries, '@prometheus-io/client', '@prometheus-io/client, worker threads'];
const apps = [
  'bare',
  'percpu-metrics',
  'fastify-metrics 13, prom-client 15',
  'fastify-metrics 14, @prometheus-io/client',
];
const contenders: Readonly<Record<string, readonly string[]>> = {
  request: [...apps, 'OpenTelemetry SDK'],
  dense: designs,
  contention: designs,
  scrape: registries,
  series: [...libraries, 'percpu-metrics, read-only'],
  lanes: ['percpu-metrics', 'memory, read by memchr'],
};
const doubling = (most: number): string[] =>
  Array.from({ length: Math.log2(most) + 1 }, (_, power) => String(2 ** power));
const sizes = [
  '1,000 counters',
  '10,000 counters',
  '100,000 counters',
  '100,000 counters, 64 lanes',
  '10,000 counters, loaded',
  '100,000 counters, loaded',
  '10,000 histograms',
];
const makings = ['1 process', '4 processes, a part each', '4 processes, all each'].map((by) => `100,000 by ${by}`);

function pointsOf({ name }: Scenario, figure: Figure): string[] {
  if (name === 'recovery') return [''];
  if (name === 'request') return ['of its own', 'with both apps'];
  if (name === 'dense') return ['1', '10', '100', '1000'];
  if (name === 'contention') return ['1', '2', '3', '4', '8', '16'];
  if (name === 'series') return figure.name === 'make' ? makings : ['1,000', '10,000', '100,000'];
  if (name === 'memory' && figure.name !== 'lanes') return ['1,000', '10,000', '100,000'];
  if (name === 'scrape')
    return figure.name.startsWith('cluster') ? ['2 x 10,000 histograms', '8 x 10,000 histograms'] : sizes;
  return doubling(512);
}

/** Samples within 4 % around a value that differs by contender and point. */
function record(recorder: Recorder, scenario: Scenario, factor: number): void {
  for (const figure of scenario.figures) {
    const names = (contenders[scenario.name] ?? libraries).filter(
      (name) => figure.name !== 'native' || name !== 'Atomics.add',
    );
    for (const [row, contender] of names.entries()) {
      for (const [column, point] of pointsOf(scenario, figure).entries()) {
        const value = factor * 1.37 ** row * 2.1 ** column;
        for (const part of [0.98, 0.99, 1, 1.01, 1.02]) recorder.add(figure.name, contender, point, value * part);
      }
    }
  }
}

/**
 * A run.
 *
 * @param factor - what all values are multiplied by
 * @param counted - what each contender counted of 1,000
 */
export function inventedRun(factor: number, counted = 1000): RunDocument {
  const findings = scenarios.map((scenario) => {
    const recorder = new Recorder(scenario);
    record(recorder, scenario, factor);
    for (const contender of contenders[scenario.name] ?? libraries) {
      recorder.count({
        contender,
        point: '',
        what: 'increments',
        expected: 1000,
        counted,
        promised: contender !== 'prom-client',
      });
      recorder.mode(contender, 'rseq (libc)');
    }
    recorder.note('10,000 counters, all of them invented <b>&amp;</b>.');
    return recorder.findings(1);
  });
  const machine: RunDocument['machine'] = {
    ...{ architecture: 'x64', cpuModel: 'Invented', cpus: 2, possibleCpus: '0-1', memoryBytes: 2 ** 30 },
    ...{ kernel: 'Linux 6.0', virtual: true, governor: null, node: 'v20.0.0', v8: '1', libc: 'glibc 2.36' },
    loadAverage: [0, 0, 0],
  };
  const pinning: RunDocument['pinning'] = { pinned: false, reason: 'nothing ran' };
  const started = '2026-01-01T00:00:00.000Z';
  return { kind: 'loadtest', version: 2, started, seconds: 7, quick: false, machine, pinning, scenarios: findings };
}
