/** Families that are not in the store, and whose names are plain, as lines of text. */
import type { ExemplarSnapshot, ExpositionFormat, FamilySnapshot, SeriesSnapshot } from '../store/types.js';
import { jsonNumber } from './family-json.js';
import { openMetricsName } from './sample-names.js';

type Labels = Readonly<Record<string, string>>;

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

/** The type by a name that the syntax has. A counter that is not called so is none to OpenMetrics. */
function typeName(family: FamilySnapshot, isOpenMetrics: boolean): string {
  const { name, type } = family;
  if (!isOpenMetrics) return type;
  return type === 'untyped' || (type === 'counter' && openMetricsName(family) === name) ? 'unknown' : type;
}

function exemplarText(exemplar: ExemplarSnapshot): string {
  const labels = Object.entries(exemplar.labels).map(([name, value]) => `${name}="${escapeQuoted(value)}"`);
  const time = exemplar.timestamp === undefined ? '' : ` ${exemplar.timestamp / 1000}`;
  return ` # {${labels.join(',')}} ${jsonNumber(exemplar.value)}${time}`;
}

/** The lines of one family. */
class FamilyLines {
  readonly #sample: string;
  readonly #isOpenMetrics: boolean;
  readonly #hasExemplars: boolean;
  readonly #labelName: (name: string) => string;

  constructor(family: FamilySnapshot, format: ExpositionFormat) {
    const { escaping, syntax } = format;
    this.#sample = plainName(family.name, escaping);
    this.#isOpenMetrics = syntax === 'openmetrics';
    this.#hasExemplars = this.#isOpenMetrics && typeName(family, true) !== 'unknown';
    this.#labelName = (name) => plainName(name, escaping);
  }

  of(series: SeriesSnapshot): string[] {
    const { labels, exemplars = [] } = series;
    if ('value' in series) return [this.#line('', labels, series.value, exemplars[0])];
    const totals = [this.#line('_sum', labels, series.sum), this.#line('_count', labels, series.count)];
    if ('buckets' in series) {
      const buckets = series.buckets.map(({ le, count }, index) => {
        const exemplar = exemplars.find(({ bucket }) => bucket === index);
        return this.#line('_bucket', { ...labels, le: this.#bound(le) }, count, exemplar);
      });
      return [...buckets, ...totals];
    }
    if (!('quantiles' in series)) return totals;
    const quantiles = series.quantiles.map(({ quantile, value }) =>
      this.#line('', { ...labels, quantile: this.#bound(quantile) }, value),
    );
    return [...quantiles, ...totals];
  }

  #line(end: string, labels: Labels, value: number, exemplar?: ExemplarSnapshot): string {
    const pairs = Object.entries(labels).map(([name, text]) => `${this.#labelName(name)}="${escapeQuoted(text)}"`);
    const braces = pairs.length === 0 ? '' : `{${pairs.join(',')}}`;
    const about = exemplar !== undefined && this.#hasExemplars ? exemplarText(exemplar) : '';
    return `${this.#sample}${end}${braces} ${jsonNumber(value)}${about}`;
  }

  /** OpenMetrics has bounds with a point: `1.0`. */
  #bound(value: number): string {
    const text = String(jsonNumber(value));
    return this.#isOpenMetrics && /^-?\d+$/.test(text) ? `${text}.0` : text;
  }
}

/** The lines of families; those of OpenMetrics without its end. */
export function familyText(families: readonly FamilySnapshot[], format: ExpositionFormat): string {
  const isOpenMetrics = format.syntax === 'openmetrics';
  const lines = families.flatMap((family) => {
    // Escaped first: the samples of a counter have its escaped name, which is that of the family and `_total`.
    const escaped = plainName(family.name, format.escaping);
    const name = isOpenMetrics ? openMetricsName({ ...family, name: escaped }) : escaped;
    const of = new FamilyLines(family, format);
    return [
      `# HELP ${name} ${isOpenMetrics ? escapeQuoted(family.help) : escapeHelp(family.help)}`,
      `# TYPE ${name} ${typeName(family, isOpenMetrics)}`,
      ...family.series.flatMap((series) => of.of(series)),
    ];
  });
  return `${lines.join('\n')}\n`;
}
