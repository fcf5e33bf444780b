/*
 * Text of a store, made fit for Prometheus' text format 0.0.4. A store is shared memory and may hold any bytes; one
 * label value that is no UTF-8 would make Prometheus refuse the whole scrape. So what is ill-formed is replaced by
 * U+FFFD, one for each longest part of a character that could have been (as TextDecoder does), and never passed on.
 */
#ifndef PCM_EXPOSITION_ESCAPE_H_
#define PCM_EXPOSITION_ESCAPE_H_

#include <string>

#include "percpu_metrics.h"

namespace pcm {

/* A label's value without its quotes: backslash, quote and line feed are escaped. May throw std::bad_alloc. */
void AppendLabelValue(std::string *out, pcm_bytes text);

/* A HELP line's text: backslash and line feed are escaped. May throw std::bad_alloc. */
void AppendHelp(std::string *out, pcm_bytes text);

} // namespace pcm

#endif
