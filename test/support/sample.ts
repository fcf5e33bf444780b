/**
 * Reads Prometheus text the way a test needs it: as samples with their labels. Independent of the renderer under test.
 */

/** One line of a scrape. */
export interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

const sampleLine = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (\S+)$/;
const labelPair = /([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\]|\\.)*)",?/g;

function unescapeLabel(text: string): string {
  return text.replace(/\\(.)/g, (_, character: string) => (character === 'n' ? '\n' : character));
}

function parseNumber(text: string): number {
  return Number(text.replace(/^([+-]?)Inf$/, '$1Infinity'));
}

/** All samples of a scrape. Throws where a line is neither a comment nor a sample. */
export function parseSamples(text: string): Sample[] {
  return text
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => {
      const match = sampleLine.exec(line);
      if (!match) {
        throw new Error(`not a sample: ${line}`);
      }
      const [, name = '', labels = '', value = ''] = match;
      const pairs = [...labels.matchAll(labelPair)].map(([, key = '', raw = '']) => [key, unescapeLabel(raw)] as const);
      return { name, labels: Object.fromEntries(pairs), value: parseNumber(value) };
    });
}

/** The sum of all samples of a name that have these labels, among others; 0 where there are none. */
export function sumSamples(samples: readonly Sample[], name: string, labels: Record<string, string> = {}): number {
  return samples
    .filter((sample) => sample.name === name)
    .filter((sample) => Object.entries(labels).every(([key, value]) => sample.labels[key] === value))
    .reduce((sum, sample) => sum + sample.value, 0);
}
