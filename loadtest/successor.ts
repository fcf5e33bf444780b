/**
 * `@prometheus-io/client`, which follows on prom-client: it has the same functions, and asks for a newer Node. Only a
 * process that wants it loads it.
 */

/** The name of the package. */
export const SUCCESSOR = '@prometheus-io/client';

/** Node that it and the plugin around it ask for. */
const LEAST_NODE = 22;

/** What is noted where it cannot take part. */
export const SUCCESSOR_IS_LEFT_OUT = `${SUCCESSOR} needs Node ${LEAST_NODE}; it is left out.`;

export function nodeRunsSuccessor(): boolean {
  return Number.parseInt(process.versions.node, 10) >= LEAST_NODE;
}

export async function successorClient(): Promise<typeof import('@prometheus-io/client')> {
  return (await import(SUCCESSOR)).default;
}
