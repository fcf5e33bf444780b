/**
 * Two runs against each other. A difference counts only where it is larger than the noise of both: the ranges of the
 * middle half of the samples do not touch, and the medians are apart by more than a few percent, which one process more
 * or less makes by itself.
 */
import type { Figure } from '../findings.js';
import { Lookup } from '../lookup.js';
import { differsBeyondNoise } from '../statistics.js';
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

/** Changes beyond the noise, regressions first, the largest first. */
export function compareRuns(before: RunDocument, after: RunDocument): Change[] {
  const changes = after.scenarios.flatMap((findings) => {
    const old = before.scenarios.find(({ name }) => name === findings.name);
    if (old === undefined) return [];
    const oldLookup = new Lookup(old);
    const newLookup = new Lookup(findings);
    return findings.series.flatMap(({ figure: name, contender, point }) => {
      const figure = findings.figures.find((one) => one.name === name);
      const one = oldLookup.summary(name, contender, point);
      const other = newLookup.summary(name, contender, point);
      if (figure === undefined || one === undefined || other === undefined || !differsBeyondNoise(one, other))
        return [];
      return [changeOf({ scenario: findings.name, figure, contender, point }, one.median, other.median)];
    });
  });
  const rank = ({ kind, relative }: Change): number => (kind === 'regression' ? 1e9 : 0) + Math.abs(relative);
  return changes.sort((one, other) => rank(other) - rank(one));
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

/** The comparison as it is printed. */
export function renderComparison(before: RunDocument, after: RunDocument): string {
  const changes = compareRuns(before, after);
  const intro = `Against the run of ${before.started}. ${describeMachines(before, after)}`;
  const rest = describeUncompared(before, after)
    .map((line) => `\n${line}`)
    .join('');
  if (changes.length === 0) return `${intro}\nNothing that was compared changed beyond the noise.${rest}`;
  const rows = changes.map(({ scenario, figure, contender, point, before: old, after: now, relative, kind }) => [
    `${kind === 'regression' ? 'WORSE ' : 'better'} ${scenario}: ${figure.title}, ${contender}${point && `, ${point}`}`,
    formatNumber(old, figure.decimals),
    formatNumber(now, figure.decimals),
    describeRelative(relative),
  ]);
  return `${intro}\n${renderTable(['', 'before', 'after', 'change'], rows)}${rest}`;
}
