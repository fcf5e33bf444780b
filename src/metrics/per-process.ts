/**
 * Families whose series belong to the process that made them: no reader shows them once it has gone. A label that comes
 * behind a family's own ones tells the processes apart.
 */
import { isMainThread, threadId } from 'node:worker_threads';
import { display, PercpuMetricsError } from '../errors.js';
import { isLabelText, notLabelText } from '../store/label-text.js';
import type { DefaultLabels } from './default-labels.js';

const LABEL = 'process';

/** What this process, or this worker thread, is called unless it is named. */
export function processName(): string {
  return isMainThread ? String(process.pid) : `${process.pid}/${threadId}`;
}

/**
 * What the process is called in a family that is declared with this `perProcess`; undefined where its series are not of one.
 *
 * @throws PercpuMetricsError `ERR_PCM_OPTION`, `ERR_PCM_LABEL_NAME`, `ERR_PCM_LABEL_VALUE`
 */
export function ownerName(name: string, labelNames: readonly string[], perProcess: unknown): string | undefined {
  if (perProcess === undefined || perProcess === false) return undefined;
  if (perProcess !== true && (typeof perProcess !== 'string' || perProcess === '')) {
    throw new PercpuMetricsError(
      'ERR_PCM_OPTION',
      `perProcess of ${name} must be true, false or what the process is called, not ${display(perProcess)}`,
      { details: { name, option: 'perProcess', value: perProcess } },
    );
  }
  if (typeof perProcess === 'string' && !isLabelText(perProcess)) {
    throw notLabelText(`perProcess of ${name}`, perProcess, { name, option: 'perProcess', value: perProcess });
  }
  if (labelNames.includes(LABEL)) {
    throw new PercpuMetricsError(
      'ERR_PCM_LABEL_NAME',
      `"${LABEL}" is no name for a label of ${name}: perProcess adds it; leave it out of labelNames`,
      { details: { name, label: LABEL } },
    );
  }
  return perProcess === true ? processName() : perProcess;
}

/** The labels that a process gives to all that it counts in such a family. */
export function withProcess(defaults: DefaultLabels, owner: string | undefined): DefaultLabels {
  return owner === undefined ? defaults : { ...defaults, [LABEL]: owner };
}

/** The error for a family that this store object has under another name of the process. */
export function ownerConflict(name: string, known: string | undefined, owner: string | undefined): PercpuMetricsError {
  return new PercpuMetricsError(
    'ERR_PCM_OPTION',
    `${name} was declared with the process called ${display(known)}, which cannot be called ${display(owner)} as well; ` +
      'use one name in a process',
    { details: { name, option: 'perProcess', value: owner } },
  );
}
