/* An array that grows by chunks of doubling size, none of which ever moves. One thread at a time may push. */
#ifndef PCM_CHUNKED_H
#define PCM_CHUNKED_H

#include <stddef.h>
#include <stdint.h>

enum { PCM__CHUNKS = 24, PCM__FIRST_CHUNK_BITS = 8 };

struct pcm__chunked {
    void *chunks[PCM__CHUNKS];
    _Atomic uint32_t count; /* release: elements below it are complete */
};

#ifdef __cplusplus
extern "C" {
#endif

/* Element below the count. */
void *pcm__chunked_at(const struct pcm__chunked *array, size_t element_bytes, uint32_t number);
uint32_t pcm__chunked_count(const struct pcm__chunked *array);

/* CAPACITY, NO_MEMORY. */
int pcm__chunked_push(struct pcm__chunked *array, const void *element, size_t element_bytes);

#ifdef __cplusplus
}
#endif

#endif
