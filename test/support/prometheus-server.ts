/**
 * A real Prometheus with the configuration and the rules that this project hands out, its targets, its intervals and
 * its thresholds in time replaced by those of a test.
 */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Child } from './child.js';
import { freePort } from './free-port.js';
import { temporaryDirectory } from './temporary-directory.js';

const configurations = fileURLToPath(new URL('../../../deploy/prometheus/', import.meta.url));
const patience = 60_000;

/** Addresses (`host:port`) of the two targets. */
export interface Targets {
  readonly service: string;
  readonly sidecar: string;
}

/** A series in the answer to a query. */
export interface QueriedSeries {
  readonly metric: Readonly<Record<string, string>>;
  readonly value: number;
}

interface QueryAnswer {
  readonly data: { readonly result: readonly { metric: Record<string, string>; value: [number, string] }[] };
}

/** Asks a Prometheus, or what answers like one. */
export async function queryAt(url: string, expression: string): Promise<QueriedSeries[]> {
  const answer = await fetch(`${url}/api/v1/query?query=${encodeURIComponent(expression)}`);
  if (!answer.ok) {
    throw new Error(`${expression} was answered with ${answer.status}: ${await answer.text()}`);
  }
  const { data } = (await answer.json()) as QueryAnswer;
  return data.result.map(({ metric, value }) => ({ metric, value: Number(value[1]) }));
}

function replaceOnce(text: string, from: string, to: string): string {
  if (text.split(from).length !== 2) {
    throw new Error(`the configuration should have "${from}" exactly once`);
  }
  return text.replace(from, to);
}

/**
 * Rules as they are handed out, over seconds instead of minutes. Counting in a tight loop is interrupted now and then
 * anyway, some times a second; with signals it is more often by far.
 */
function hastened(rules: string): string {
  return rules
    .replaceAll('[5m]', '[5s]')
    .replaceAll(/\bfor: \d+m$/gm, 'for: 0s')
    .replace('(percpu_metrics_aborts_total[5s]) > 100', '(percpu_metrics_aborts_total[5s]) > 30');
}

/** Copies a configuration of deploy/prometheus, with its rules, into a directory, and gives the path of the copy. */
export function copyConfiguration(directory: string, name: string, replacements: readonly [string, string][]): string {
  const file = join(directory, name);
  const text = replacements.reduce(
    (before, [from, to]) => replaceOnce(before, from, to),
    readFileSync(join(configurations, name), 'utf8'),
  );
  writeFileSync(file, text);
  mkdirSync(join(directory, 'rules'), { recursive: true });
  for (const rules of readdirSync(join(configurations, 'rules'))) {
    writeFileSync(
      join(directory, 'rules', rules),
      hastened(readFileSync(join(configurations, 'rules', rules), 'utf8')),
    );
  }
  return file;
}

export class PrometheusServer {
  readonly url: string;
  readonly child: Child;

  private constructor(url: string, child: Child) {
    this.url = url;
    this.child = child;
  }

  /** Starts it with the configuration of one host, and waits until it answers queries. */
  static async start(t: TestContext, targets: Targets): Promise<PrometheusServer> {
    const directory = temporaryDirectory(t);
    const file = copyConfiguration(directory, 'prometheus.yml', [
      ['127.0.0.1:9464', targets.service],
      ['127.0.0.1:9465', targets.sidecar],
      ['scrape_interval: 15s', 'scrape_interval: 250ms'],
      ['scrape_timeout: 5s', 'scrape_timeout: 250ms'],
      ['evaluation_interval: 15s', 'evaluation_interval: 500ms'],
    ]);
    return PrometheusServer.startWith(t, file, join(directory, 'data'));
  }

  /** Starts it with a configuration file, and waits until it answers queries. */
  static async startWith(t: TestContext, file: string, data: string, ...flags: string[]): Promise<PrometheusServer> {
    const address = `127.0.0.1:${await freePort()}`;
    const child = await Child.start(t, [
      'prometheus',
      `--config.file=${file}`,
      `--storage.tsdb.path=${data}`,
      `--web.listen-address=${address}`,
      ...flags,
    ]);
    await child.waitForOutput(/Server is ready to receive web requests/);
    return new PrometheusServer(`http://${address}`, child);
  }

  /** The series that an expression has now. */
  series(expression: string): Promise<QueriedSeries[]> {
    return queryAt(this.url, expression);
  }

  /** The value of an expression by job. */
  async query(expression: string): Promise<Record<string, number>> {
    const series = await this.series(expression);
    return Object.fromEntries(series.map(({ metric, value }) => [metric['job'] ?? '', value]));
  }

  /** The names of the alerts that fire now. */
  async firing(): Promise<Set<string>> {
    const series = await this.series('ALERTS{alertstate="firing"}');
    return new Set(series.map(({ metric }) => metric['alertname'] ?? ''));
  }

  /** Waits until every target was scraped successfully by a scrape that began after a Unix time in milliseconds. */
  async waitForScrapesAfter(time: number, targets = 2): Promise<void> {
    const end = performance.now() + patience;
    for (;;) {
      // The timestamp of a sample, not of a comparison, whose result would have the time of the query.
      const scraped = await this.series('timestamp(up) and (up == 1)');
      if (scraped.length === targets && scraped.every(({ value }) => value * 1000 > time)) {
        return;
      }
      if (performance.now() > end) {
        throw new Error(`no successful scrape of all targets within ${patience} ms: ${JSON.stringify(scraped)}`);
      }
      await sleep(100);
    }
  }
}
