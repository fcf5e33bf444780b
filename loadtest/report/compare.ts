/**
 * Two runs against each other. A difference counts only where it is larger than the noise of both and than the few percent
 * that one process more or less makes by itself. What is left of chance is told: of hundreds of figures some are marked.
 */
import type { Figure } from '../findings.js';
import { Lookup } from '../lookup.js';
import { canBeTold, differsBeyondNoise, FALSE_ALARMS } from '../noise.js';
import { summarize } from '../statistics.js';
import { formatNumber, renderTable } from '../table.js';
import type { RunDocument } from './document.js';
import { describeUncompared } from './uncompared.js';

/** One median that changed. */
export interface Change {
  scenario: string;
  figure: Figure;
  contender: string;
  point: string;
  before: number;
  after: number;
  /** Part by which it went up or down. */
  relative: number;
  kind: 'regression' | 'improvement';
}

/** What came out of it. */
export interface Comparison {
  /** Beyond the noise, regressions first, the largest first. */
  changes: Change[];
  /** Figures that have enough samples in both runs. */
  compared: number;
}

export function compareRuns(before: RunDocument, after: RunDocument): Comparison {
  let compared = 0;
  const changes = after.scenarios.flatMap((findings) => {
    const old = before.scenarios.find(({ name }) => name === findings.name);
    if (old === undefined) return [];
    const oldLookup = new Lookup(old);
    const newLookup = new Lookup(findings);
    return findings.series.flatMap(({ figure: name, contender, point }) => {
      const figure = findings.figures.find((one) => one.name === name);
      const one = oldLookup.samples(name, contender, point);
      const other = newLookup.samples(name, contender, point);
      if (figure === undefined || !canBeTold(one, other)) return [];
      compared += 1;
      if (!differsBeyondNoise(one, other)) return [];
      const where = { scenario: findings.name, figure, contender, point };
      return [changeOf(where, summarize(one).median, summarize(other).median)];
    });
  });
  const rank = ({ kind, relative }: Change): number => (kind === 'regression' ? 1e9 : 0) + Math.abs(relative);
  return { changes: changes.sort((one, other) => rank(other) - rank(one)), compared };
}

function changeOf(
  where: Pick<Change, 'scenario' | 'figure' | 'contender' | 'point'>,
  before: number,
  after: number,
): Change {
  const worse = where.figure.better === 'higher' ? after < before : after > before;
  return { ...where, before, after, relative: after / before - 1, kind: worse ? 'regression' : 'improvement' };
}

/** Whether the two ran on machines that can be compared, and why not. */
export function describeMachines(before: RunDocument, after: RunDocument): string {
  const keys = ['cpuModel', 'cpus', 'kernel', 'libc', 'node', 'governor'] as const;
  const different = keys.filter((key) => before.machine[key] !== after.machine[key]);
  const texts = different.map((key) => `${key} ${before.machine[key]} and ${after.machine[key]}`);
  const quick = before.quick === after.quick ? [] : ['one of the runs is a quick one'];
  const all = [...texts, ...quick];
  const names = Object.keys(after.versions ?? {}).filter((name) => before.versions?.[name] !== undefined);
  const versions = names.filter((name) => before.versions?.[name] !== after.versions?.[name]);
  all.push(...versions.map((name) => `${name} ${before.versions?.[name]} and ${after.versions?.[name]}`));
  return all.length === 0 ? 'The same kind of machine and run.' : `Not the same conditions: ${all.join('; ')}.`;
}

/** A relative change; from 0 there is none. */
export function describeRelative(relative: number): string {
  return Number.isFinite(relative) ? `${relative > 0 ? '+' : ''}${formatNumber(relative * 100, 1)} %` : 'was 0';
}

/** How much of it may be chance. */
export function describeChance({ changes, compared }: Comparison): string {
  const alarms = formatNumber(compared * FALSE_ALARMS, 1);
  return (
    `Of ${formatNumber(compared, 0)} figures ${formatNumber(changes.length, 0)} changed beyond the noise; ` +
    `were both runs of the same, up to ${alarms} would be marked by chance.`
  );
}

/** The comparison as it is printed. */
export function renderComparison(before: RunDocument, after: RunDocument): string {
  const comparison = compareRuns(before, after);
  const { changes } = comparison;
  const intro = `Against the run of ${before.started}. ${describeMachines(before, after)}`;
  const rest = describeUncompared(before, after)
    .map((line) => `\n${line}`)
    .join('');
  if (changes.length === 0) return `${intro}\n${describeChance(comparison)}${rest}`;
  const rows = changes.map(({ scenario, figure, contender, point, before: old, after: now, relative, kind }) => [
    `${kind === 'regression' ? 'WORSE ' : 'better'} ${scenario}: ${figure.title}, ${contender}${point && `, ${point}`}`,
    formatNumber(old, figure.decimals),
    formatNumber(now, figure.decimals),
    describeRelative(relative),
  ]);
  return `${intro}\n${describeChance(comparison)}\n${renderTable(['', 'before', 'after', 'change'], rows)}${rest}`;
}
