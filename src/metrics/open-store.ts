/** How a store comes to be. */
import { checkStoreOptions, type StoreOptions } from '../store/options.js';
import { Segment } from '../store/segment.js';
import { Store } from './store.js';

/**
 * Opens a store, or makes it where there is none.
 *
 * Without a path it is the store that this process has open already (worker_threads included), else that of the parent
 * process (`PERCPU_METRICS_STORE`), else a new one in memory, which disappears with the last process that has it open.
 * The first store that a process opens for writing is the one that its child processes find, as long as it is open.
 *
 * @throws PercpuMetricsError `ERR_PCM_OPTION`, `ERR_PCM_LABEL_VALUE`, `ERR_PCM_NOT_FOUND`, `ERR_PCM_NOT_A_STORE`, `ERR_PCM_VERSION`,
 * `ERR_PCM_OTHER_BOOT`, `ERR_PCM_PERMISSION`, `ERR_PCM_UNSAFE_PATH`, `ERR_PCM_NO_SPACE`, `ERR_PCM_TOO_MANY_PROCESSES`,
 * `ERR_PCM_BACKEND_MISMATCH`, `ERR_PCM_CORRUPT`, `ERR_PCM_NO_MEMORY`, `ERR_PCM_SYSTEM`, `ERR_PCM_ADDON`
 */
export function openStore(options: StoreOptions = {}): Store {
  const checked = checkStoreOptions(options);
  return new Store(Segment.open(checked), checked);
}
