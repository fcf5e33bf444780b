/*
 * The functions that a metric handle calls for every amount, as bare Node-API callbacks. They are C, and not C++ with
 * node-addon-api, because they consist of the core's inline critical section and of the fewest possible calls into
 * Node: one for the arguments, one for each of them.
 *
 * The `data` of each function is a pcm__hot_binding. It outlives the functions (see attachment.h), and its store is
 * NULL from close() on, after which the functions do nothing. Only the JavaScript thread of the attachment touches it.
 */
#ifndef PCM_ADDON_HOT_H
#define PCM_ADDON_HOT_H

#include <node_api.h>

#include "percpu_metrics.h"

#ifdef __cplusplus
extern "C" {
#endif

struct pcm__hot_binding {
    pcm_store *store;                /* NULL once closed */
    const pcm_histogram *histograms; /* by the index that bindHistogram gave */
    uint32_t histogram_count;
};

/* One function of `hot`: its name in JavaScript and its callback. */
struct pcm__hot_function {
    const char *name;
    napi_callback callback;
};

#define PCM__HOT_FUNCTIONS 8

extern const struct pcm__hot_function pcm__hot_functions[PCM__HOT_FUNCTIONS];

#ifdef __cplusplus
}
#endif

#endif
