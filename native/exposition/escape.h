/*
 * Text of a store, made fit for the formats of a scrape. A store is shared memory and may hold any bytes; one
 * label value that is no UTF-8 would make Prometheus refuse the whole scrape. So what is ill-formed is replaced by
 * U+FFFD, one for each longest part of a character that could have been (as TextDecoder does), and never passed on.
 */
#ifndef PCM_EXPOSITION_ESCAPE_H_
#define PCM_EXPOSITION_ESCAPE_H_

#include <cstddef>
#include <string>

#include "percpu_metrics.h"

namespace pcm {

/* What stands at the front of a text: `size` bytes, which are one character or, where not valid, the part of one. */
struct Sequence {
    size_t size;
    bool valid;
};

/* `size` is greater than 0. */
Sequence NextSequence(const char *text, size_t size) noexcept;

/*
 * A text in quotes, without the quotes: backslash, quote and line feed are escaped. For label values, names in quotes,
 * and the help of OpenMetrics. May throw std::bad_alloc.
 */
void AppendQuoted(std::string *out, pcm_bytes text);

/* The HELP of Prometheus' text formats: backslash and line feed are escaped. May throw std::bad_alloc. */
void AppendHelp(std::string *out, pcm_bytes text);

/* The text itself. May throw std::bad_alloc. */
void AppendUtf8(std::string *out, pcm_bytes text);

} // namespace pcm

#endif
