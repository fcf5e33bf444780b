/** A fault for whoever watches a reader: every other time it finds nothing, so that what it reads goes down. */
import type { Mutation } from './native-variant.js';

const pass = '    sum_range(reader, 0, integers, reader->integers, false);\n';

/** The changes of the core that make it. */
export const blindReader: Mutation['changes'] = [
  {
    find: pass,
    replace: `${pass}    static uint64_t turn;
    if (turn++ % 2 == 1)
        memset(reader->integers, 0, integers * sizeof(uint64_t));
`,
  },
];
