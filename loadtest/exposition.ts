/**
 * Reads back what a service says that it counted, from the Prometheus text that any of the compared libraries answers a
 * scrape with. The tests of the package hold its own exposition against Prometheus itself; this only finds samples.
 */

const SAMPLE = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (\S+)(?: -?\d+)?$/;
const LABEL = /([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\]|\\.)*)"/g;

/** The number of a sample, added up over all series that carry the given labels; 0 where there is none. */
export function sumSamples(text: string, name: string, labels: Readonly<Record<string, string>> = {}): number {
  let sum = 0;
  for (const line of text.split('\n')) {
    const sample = SAMPLE.exec(line);
    if (sample === null || sample[1] !== name) continue;
    const found = new Map([...(sample[2] ?? '').matchAll(LABEL)].map((label) => [label[1], label[2]]));
    // Compared as they are escaped: none of the labels that are asked for has anything to escape.
    if (Object.entries(labels).every(([label, value]) => found.get(label) === value)) sum += Number(sample[3]);
  }
  return sum;
}
