/**
 * From what a caller hands to `labels()` to the values of a series in the order of the family's label names.
 * Numbers become strings here, so that `labels(200)` and `labels('200')` are one series.
 */
import { display, PercpuMetricsError } from '../errors.js';
import { isLabelText, notLabelText } from '../store/label-text.js';

/** What a label may have as its value. */
export type LabelValue = string | number;

/** One value per label name, in their order. */
export type LabelValues<Names extends readonly string[]> = { readonly [Index in keyof Names]: LabelValue };

/** One value per label name, by name. */
export type LabelObject<Names extends readonly string[]> = Names extends readonly []
  ? Readonly<Record<string, never>>
  : { readonly [Name in Names[number]]: LabelValue };

interface LabelledFamily {
  readonly name: string;
  readonly labelNames: readonly string[];
}

function expected(family: LabelledFamily): string {
  const { labelNames, name } = family;
  if (labelNames.length === 0) return `${name} has no labels`;
  return `${name} has ${labelNames.length} ${labelNames.length === 1 ? 'label' : 'labels'}: ${labelNames.join(', ')}`;
}

function text(family: LabelledFamily, index: number, value: unknown): string {
  if (typeof value === 'string' && isLabelText(value)) return value;
  if (typeof value === 'number') return String(value);
  const label = family.labelNames[index] ?? '';
  const what = `the value of label ${label} of ${family.name}`;
  const details = { name: family.name, label, value };
  if (typeof value === 'string') throw notLabelText(what, value, details);
  throw new PercpuMetricsError(
    'ERR_PCM_LABEL_VALUE',
    `${what} must be a string or a number, but is ${display(value)}`,
    { details },
  );
}

function fromObject(family: LabelledFamily, labels: Readonly<Record<string, unknown>>): string[] {
  const { name, labelNames } = family;
  for (const label of Object.keys(labels)) {
    if (labelNames.includes(label)) continue;
    throw new PercpuMetricsError('ERR_PCM_LABEL_NAME', `${display(label)} is no label; ${expected(family)}`, {
      details: { name, label },
    });
  }
  return labelNames.map((label, index) => {
    if (Object.hasOwn(labels, label)) return text(family, index, labels[label]);
    throw new PercpuMetricsError('ERR_PCM_LABEL_COUNT', `label ${label} has no value; ${expected(family)}`, {
      details: { name, label },
    });
  });
}

/**
 * The values of a series, from positional values or from one object.
 *
 * @throws PercpuMetricsError `ERR_PCM_LABEL_COUNT`, `ERR_PCM_LABEL_NAME`, `ERR_PCM_LABEL_VALUE`
 */
export function labelValues(family: LabelledFamily, given: readonly unknown[]): string[] {
  const first = given[0];
  if (given.length === 1 && typeof first === 'object' && first !== null && !Array.isArray(first)) {
    return fromObject(family, first as Readonly<Record<string, unknown>>);
  }
  if (given.length !== family.labelNames.length) {
    throw new PercpuMetricsError(
      'ERR_PCM_LABEL_COUNT',
      `${given.length} label ${given.length === 1 ? 'value' : 'values'} given, but ${expected(family)}`,
      { details: { name: family.name, given: given.length, expected: family.labelNames.length } },
    );
  }
  return given.map((value, index) => text(family, index, value));
}
