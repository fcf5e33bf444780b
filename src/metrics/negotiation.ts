/**
 * Which format a scraper gets, from its `Accept` header: of all that are offered the one of the highest quality, which
 * is that of the most specific range that matches it. At the same quality the more specific range wins, then the one
 * that comes first.
 */
import { display, PercpuMetricsError } from '../errors.js';
import type { NameEscaping, Syntax } from '../store/types.js';
import { contentTypeOf, DEFAULT_FORMAT, NAME_ESCAPINGS } from './exposition-format.js';
import { type WeightedItem, weightedList } from './weighted-list.js';

/** What can be asked for: the syntaxes of a store, and its JSON. */
export type OfferedSyntax = Syntax | 'json';

/** What to send. */
export interface NegotiatedFormat<Offered extends OfferedSyntax = OfferedSyntax> {
  readonly syntax: Offered;
  readonly escaping: NameEscaping;
  readonly contentType: string;
}

interface Offer {
  readonly syntax: OfferedSyntax;
  readonly type: string;
  /** What a range has to have, if it has the parameter at all. */
  readonly parameters: Readonly<Record<string, string>>;
}

/** In the order of preference. */
const OFFERS: readonly Offer[] = [
  { syntax: 'text', type: 'text/plain', parameters: { version: '0.0.4' } },
  { syntax: 'openmetrics', type: 'application/openmetrics-text', parameters: { version: '1.0.0' } },
  { syntax: 'text', type: 'text/plain', parameters: { version: '1.0.0' } },
  {
    syntax: 'protobuf',
    type: 'application/vnd.google.protobuf',
    parameters: { proto: 'io.prometheus.client.MetricFamily', encoding: 'delimited' },
  },
  { syntax: 'json', type: 'application/json', parameters: {} },
];

/** How closely a range matches an offer: 0 is anything; -1 is not at all. */
function closeness(range: WeightedItem, offer: Offer): number {
  const group = offer.type.slice(0, offer.type.indexOf('/') + 1);
  if (range.value === '*/*') return 0;
  if (range.value === `${group}*`) return 1;
  if (range.value !== offer.type) return -1;
  let matched = 2;
  for (const [name, wanted] of Object.entries(offer.parameters)) {
    const given = range.parameters.get(name);
    if (given === undefined) continue;
    if (given !== wanted) return -1;
    matched += 1;
  }
  return matched;
}

interface Match {
  readonly offer: Offer;
  readonly range: WeightedItem;
  readonly closeness: number;
  readonly index: number;
}

function bestRange(offer: Offer, ranges: readonly WeightedItem[]): Match | undefined {
  let best: Match | undefined;
  for (const [index, range] of ranges.entries()) {
    const close = closeness(range, offer);
    if (close >= 0 && close > (best?.closeness ?? -1)) best = { offer, range, closeness: close, index };
  }
  return best;
}

function isBetter(one: Match, other: Match): boolean {
  if (one.range.quality !== other.range.quality) return one.range.quality > other.range.quality;
  if (one.closeness !== other.closeness) return one.closeness > other.closeness;
  return one.index < other.index;
}

function escapingOf({ offer, range }: Match): { escaping: NameEscaping; named: boolean } {
  const given = range.parameters.get('escaping') as NameEscaping;
  const isText004 = offer.parameters['version'] === '0.0.4';
  if (!NAME_ESCAPINGS.includes(given)) return { escaping: DEFAULT_FORMAT.escaping, named: false };
  // Names of any UTF-8 need the quotes that only the newer text has.
  return { escaping: isText004 && given === 'allow-utf-8' ? DEFAULT_FORMAT.escaping : given, named: true };
}

function chosen(match: Match): NegotiatedFormat {
  const { syntax, parameters, type } = match.offer;
  const { escaping, named } = escapingOf(match);
  if (syntax === 'json') return { syntax, escaping: 'allow-utf-8', contentType: `${type}; charset=utf-8` };
  const plain = contentTypeOf({ syntax, escaping: DEFAULT_FORMAT.escaping });
  const isText100 = parameters['version'] === '1.0.0' && syntax === 'text';
  const typed = isText100 ? plain.replace('0.0.4', '1.0.0') : plain;
  return { syntax, escaping, contentType: named || isText100 ? `${typed}; escaping=${escaping}` : typed };
}

/**
 * The format to send, or `undefined` where nothing that is offered is acceptable. `Content-Type` names the escaping of
 * names where the scraper did.
 *
 * @param accept - The `Accept` header; without one everything is acceptable.
 * @param syntaxes - What is offered.
 */
export function negotiateAmong<Offered extends OfferedSyntax>(
  accept: string | undefined,
  syntaxes: readonly Offered[],
): NegotiatedFormat<Offered> | undefined {
  const ranges = weightedList(accept?.trim() ? accept : '*/*');
  let best: Match | undefined;
  for (const offer of OFFERS) {
    if (!syntaxes.includes(offer.syntax as Offered)) continue;
    const match = bestRange(offer, ranges);
    if (match === undefined || match.range.quality === 0) continue;
    if (best === undefined || isBetter(match, best)) best = match;
  }
  return best === undefined ? undefined : (chosen(best) as NegotiatedFormat<Offered>);
}

/**
 * The format that a scraper with this `Accept` header gets: `store.render(negotiateFormat(accept))` renders it. Text
 * 0.0.4 where nothing that it accepts can be rendered, as with the other clients of Prometheus.
 *
 * @throws PercpuMetricsError `ERR_PCM_ARGUMENT`
 */
export function negotiateFormat(accept: string | undefined): NegotiatedFormat<Syntax> {
  if (typeof (accept ?? '') !== 'string') {
    throw new PercpuMetricsError('ERR_PCM_ARGUMENT', `Accept must be the text of the header, not ${display(accept)}`);
  }
  return (
    negotiateAmong(accept, ['text', 'openmetrics', 'protobuf']) ?? {
      ...DEFAULT_FORMAT,
      contentType: contentTypeOf(DEFAULT_FORMAT),
    }
  );
}
