/*
 * The names that a family has in a scrape: its own, and those that its kind makes of it for the lines of its series. No
 * two families of a scrape may have one in common. src/metrics/sample-names.ts has the same table for families that are
 * not in the store.
 */
#ifndef PCM_EXPOSITION_SAMPLE_NAMES_H_
#define PCM_EXPOSITION_SAMPLE_NAMES_H_

#include <string>
#include <vector>

#include "percpu_metrics.h"

namespace pcm {

/* The names that every format has: x, and of a histogram x_bucket, x_sum and x_count. May throw std::bad_alloc. */
std::vector<std::string> SampleNames(pcm_type type, const std::string &name);

/* Those that OpenMetrics has beside them: x and x_created of a counter x_total. May throw std::bad_alloc. */
std::vector<std::string> OpenMetricsNames(pcm_type type, const std::string &name);

/* Whether OpenMetrics can have a family of this kind without these: as one of another type. */
bool CanGiveUpOpenMetricsNames(pcm_type type) noexcept;

} // namespace pcm

#endif
