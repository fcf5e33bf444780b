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

/* It adds to the gauge, or observes with the histogram, once it is asked. */
bool start_witness(struct witness *out, bool of_gauge);

/* Whether what it added was there, and all else. */
bool ask_witness(const struct witness *asked);

#endif
