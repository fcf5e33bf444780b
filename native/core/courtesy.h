/* Giving way: long work beside an event loop that may want the same CPU. One thread at a time. */
#ifndef PCM_COURTESY_H
#define PCM_COURTESY_H

#include <stdbool.h>
#include <stdint.h>

/* Of one piece of work; zero but for `is_wanted` when it begins. */
struct pcm__courtesy {
    bool is_wanted;
    uint32_t worked;   /* since it last gave way */
    int64_t waited_ns; /* for those that it gave way to */
};

/*
 * Says how much work comes next, in series with one number. In front of each PCM_READER_WORK_AT_A_TIME other threads that
 * wait for the CPU run first, until that has taken 10 ms in all.
 */
void pcm__give_way(struct pcm__courtesy *courtesy, uint32_t work);

#endif
