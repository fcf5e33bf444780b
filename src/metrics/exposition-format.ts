/**
 * The formats in which a store is rendered, and the options of `store.render`. The media types are those that
 * Prometheus and its clients use.
 */
import { PercpuMetricsError } from '../errors.js';
import { checkOptions, type Rule } from '../store/rules.js';
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

function oneOf(allowed: readonly string[]): Rule {
  return {
    expected: `one of ${allowed.map((name) => `"${name}"`).join(', ')}`,
    holds: (value) => (allowed as readonly unknown[]).includes(value),
  };
}

const FORMAT_RULES = {
  syntax: oneOf(SYNTAXES),
  escaping: oneOf(NAME_ESCAPINGS),
  // What `negotiateFormat` gives has it.
  contentType: { expected: 'a text', holds: (value: unknown) => typeof value === 'string' },
} satisfies Readonly<Record<string, Rule>>;

const REQUIRED_FORMAT_RULES: Readonly<Record<string, Rule>> = {
  ...FORMAT_RULES,
  syntax: { ...FORMAT_RULES.syntax, required: true },
  escaping: { ...FORMAT_RULES.escaping, required: true },
};

const RENDER_RULES: Readonly<Record<string, Rule>> = {
  ...FORMAT_RULES,
  names: {
    expected: 'an array of strings',
    holds: (value) => Array.isArray(value) && value.every((name) => typeof name === 'string'),
  },
};

/**
 * What to send as `Content-Type` with what `store.render` gives for the same format.
 *
 * @throws PercpuMetricsError `ERR_PCM_OPTION`
 */
export function contentTypeOf(format: ExpositionFormat): string {
  checkOptions('a format', REQUIRED_FORMAT_RULES, format);
  const { syntax, escaping } = format;
  const plain = syntax === 'text' && escaping === 'allow-utf-8' ? CONTENT_TYPE.replace('0.0.4', '1.0.0') : undefined;
  const type = plain ?? CONTENT_TYPES[syntax];
  return escaping === DEFAULT_FORMAT.escaping ? type : `${type}; escaping=${escaping}`;
}

/**
 * Checks the options of `store.render`.
 *
 * @throws PercpuMetricsError `ERR_PCM_OPTION`
 */
export function renderArguments(options: RenderOptions): { format: ExpositionFormat; names: string[] } {
  checkOptions('render', RENDER_RULES, options);
  const { syntax = DEFAULT_FORMAT.syntax, escaping = DEFAULT_FORMAT.escaping, names = [] } = options;
  return { format: { syntax, escaping }, names: [...names] };
}

/**
 * Checks that what is rendered is text.
 *
 * @throws PercpuMetricsError `ERR_PCM_OPTION`
 */
export function requireText(options: RenderOptions): void {
  if (renderArguments(options).format.syntax !== 'protobuf') return;
  throw new PercpuMetricsError(
    'ERR_PCM_OPTION',
    'syntax of metrics must be "text" or "openmetrics", not "protobuf", which is no text; render gives its bytes',
    { details: { option: 'syntax', value: 'protobuf' } },
  );
}
