/* See chunked.h. */
#include "chunked.h"

#include "percpu_metrics.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

/* Chunk k holds 2^(k + PCM__FIRST_CHUNK_BITS) elements. */
static uint32_t chunk_of(uint32_t number, uint32_t *within) {
    uint32_t shifted = number + (1u << PCM__FIRST_CHUNK_BITS);
    uint32_t bits = 31u - (uint32_t)__builtin_clz(shifted);
    *within = shifted - (1u << bits);
    return bits - PCM__FIRST_CHUNK_BITS;
}

void *pcm__chunked_at(const struct pcm__chunked *array, size_t element_bytes, uint32_t number) {
    uint32_t within;
    uint32_t chunk = chunk_of(number, &within);
    return (char *)array->chunks[chunk] + within * element_bytes;
}

uint32_t pcm__chunked_count(const struct pcm__chunked *array) {
    return atomic_load_explicit(&array->count, memory_order_acquire);
}

int pcm__chunked_push(struct pcm__chunked *array, const void *element, size_t element_bytes) {
    uint32_t within;
    uint32_t number = atomic_load_explicit(&array->count, memory_order_relaxed);
    uint32_t chunk = chunk_of(number, &within);
    if (chunk >= PCM__CHUNKS)
        return PCM_CAPACITY;
    if (array->chunks[chunk] == NULL) {
        array->chunks[chunk] = malloc(element_bytes << (chunk + PCM__FIRST_CHUNK_BITS));
        if (array->chunks[chunk] == NULL)
            return PCM_NO_MEMORY;
    }
    memcpy((char *)array->chunks[chunk] + within * element_bytes, element, element_bytes);
    /* Release pairs with pcm__chunked_count(): who sees the number sees the element. */
    atomic_store_explicit(&array->count, number + 1, memory_order_release);
    return PCM_OK;
}
