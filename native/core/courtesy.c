/* See courtesy.h. */
#include "courtesy.h"

#include "percpu_metrics.h"

#include <sched.h>
#include <time.h>

#define MOST_WAITING_NS 10000000

static int64_t now_ns(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * 1000000000ll + time.tv_nsec;
}

void pcm__give_way(struct pcm__courtesy *courtesy, uint32_t work) {
    if (!courtesy->is_wanted)
        return;
    courtesy->worked += work;
    if (courtesy->worked < PCM_READER_WORK_AT_A_TIME)
        return;
    courtesy->worked -= PCM_READER_WORK_AT_A_TIME;
    if (courtesy->waited_ns >= MOST_WAITING_NS)
        return;
    int64_t from = now_ns();
    sched_yield();
    courtesy->waited_ns += now_ns() - from;
}
