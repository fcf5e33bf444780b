/* See the header. */
#include "name-filter.h"

#include <algorithm>
#include <vector>

#include "sample-names.h"

namespace pcm {

bool NameFilter::Passes(const std::string &name, pcm_type type) const {
    const auto has_any = [&](const std::vector<std::string> &names) {
        return std::any_of(names.begin(), names.end(), [&](const std::string &one) { return names_.count(one) > 0; });
    };
    return names_.empty() || has_any(SampleNames(type, name)) || has_any(OpenMetricsNames(type, name));
}

} // namespace pcm
