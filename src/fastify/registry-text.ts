/**
 * The text of a registry of another library, family by family: which one a line belongs to is told by the HELP, TYPE and
 * UNIT lines in front of it. A sample of another name is a family by itself.
 */

const METADATA = /^# (HELP|TYPE|UNIT) (\S+)(?: (\S+))?/;
const SAMPLE = /^[^\s{]+/;
const SUFFIXES: readonly string[] = [
  '',
  '_total',
  '_bucket',
  '_sum',
  '_count',
  '_created',
  '_info',
  '_gsum',
  '_gcount',
];

/** The lines of one family, without empty ones. */
export interface TextFamily {
  /** Empty for comments in front of the first one. */
  readonly name: string;
  type: string;
  /** Its own name, and those that its samples have. */
  readonly names: Set<string>;
  readonly lines: string[];
}

function familyOf(name: string): TextFamily {
  return { name, type: 'untyped', names: new Set(name === '' ? [] : [name]), lines: [] };
}

function isOf(family: TextFamily, sample: string): boolean {
  return family.names.has(sample) || SUFFIXES.some((suffix) => family.name + suffix === sample);
}

/** The families of a text, in its order; the end mark of OpenMetrics is in none of them. */
export function textFamilies(text: string): TextFamily[] {
  let family = familyOf('');
  const families = [family];
  const begin = (name: string) => {
    family = familyOf(name);
    families.push(family);
  };
  for (const line of text.split('\n')) {
    if (line === '' || line === '# EOF') continue;
    const [, keyword, name, word] = METADATA.exec(line) ?? [];
    const sample = line.startsWith('#') ? undefined : SAMPLE.exec(line)?.[0];
    if (name !== undefined && name !== family.name) begin(name);
    else if (sample !== undefined && !isOf(family, sample)) begin(sample);
    if (keyword === 'TYPE' && word !== undefined) family.type = word;
    if (sample !== undefined) family.names.add(sample);
    family.lines.push(line);
  }
  return families;
}
