/**
 * Files of results. A run writes one file with everything that it measured, so that figures can be checked and compared
 * later without being measured again. Dated files stay on the machine; a run that is published gets a name of its own.
 */
import { access, constants, mkdir, stat, writeFile } from 'node:fs/promises';
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
 * Makes the directory of a file that is written when everything has been measured, and sees to it that it can be.
 *
 * @throws Error with the path, where it cannot
 */
export async function prepareFile(path: string): Promise<void> {
  const absolute = resolve(path);
  await prepare(path, async () => {
    await mkdir(dirname(absolute), { recursive: true });
    const found = await stat(absolute).catch(() => undefined);
    if (found?.isDirectory()) throw new Error('it is a directory');
    await access(found === undefined ? dirname(absolute) : absolute, constants.W_OK);
  });
}

/**
 * The same of a directory for files.
 *
 * @throws Error with the path, where nothing can be written to it
 */
export async function prepareDirectory(path: string): Promise<void> {
  await prepare(path, async () => {
    await mkdir(path, { recursive: true });
    await access(path, constants.W_OK);
  });
}

async function prepare(path: string, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (cause) {
    throw new Error(`${path} cannot be written: ${cause instanceof Error ? cause.message : cause}`, { cause });
  }
}

/**
 * Writes results to a file that {@link prepareFile} has seen to, and gives the path to show to people.
 *
 * @throws the error of the file system
 */
export async function writeResults(path: string, results: unknown): Promise<string> {
  const absolute = resolve(path);
  await writeFile(absolute, `${JSON.stringify(results, null, 2)}\n`);
  return relative(process.cwd(), absolute);
}

/** Writes the page of a run beside its results and gives its path. */
export async function writePage(resultPath: string, run: RunDocument, old?: RunDocument): Promise<string> {
  const absolute = `${resolve(resultPath).replace(/\.json$/, '')}.html`;
  await writeFile(absolute, renderPage(run, old));
  return relative(process.cwd(), absolute);
}

/** Writes the main chart of each scenario to a directory that is there, as an SVG file, and gives their paths. */
export async function writeCharts(directory: string, run: RunDocument): Promise<string[]> {
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
