/**
 * Reads what precedes the value of a line with the grammar of PromQL that Prometheus publishes: a series is written in
 * PromQL as in text 1.0.0, names in quotes included, and the grammar knows nothing of this package.
 */
import { parser } from '@prometheus-io/lezer-promql';

/** A series, by name and labels. */
export interface Selector {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
}

function unquote(literal: string): string {
  return literal.slice(1, -1).replace(/\\(.)/gs, (_, char) => (char === 'n' ? '\n' : char));
}

/** Reads a series. Throws where it is not one series and nothing else. */
export function parseSelector(text: string): Selector {
  const names: string[] = [];
  const labels: Record<string, string> = {};
  let isWhole = false;
  let label = '';
  parser.parse(text).iterate({
    enter({ name, from, to, node }) {
      const piece = text.slice(from, to);
      if (node.type.isError) throw new Error(`${JSON.stringify(piece)} at ${from} of ${text} is no part of a series`);
      const isMatcher = node.parent?.name.endsWith('LabelMatcher') === true;
      if (name === 'VectorSelector') isWhole = from === 0 && to === text.length;
      else if (name === 'Identifier') names.push(piece);
      else if (name === 'QuotedLabelName' && !isMatcher) names.push(unquote(piece));
      else if (name === 'QuotedLabelName') label = unquote(piece);
      else if (name === 'LabelName') label = piece;
      else if (name === 'StringLiteral' && isMatcher) labels[label] = unquote(piece);
      return undefined;
    },
  });
  const [name] = names;
  if (!isWhole || name === undefined || names.length > 1) throw new Error(`${text} is not one series`);
  return { name, labels };
}
