/**
 * Files of results. A run writes one file with everything that it measured, so that figures can be checked and compared
 * later without being measured again. Dated files stay on the machine; a run that is published gets a name of its own.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { renderChart } from './report/chart.js';
import type { RunDocument } from './report/document.js';
import { renderPage } from './report/page.js';

/** The package; this file is compiled to `out/loadtest/`. */
export const packageRoot = resolve(dirname(fileURLToPath(import.meta.url)), '..', '..');

/** Where a run puts its results unless it is told otherwise; colons are no good in names of files. */
export function defaultResultPath(kind: 'loadtest' | 'bench', started: Date): string {
  const date = started.toISOString().slice(0, 19).replaceAll(':', '-');
  return join(packageRoot, 'loadtest', 'results', `${kind}-${date}.json`);
}

/**
 * Writes results and gives the path to show to people.
 *
 * @throws the error of the file system
 */
export async function writeResults(path: string, results: unknown): Promise<string> {
  const absolute = resolve(path);
  await mkdir(dirname(absolute), { recursive: true });
  await writeFile(absolute, `${JSON.stringify(results, null, 2)}\n`);
  return relative(process.cwd(), absolute);
}

/** Writes the page of a run beside its results and gives its path. */
export async function writePage(resultPath: string, run: RunDocument, old?: RunDocument): Promise<string> {
  const absolute = `${resolve(resultPath).replace(/\.json$/, '')}.html`;
  await writeFile(absolute, renderPage(run, old));
  return relative(process.cwd(), absolute);
}

/** Writes the main chart of each scenario as an SVG file and gives their paths. */
export async function writeCharts(directory: string, run: RunDocument): Promise<string[]> {
  await mkdir(directory, { recursive: true });
  const paths: string[] = [];
  for (const findings of run.scenarios) {
    const chart = findings.figures.map((figure) => renderChart(findings, figure)).find((one) => one !== undefined);
    if (chart === undefined) continue;
    const path = join(directory, `${findings.name}.svg`);
    await writeFile(path, `${chart}\n`);
    paths.push(path);
  }
  return paths;
}
