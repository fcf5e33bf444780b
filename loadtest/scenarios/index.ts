/** All scenarios, in the order in which they run. */
import { contention } from './contention.js';
import { dense } from './dense.js';
import { lanes } from './lanes.js';
import { memory } from './memory.js';
import { recovery } from './recovery.js';
import { request } from './request.js';
import type { Scenario } from './scenario.js';
import { scrape } from './scrape.js';
import { series } from './series.js';

export const scenarios: readonly Scenario[] = [request, dense, contention, scrape, series, memory, recovery, lanes];
