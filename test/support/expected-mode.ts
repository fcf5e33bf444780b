/**
 * The mode that this process must have: restartable sequences, or, where PCM_TEST_REGISTRATION=none says that the addon
 * is built without them, atomic lanes. The suite of the core reads the same variable.
 */
import type { StoreMode } from 'percpu-metrics';

export const expectedBackend: StoreMode['backend'] =
  process.env['PCM_TEST_REGISTRATION'] === 'none' ? 'atomic' : 'rseq';
