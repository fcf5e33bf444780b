/* A process that was there before another one died, and adds afterwards to what that was changing. */
#ifndef CRASH_WITNESS_H
#define CRASH_WITNESS_H

#include <stdbool.h>
#include <sys/types.h>

struct witness {
    pid_t pid;
    int to;
    int from;
};

/* What it adds to once it is asked. */
enum witnessed { NOTHING, THE_GAUGE, THE_HISTOGRAM, WHAT_IS_REMOVED };

bool start_witness(struct witness *out, enum witnessed of);

/* Whether what it added was there, and all else. */
bool ask_witness(const struct witness *asked);

#endif
