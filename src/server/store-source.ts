/**
 * Where the service gets its store from, for each request anew: a store that the service has opened itself, or one of
 * another application that it only reads, which may come later, and may be replaced by a new one at the same path.
 *
 * Invariant: `store` gives a store that can be used, or throws the reason why there is none; it never waits.
 */
import { statSync } from 'node:fs';
import { resolve } from 'node:path';
import { display, PercpuMetricsError } from '../errors.js';
import { openStore } from '../metrics/open-store.js';
import { Store } from '../metrics/store.js';
import { checkOptions, type Rule } from '../store/rules.js';

const WATCH_MILLISECONDS = 1000;

const STORE_RULE: Rule = {
  expected: 'what openStore() gives',
  holds: (value) => value instanceof Store,
  required: true,
};
const ATTACHED_RULES: Readonly<Record<string, Rule>> = {
  path: {
    expected: 'the path of a file',
    holds: (value) => typeof value === 'string' && value !== '' && !value.includes('\0'),
    required: true,
  },
  onChange: { expected: 'a function', holds: (value) => typeof value === 'function' },
};

/** A store, or the reason why there is none. */
export interface StoreSource {
  readonly readOnly: boolean;
  /** @throws PercpuMetricsError where there is no store that can be used */
  readonly store: Store;
  /** Closes the store. */
  close(): void;
}

/** The error for a store whose file was truncated. */
export function brokenError(path: string): PercpuMetricsError {
  return new PercpuMetricsError(
    'ERR_PCM_BROKEN',
    `${path} was truncated while it was open; remove it, restart its processes and keep whatever truncates it away from it`,
    { details: { path } },
  );
}

/** Looks at something regularly, without keeping the process alive for it. */
function watch(look: () => void): NodeJS.Timeout {
  return setInterval(look, WATCH_MILLISECONDS).unref();
}

/** A store that is open already and stays the same. */
export class OpenedStore implements StoreSource {
  readonly readOnly: boolean;
  readonly #store: Store;
  readonly #timer: NodeJS.Timeout;
  #broken = false;

  constructor(store: Store) {
    checkOptions('an opened store', { store: STORE_RULE }, { store });
    this.#store = store;
    this.readOnly = store.info.readOnly;
    this.#timer = watch(() => {
      try {
        this.#broken ||= store.broken;
      } catch {
        // It was closed by its owner, which whoever asks for it is told.
        clearInterval(this.#timer);
      }
    });
  }

  get store(): Store {
    if (this.#broken) throw brokenError(this.#store.path);
    return this.#store;
  }

  close(): void {
    clearInterval(this.#timer);
    this.#store.close();
  }
}

/** Which file a path leads to, or nothing where that cannot be seen: whoever opens the path is told why. */
function identity(path: string): string | undefined {
  try {
    const { dev, ino } = statSync(path);
    return `${dev}:${ino}`;
  } catch {
    return undefined;
  }
}

/** A store of another application, attached read-only as soon as it is there, and again when it is replaced. */
export class AttachedStore implements StoreSource {
  readonly readOnly = true;
  readonly path: string;
  readonly #onChange: (message: string) => void;
  readonly #timer: NodeJS.Timeout;
  readonly #truncation: PercpuMetricsError;
  #store: Store | undefined;
  #identity: string | undefined;
  #reason: unknown;

  /** @param onChange - Gets a line whenever the store is attached, or a new reason keeps it from being attached. */
  constructor(path: string, onChange: (message: string) => void = () => {}) {
    checkOptions('an attached store', ATTACHED_RULES, { path, onChange });
    this.path = resolve(path);
    this.#truncation = brokenError(this.path);
    this.#onChange = onChange;
    this.#look();
    this.#timer = watch(() => this.#look());
  }

  get store(): Store {
    if (this.#store === undefined) throw this.#reason;
    return this.#store;
  }

  close(): void {
    clearInterval(this.#timer);
    this.#store?.close();
  }

  #look(): void {
    try {
      const found = identity(this.path);
      // A file that is gone is no reason to forget its counts: the application may have ended, and may come back.
      const same = found === undefined || found === this.#identity;
      if (this.#store !== undefined && same && !this.#store.info.broken) return;
      this.#attach(found);
    } catch (error) {
      this.#detach(error);
    }
  }

  #attach(found: string | undefined): void {
    const next = openStore({ path: this.path, readOnly: true });
    this.#store?.close();
    this.#store = next;
    this.#identity = found;
    this.#reason = undefined;
    this.#say(`attached to ${this.path}`);
  }

  #detach(reason: unknown): void {
    // A new file that cannot be read (yet) does not take the old counts away, a broken one does.
    if (this.#store !== undefined && !this.#store.info.broken) return;
    const before = this.#reason;
    // What is left of a truncated file is no store any more: that it was truncated is the better reason.
    this.#reason = this.#store !== undefined || before === this.#truncation ? this.#truncation : reason;
    this.#store?.close();
    this.#store = undefined;
    const message = this.#reason instanceof Error ? this.#reason.message : String(this.#reason);
    if (!(before instanceof Error) || before.message !== message) this.#say(message);
  }

  /** Runs in a timer: whatever the listener throws must not end the process. */
  #say(message: string): void {
    try {
      this.#onChange(message);
    } catch (error) {
      process.emitWarning(`the listener of changes of a store failed: ${display(error)}`, 'PercpuMetricsWarning');
    }
  }
}
