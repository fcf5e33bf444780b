/** A run as it is saved, and read again. */
import { readFile } from 'node:fs/promises';
import type { Findings } from '../findings.js';
import type { Machine } from '../machine.js';
import type { Pinning } from '../pinning.js';
import type { CostModel } from './model.js';

/** The file of a run. */
export interface RunDocument {
  kind: 'loadtest';
  /** Raised when older files can be read no more. */
  version: 2;
  started: string;
  seconds: number;
  quick: boolean;
  machine: Machine;
  /** See `describeVersions`; runs of before have none. */
  versions?: Record<string, string | null>;
  pinning: Pinning;
  scenarios: Findings[];
  /** As it was fitted then, for whoever reads the file; a report fits it again. Runs of before have none. */
  model?: CostModel;
}

/** @throws Error where the file is none of ours, with its name */
export async function readDocument(path: string): Promise<RunDocument> {
  let value: Partial<RunDocument>;
  try {
    value = JSON.parse(await readFile(path, 'utf8')) as Partial<RunDocument>;
  } catch (cause) {
    throw new Error(`${path} cannot be read: ${cause instanceof Error ? cause.message : cause}`, { cause });
  }
  if (value.kind !== 'loadtest' || value.version !== 2) {
    throw new Error(`${path} holds no results of this load test (version 2); measure again with npm run loadtest`);
  }
  return value as RunDocument;
}
