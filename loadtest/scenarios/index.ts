/** All scenarios, in the order in which they run. */
import { plugin } from './plugin.js';
import type { Scenario } from './scenario.js';
import { service } from './service.js';

export const scenarios: readonly Scenario[] = [service, plugin];
