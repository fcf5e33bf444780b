/** What something about a process is found out with: made once, looked at again and again. */
import type { ProcessFamilies } from './process-families.js';

export interface Instrument {
  /** Brings the series up to date. What it throws is of no account: the values stay as they were. */
  readonly look?: () => void | Promise<void>;
  /** Lets go of what it watches with. */
  readonly end?: () => void;
}

/** Makes an instrument whose series have the label `process` with this value. */
export type MakeInstrument = (families: ProcessFamilies, process: string) => Instrument;
