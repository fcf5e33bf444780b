/** What something about a process is found out with: made once, looked at again and again. */
import type { Store } from './store.js';

export interface Instrument {
  /** Brings the series up to date. What it throws is of no account: the values stay as they were. */
  readonly look?: () => void | Promise<void>;
  /** Lets go of what it watches with. */
  readonly end?: () => void;
}

/** Makes an instrument whose series belong to the process that is called so. */
export type MakeInstrument = (store: Store, perProcess: string) => Instrument;
