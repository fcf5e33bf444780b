/**
 * From the command line to a command that can be run. Everything is checked here, before anything is opened: what is
 * wrong ends the program with exit code 2 and a line that names the option and its value.
 */
import { type ParseArgsConfig, parseArgs } from 'node:util';
import type { Backend } from '../index.js';
import { BACKENDS } from '../index.js';
import { LOG_LEVELS, type LogLevel } from '../server/app.js';
import { parsePort, readEnvironment } from '../server/config.js';
import { CommandError, EXIT } from './exit-code.js';

const MAX_WORKERS = 1024;
const DEFAULT_WATCH_SECONDS = 2;
const MAX_WATCH_SECONDS = 86_400;

/** `percpu-metrics serve`. */
export interface ServeCommand {
  readonly kind: 'serve';
  readonly host: string;
  readonly port: number;
  readonly workers: number;
  /** A path, where the command line or, for reading only, the environment names one. */
  readonly store: string | undefined;
  readonly readOnly: boolean;
  readonly backend: Backend | undefined;
  readonly capacity: number | undefined;
  /** Permission bits. */
  readonly mode: number | undefined;
  readonly persist: boolean;
  /** Whether each process keeps `process_*` and `nodejs_*` in the store. */
  readonly processMetrics: boolean;
  readonly logLevel: LogLevel;
}

/** `percpu-metrics inspect`. */
export interface InspectCommand {
  readonly kind: 'inspect';
  readonly path: string;
  readonly json: boolean;
  /** Seconds between looks; `undefined` for one look. */
  readonly watch: number | undefined;
}

/** What the command line asks for. */
export type Command = ServeCommand | InspectCommand | { readonly kind: 'help' } | { readonly kind: 'version' };

const SERVE_OPTIONS = {
  host: { type: 'string' },
  port: { type: 'string' },
  workers: { type: 'string' },
  store: { type: 'string' },
  'read-only': { type: 'boolean' },
  backend: { type: 'string' },
  capacity: { type: 'string' },
  mode: { type: 'string' },
  persist: { type: 'boolean' },
  'process-metrics': { type: 'boolean' },
  'log-level': { type: 'string' },
  help: { type: 'boolean', short: 'h' },
} as const;

const INSPECT_OPTIONS = {
  json: { type: 'boolean' },
  watch: { type: 'string' },
  help: { type: 'boolean', short: 'h' },
} as const;

function usage(message: string): never {
  throw new CommandError(EXIT.usage, `${message}; percpu-metrics --help lists the options`);
}

function parse<Config extends ParseArgsConfig>(config: Config): ReturnType<typeof parseArgs<Config>> {
  try {
    return parseArgs(config);
  } catch (error) {
    // The first sentence names the option; the others are about positional arguments that are not ours.
    usage(String((error as Error).message).split(/\. |\n/, 1)[0] ?? 'wrong arguments');
  }
}

function integer(option: string, text: string | undefined, from: number, to: number): number | undefined {
  if (text === undefined) return undefined;
  const value = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
  if (value >= from && value <= to) return value;
  usage(`--${option} must be an integer from ${from} to ${to}, not ${JSON.stringify(text)}`);
}

function oneOf<Choice extends string>(
  option: string,
  text: string | undefined,
  choices: readonly Choice[],
): Choice | undefined {
  if (text === undefined || (choices as readonly string[]).includes(text)) return text as Choice | undefined;
  usage(`--${option} must be one of ${choices.join(', ')}, not ${JSON.stringify(text)}`);
}

function permissions(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const mode = /^0?o?[0-7]{3}$/.test(text) ? Number.parseInt(text.slice(-3), 8) : Number.NaN;
  if ((mode & 0o600) === 0o600) return mode;
  usage(
    `--mode must be octal permission bits with which the owner can read and write, such as 660, not ${JSON.stringify(text)}`,
  );
}

function parseServe(args: string[], environment: NodeJS.ProcessEnv): Command {
  const { values } = parse({ args, options: SERVE_OPTIONS, strict: true });
  if (values.help) return { kind: 'help' };
  const config = readEnvironment(environment);
  const readOnly = values['read-only'] ?? false;
  const forNewStores = (['backend', 'capacity', 'mode', 'persist'] as const).find((name) => values[name] !== undefined);
  if (readOnly && values['process-metrics']) {
    usage('--process-metrics needs a store that can be written to; leave it out with --read-only');
  }
  if (readOnly && forNewStores !== undefined) {
    usage(`--${forNewStores} is for stores that the service makes; leave it out with --read-only`);
  }
  const store = values.store ?? (readOnly ? config.store : undefined);
  if (store === '') usage('--store must be the path of a file');
  if (readOnly && store === undefined) usage('--read-only needs --store PATH, or PERCPU_METRICS_STORE');
  if (values.host === '') usage('--host must be an address or a name');
  return {
    kind: 'serve',
    host: values.host ?? config.host,
    port: values.port === undefined ? config.port : parsePort(values.port, '--port'),
    workers: integer('workers', values.workers, 1, MAX_WORKERS) ?? 1,
    store,
    readOnly,
    backend: oneOf('backend', values.backend, BACKENDS),
    capacity: integer('capacity', values.capacity, 1, 2 ** 26),
    mode: permissions(values.mode),
    persist: values.persist ?? false,
    processMetrics: values['process-metrics'] ?? false,
    logLevel: oneOf('log-level', values['log-level'], LOG_LEVELS) ?? 'info',
  };
}

/** The value of `--watch` is optional, which `parseArgs` does not know. */
function completeWatch(args: readonly string[]): string[] {
  const complete: string[] = [];
  for (let index = 0; index < args.length; index += 1) {
    const argument = args[index] as string;
    if (argument !== '--watch') {
      complete.push(argument);
      continue;
    }
    const next = args[index + 1];
    const hasValue = next !== undefined && /^\d+(\.\d+)?$/.test(next);
    complete.push(`--watch=${hasValue ? next : DEFAULT_WATCH_SECONDS}`);
    if (hasValue) index += 1;
  }
  return complete;
}

function parseInspect(args: string[]): Command {
  const { values, positionals } = parse({
    args: completeWatch(args),
    options: INSPECT_OPTIONS,
    strict: true,
    allowPositionals: true,
  });
  if (values.help) return { kind: 'help' };
  const [path, ...others] = positionals;
  if (path === undefined || path === '' || others.length > 0) usage('inspect needs the path of one store');
  const watch = values.watch === undefined ? undefined : Number(values.watch || Number.NaN);
  if (watch !== undefined && !(watch >= 0.1 && watch <= MAX_WATCH_SECONDS)) {
    usage(`--watch takes 0.1 to ${MAX_WATCH_SECONDS} seconds, not ${JSON.stringify(values.watch)}`);
  }
  return { kind: 'inspect', path, json: values.json ?? false, watch };
}

/**
 * Reads a command line.
 *
 * @param args - Without the names of Node and the script.
 * @throws CommandError with exit code 2, PercpuMetricsError `ERR_PCM_OPTION`
 */
export function parseCommand(args: readonly string[], environment: NodeJS.ProcessEnv): Command {
  const [name, ...rest] = args;
  switch (name) {
    case 'serve':
      return parseServe(rest, environment);
    case 'inspect':
      return parseInspect(rest);
    case '--version':
    case '-v':
      return { kind: 'version' };
    case '--help':
    case '-h':
    case 'help':
      return { kind: 'help' };
    case undefined:
      usage('there is no command: serve or inspect');
      break;
    default:
      usage(`there is no command ${JSON.stringify(name)}; there are serve and inspect`);
  }
}
