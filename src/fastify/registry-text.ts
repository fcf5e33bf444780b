/**
 * The text of a registry of another library, family by family: which family a line belongs to is told by the HELP, TYPE
 * and UNIT lines in front of it. A family whose name is taken, or that nobody asked for, is left out.
 */

const METADATA = /^# (?:HELP|TYPE|UNIT) (\S+)/;
const SUFFIXES = ['', '_total', '_bucket', '_sum', '_count', '_created', '_info'];

/** Whether one of the names that a scrape is limited to is a name of the family. */
export function isWanted(family: string, names: readonly string[]): boolean {
  if (names.length === 0) return true;
  return SUFFIXES.some((suffix) => names.includes(family + suffix) || names.some((name) => name + suffix === family));
}

/** The lines of the families that are kept, without empty lines and without the end mark of OpenMetrics. */
export function keepFamilies(text: string, keep: (family: string) => boolean): string {
  const kept: string[] = [];
  let family = '';
  let isKept = keep('');
  for (const line of text.split('\n')) {
    if (line === '' || line === '# EOF') continue;
    const named = METADATA.exec(line)?.[1];
    if (named !== undefined && named !== family) {
      family = named;
      isKept = keep(named);
    }
    if (isKept) kept.push(line);
  }
  return kept.length === 0 ? '' : `${kept.join('\n')}\n`;
}
