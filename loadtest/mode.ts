/** How the writers of a store are at work, which decides what its figures are figures of. */
import { openStore } from 'percpu-metrics';

/** The back end in force and who registered its threads for rseq, such as `rseq (libc)`; `undefined` where nobody writes. */
export function modeOf(storePath: string): string | undefined {
  using store = openStore({ path: storePath, readOnly: true });
  const writer = store.processes.find(({ alive }) => alive);
  if (writer === undefined) return undefined;
  const { backend, registration } = writer;
  return registration === 'none' ? backend : `${backend} (${registration})`;
}
