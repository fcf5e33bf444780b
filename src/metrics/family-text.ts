/** Counters and gauges that are not in the store, as Prometheus text 0.0.4. */
import type { FamilySnapshot } from '../store/types.js';

function escapeHelp(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n');
}

function escapeLabel(text: string): string {
  return escapeHelp(text).replaceAll('"', '\\"');
}

function labelText(labels: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escapeLabel(value)}"`);
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`;
}

/** The lines of families whose values are finite numbers. */
export function familyText(families: readonly FamilySnapshot[]): string {
  const lines = families.flatMap(({ name, help, type, series }) => [
    `# HELP ${name} ${escapeHelp(help)}`,
    `# TYPE ${name} ${type}`,
    ...series.flatMap((one) => ('value' in one ? `${name}${labelText(one.labels)} ${one.value}` : [])),
  ]);
  return `${lines.join('\n')}\n`;
}
