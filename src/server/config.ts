/**
 * What the environment says about the service: `PORT`, `HOST` and `PERCPU_METRICS_STORE`. The command line, which is
 * read by `src/cli/`, goes before it. Outside of the command line this is the only place of the service that reads the
 * environment, and it is handed to it.
 */
import { display, PercpuMetricsError } from '../errors.js';

/** Where the service listens unless it is told otherwise. */
export const DEFAULT_PORT = 9464;
export const DEFAULT_HOST = '127.0.0.1';

/** Where the service listens, and the store that the environment names. */
export interface ServerConfig {
  /** 0 for any free one. */
  readonly port: number;
  readonly host: string;
  /** A path, where the environment names one. */
  readonly store: string | undefined;
}

/**
 * A port from a text.
 *
 * @param source - Where the text comes from, for the message.
 * @throws PercpuMetricsError `ERR_PCM_OPTION`
 */
export function parsePort(text: string, source: string): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN;
  if (port <= 65535) return port;
  throw new PercpuMetricsError('ERR_PCM_OPTION', `${source} must be a port from 0 to 65535, not ${display(text)}`);
}

/**
 * The configuration in an environment. Empty variables count as unset.
 *
 * @throws PercpuMetricsError `ERR_PCM_OPTION`
 */
export function readEnvironment(environment: NodeJS.ProcessEnv): ServerConfig {
  const port = environment['PORT'];
  return {
    port: port ? parsePort(port, 'the environment variable PORT') : DEFAULT_PORT,
    host: environment['HOST'] || DEFAULT_HOST,
    store: environment['PERCPU_METRICS_STORE'] || undefined,
  };
}
