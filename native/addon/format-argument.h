/*
 * The arguments of render(): `ExpositionFormat` of src/binding.ts, and the names of the families that are wanted.
 */
#ifndef PCM_ADDON_FORMAT_ARGUMENT_H_
#define PCM_ADDON_FORMAT_ARGUMENT_H_

#include <napi.h>

#include "format.h"
#include "name-filter.h"

namespace pcm {

/* Prometheus text 0.0.4 where it is undefined. Throws ERR_PCM_ARGUMENT. */
Format OptionalFormat(Napi::Value value);

/* Everything where it is undefined or empty. Throws ERR_PCM_ARGUMENT. */
NameFilter OptionalFilter(Napi::Value value);

} // namespace pcm

#endif
