/* Inside of the reader that the core itself uses; the rest is public. */
#ifndef PCM_READER_H
#define PCM_READER_H

#include "store.h"

/* What a counter's or gauge's value is made of: its sum is the value. */
struct pcm__parts {
    int64_t integer;
    double fraction;
    double set; /* 0 for a counter */
};

void pcm__reader_parts(const pcm_reader *reader, uint32_t series, struct pcm__parts *out);

#endif
