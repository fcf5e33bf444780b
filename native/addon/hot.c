/*
 * The hot functions, see the header. An argument that is missing or no number is a TypeError; a number that names no
 * cell or histogram is ignored, as everything is after close().
 */
#include "hot.h"

#include <errno.h>
#include <stddef.h>
#include <time.h>

#include "../core/hot.h"
#include "errors.h"

/* Gives the binding and `count` arguments, those that are missing as undefined. */
static inline struct pcm__hot_binding *unpack(napi_env env, napi_callback_info info, size_t count,
                                              napi_value *arguments) {
    void *data = NULL;
    napi_get_cb_info(env, info, &count, arguments, NULL, &data);
    return data;
}

static napi_value number_expected(napi_env env) {
    napi_throw_type_error(env, "ERR_PCM_ARGUMENT", "a number was expected");
    return NULL;
}

static napi_value increment(napi_env env, napi_callback_info info) {
    napi_value argument;
    struct pcm__hot_binding *binding = unpack(env, info, 1, &argument);
    if (binding->store == NULL)
        return NULL;
    uint32_t cell;
    if (napi_get_value_uint32(env, argument, &cell) != napi_ok)
        return number_expected(env);
    if (pcm__cell_exists(binding->store, cell))
        pcm__cell_add(binding->store, cell, 1);
    return NULL;
}

static napi_value add(napi_env env, napi_callback_info info) {
    napi_value arguments[2];
    struct pcm__hot_binding *binding = unpack(env, info, 2, arguments);
    if (binding->store == NULL)
        return NULL;
    uint32_t cell;
    int64_t amount;
    if (napi_get_value_uint32(env, arguments[0], &cell) != napi_ok ||
        napi_get_value_int64(env, arguments[1], &amount) != napi_ok)
        return number_expected(env);
    if (pcm__cell_exists(binding->store, cell))
        pcm__cell_add(binding->store, cell, amount);
    return NULL;
}

static napi_value set(napi_env env, napi_callback_info info) {
    napi_value arguments[2];
    struct pcm__hot_binding *binding = unpack(env, info, 2, arguments);
    if (binding->store == NULL)
        return NULL;
    int64_t series;
    double value;
    if (napi_get_value_int64(env, arguments[0], &series) != napi_ok ||
        napi_get_value_double(env, arguments[1], &value) != napi_ok)
        return number_expected(env);
    errno = 0;
    const int status = pcm_gauge_set(binding->store, (pcm_series_id)series, value);
    if (status != PCM_OK)
        pcm__throw_status(env, status, errno);
    return NULL;
}

static napi_value observe(napi_env env, napi_callback_info info) {
    napi_value arguments[2];
    struct pcm__hot_binding *binding = unpack(env, info, 2, arguments);
    if (binding->store == NULL)
        return NULL;
    uint32_t histogram;
    double value;
    if (napi_get_value_uint32(env, arguments[0], &histogram) != napi_ok ||
        napi_get_value_double(env, arguments[1], &value) != napi_ok)
        return number_expected(env);
    if (histogram >= binding->histogram_count)
        return NULL;
    const int status = pcm_histogram_observe(binding->store, &binding->histograms[histogram], value);
    if (status != PCM_OK)
        pcm__throw_status(env, status, 0);
    return NULL;
}

static inline void add_if_exists(pcm_store *store, uint32_t cell, int64_t amount) {
    if (pcm__cell_exists(store, cell))
        pcm__cell_add(store, cell, amount);
}

/* Seconds of a clock that never goes back. */
static double seconds_now(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

static napi_value enter(napi_env env, napi_callback_info info) {
    napi_value argument;
    struct pcm__hot_binding *binding = unpack(env, info, 1, &argument);
    if (binding->store == NULL)
        return NULL;
    uint32_t gauge;
    if (napi_get_value_uint32(env, argument, &gauge) != napi_ok)
        return number_expected(env);
    add_if_exists(binding->store, gauge, 1);
    napi_value seconds;
    return napi_create_double(env, seconds_now(), &seconds) == napi_ok ? seconds : NULL;
}

static napi_value leave(napi_env env, napi_callback_info info) {
    napi_value arguments[4];
    struct pcm__hot_binding *binding = unpack(env, info, 4, arguments);
    if (binding->store == NULL)
        return NULL;
    uint32_t gauge;
    uint32_t counter;
    uint32_t histogram;
    double entered;
    if (napi_get_value_uint32(env, arguments[0], &gauge) != napi_ok ||
        napi_get_value_uint32(env, arguments[1], &counter) != napi_ok ||
        napi_get_value_uint32(env, arguments[2], &histogram) != napi_ok ||
        napi_get_value_double(env, arguments[3], &entered) != napi_ok)
        return number_expected(env);
    add_if_exists(binding->store, gauge, -1);
    add_if_exists(binding->store, counter, 1);
    if (histogram < binding->histogram_count) {
        /* The only error is a value that is not finite, which comes from such a time of entry. */
        (void)pcm_histogram_observe(binding->store, &binding->histograms[histogram], seconds_now() - entered);
    }
    return NULL;
}

/* What an entry of a batch does, as in src/binding.ts. */
enum { BATCH_ADD, BATCH_ADD_FRACTION, BATCH_SET, BATCH_OBSERVE, BATCH_NO_ROOM, BATCH_ENTRY = 3 };

/* `target` as an unsigned number; one that is none names nothing. */
static uint64_t target_of(double target) {
    return target >= 0 && target < 9007199254740992.0 ? (uint64_t)target : UINT64_MAX;
}

static int apply(struct pcm__hot_binding *binding, const double *entry) {
    const uint64_t target = target_of(entry[1]);
    const double amount = entry[2];
    if (entry[0] == BATCH_ADD_FRACTION)
        return pcm_series_add_double(binding->store, target, amount);
    if (entry[0] == BATCH_SET)
        return pcm_gauge_set(binding->store, target, amount);
    if (entry[0] == BATCH_OBSERVE)
        return target < binding->histogram_count
                   ? pcm_histogram_observe(binding->store, &binding->histograms[target], amount)
                   : PCM_OK;
    if (target < UINT32_MAX && amount >= -9007199254740992.0 && amount <= 9007199254740992.0)
        add_if_exists(binding->store, (uint32_t)target, (int64_t)amount);
    return PCM_OK;
}

static napi_value record(napi_env env, napi_callback_info info) {
    napi_value argument;
    struct pcm__hot_binding *binding = unpack(env, info, 1, &argument);
    if (binding->store == NULL)
        return NULL;
    napi_typedarray_type type;
    size_t length;
    void *data;
    if (napi_get_typedarray_info(env, argument, &type, &length, &data, NULL, NULL) != napi_ok ||
        type != napi_float64_array) {
        napi_throw_type_error(env, "ERR_PCM_ARGUMENT", "a Float64Array was expected");
        return NULL;
    }
    double *entries = data;
    int worst = PCM_OK;
    int saved = 0;
    bool is_full = false;
    for (size_t at = 0; at + BATCH_ENTRY <= length; at += BATCH_ENTRY) {
        errno = 0;
        const int status = apply(binding, &entries[at]);
        if (status == PCM_CAPACITY || status == PCM_NO_SPACE) {
            entries[at] = BATCH_NO_ROOM;
            is_full = true;
        } else if (status != PCM_OK && worst == PCM_OK) {
            worst = status;
            saved = errno;
        }
    }
    if (worst != PCM_OK)
        pcm__throw_status(env, worst, saved);
    napi_value all_in;
    return napi_get_boolean(env, !is_full, &all_in) == napi_ok ? all_in : NULL;
}

/* What crossing from JavaScript costs. */
static napi_value noop(napi_env env, napi_callback_info info) {
    (void)env;
    (void)info;
    return NULL;
}

const struct pcm__hot_function pcm__hot_functions[PCM__HOT_FUNCTIONS] = {
    {"increment", increment}, {"add", add},     {"set", set},       {"observe", observe},
    {"enter", enter},         {"leave", leave}, {"record", record}, {"noop", noop},
};
