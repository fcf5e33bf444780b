/** Counters and gauges that are not in the store, and whose names are plain, as lines of text. */
import type { ExpositionFormat, FamilySnapshot } from '../store/types.js';

function escapeHelp(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n');
}

function escapeQuoted(text: string): string {
  return escapeHelp(text).replaceAll('"', '\\"');
}

/** A plain name by a scheme: `dots` doubles underscores in all names, the others leave it as it is. */
export function plainName(name: string, escaping: ExpositionFormat['escaping']): string {
  return escaping === 'dots' ? name.replaceAll('_', '__') : name;
}

function labelText(labels: Readonly<Record<string, string>>, escaping: ExpositionFormat['escaping']): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${plainName(name, escaping)}="${escapeQuoted(value)}"`);
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`;
}

/** The lines of families whose values are finite numbers; those of OpenMetrics without its end. */
export function familyText(families: readonly FamilySnapshot[], format: ExpositionFormat): string {
  const { escaping } = format;
  const isOpenMetrics = format.syntax === 'openmetrics';
  const lines = families.flatMap(({ name, help, type, series }) => {
    const sample = plainName(name, escaping);
    const family = isOpenMetrics && type === 'counter' ? sample.replace(/_total$/, '') : sample;
    return [
      `# HELP ${family} ${isOpenMetrics ? escapeQuoted(help) : escapeHelp(help)}`,
      `# TYPE ${family} ${type}`,
      ...series.flatMap((one) => ('value' in one ? `${sample}${labelText(one.labels, escaping)} ${one.value}` : [])),
    ];
  });
  return `${lines.join('\n')}\n`;
}
