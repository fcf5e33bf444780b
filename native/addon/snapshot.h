/*
 * What a reader read, as JavaScript objects: `FamilySnapshot`, `LaneSnapshot` and `ExposedNames` of src/binding.ts.
 */
#ifndef PCM_ADDON_SNAPSHOT_H_
#define PCM_ADDON_SNAPSHOT_H_

#include <string>

#include <napi.h>

#include "format.h"
#include "percpu_metrics.h"

namespace pcm {

/*
 * All families with the values of all their series, of the reader's last refresh; if asked for, with the time since
 * which they count, and with the exemplars of right now. Throws Napi::Error.
 */
Napi::Value Snapshot(Napi::Env env, const pcm_reader *reader, bool with_creation, bool with_exemplars);

/* All families with the lanes of all their series, or of those of one family only, in one pass. Throws Napi::Error. */
Napi::Value Lanes(Napi::Env env, const pcm_store *store, const pcm_reader *reader, const std::string *only);

/* The names that all families have in a format, in the order of a snapshot. Throws Napi::Error. */
Napi::Value ExposedNames(Napi::Env env, const pcm_reader *reader, Format format);

} // namespace pcm

#endif
