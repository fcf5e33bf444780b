/**
 * The formats in which a store is rendered, and the options of `store.render`. The media types are those that
 * Prometheus and its clients use.
 */
import { display, PercpuMetricsError } from '../errors.js';
import type { ExpositionFormat, NameEscaping, Syntax } from '../store/types.js';

/** What is rendered, and how. */
export interface RenderOptions {
  /** `text` by default: Prometheus text 0.0.4, or 1.0.0 where `escaping` is `allow-utf-8`. */
  readonly syntax?: Syntax | undefined;
  /** How names are written that Prometheus before 3.0 does not know; `underscores` by default. */
  readonly escaping?: NameEscaping | undefined;
  /** Only families with one of these names, or with a sample of one of these names; all by default, and where empty. */
  readonly names?: readonly string[] | undefined;
}

/** The formats that there are. */
export const SYNTAXES: readonly Syntax[] = ['text', 'openmetrics', 'protobuf'];
/** The schemes by which names are escaped. */
export const NAME_ESCAPINGS: readonly NameEscaping[] = ['allow-utf-8', 'underscores', 'dots', 'values'];

/** What is rendered where nobody asks for anything else. */
export const DEFAULT_FORMAT: ExpositionFormat = { syntax: 'text', escaping: 'underscores' };

/** The media type of the Prometheus text format 0.0.4. */
export const CONTENT_TYPE = 'text/plain; version=0.0.4; charset=utf-8';

const CONTENT_TYPES: Readonly<Record<Syntax, string>> = {
  text: CONTENT_TYPE,
  openmetrics: 'application/openmetrics-text; version=1.0.0; charset=utf-8',
  protobuf: 'application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited',
};

/** What to send as `Content-Type` with what `store.render` gives for the same format. */
export function contentTypeOf({ syntax, escaping }: ExpositionFormat): string {
  const plain = syntax === 'text' && escaping === 'allow-utf-8' ? CONTENT_TYPE.replace('0.0.4', '1.0.0') : undefined;
  const type = plain ?? CONTENT_TYPES[syntax];
  return escaping === DEFAULT_FORMAT.escaping ? type : `${type}; escaping=${escaping}`;
}

function oneOf<Value extends string>(option: string, value: unknown, allowed: readonly Value[]): Value {
  if (allowed.includes(value as Value)) return value as Value;
  const names = allowed.map((name) => `"${name}"`).join(', ');
  throw new PercpuMetricsError('ERR_PCM_OPTION', `${option} must be one of ${names}, not ${display(value)}`, {
    details: { option, value },
  });
}

/**
 * Checks the options of `store.render`.
 *
 * @throws PercpuMetricsError `ERR_PCM_OPTION`
 */
export function renderArguments(options: RenderOptions): { format: ExpositionFormat; names: string[] } {
  const { syntax = DEFAULT_FORMAT.syntax, escaping = DEFAULT_FORMAT.escaping, names = [] } = options;
  if (!Array.isArray(names) || names.some((name) => typeof name !== 'string')) {
    throw new PercpuMetricsError('ERR_PCM_OPTION', `names must be an array of strings, not ${display(names)}`, {
      details: { option: 'names', value: names },
    });
  }
  return {
    format: {
      syntax: oneOf('syntax', syntax, SYNTAXES),
      escaping: oneOf('escaping', escaping, NAME_ESCAPINGS),
    },
    names: [...names],
  };
}
