/**
 * Lists of preferences as HTTP has them (RFC 9110, 12.4 and 12.5): `a;x=1;q=0.5, b`. What is malformed is left out; one
 * pass over the text, whatever is in it.
 */

/** One item of a list. */
export interface WeightedItem {
  /** In lower case. */
  readonly value: string;
  /** By their names in lower case; `q` is not among them. */
  readonly parameters: ReadonlyMap<string, string>;
  /** From 0, which means "not this", to 1. */
  readonly quality: number;
}

/** Splits at a character that is not within quotes. */
function split(text: string, separator: string): string[] {
  const parts: string[] = [];
  let start = 0;
  let quoted = false;
  for (let at = 0; at < text.length; at += 1) {
    const character = text[at];
    if (character === '"') quoted = !quoted;
    else if (character === '\\' && quoted) at += 1;
    else if (character === separator && !quoted) {
      parts.push(text.slice(start, at));
      start = at + 1;
    }
  }
  parts.push(text.slice(start));
  return parts;
}

function unquote(text: string): string {
  return text.length >= 2 && text.startsWith('"') && text.endsWith('"')
    ? text.slice(1, -1).replace(/\\(.)/g, '$1')
    : text;
}

function item(text: string): WeightedItem | undefined {
  const [value = '', ...rest] = split(text, ';').map((part) => part.trim());
  if (value === '') return undefined;
  const parameters = new Map<string, string>();
  for (const parameter of rest) {
    const equals = parameter.indexOf('=');
    if (equals < 1) continue;
    const name = parameter.slice(0, equals).trim().toLowerCase();
    parameters.set(name, unquote(parameter.slice(equals + 1).trim()));
  }
  const quality = Number(parameters.get('q') ?? 1);
  parameters.delete('q');
  return quality >= 0 && quality <= 1 ? { value: value.toLowerCase(), parameters, quality } : undefined;
}

/** The items of a header, in their order. */
export function weightedList(header: string): WeightedItem[] {
  return split(header, ',').flatMap((text) => item(text) ?? []);
}
