/* See the header. */
#include "name-filter.h"

namespace pcm {

bool NameFilter::Passes(const std::string &name, pcm_type type) const {
    if (names_.empty() || names_.count(name) > 0)
        return true;
    constexpr size_t kTotal = 6;
    const bool is_total = name.size() > kTotal && name.compare(name.size() - kTotal, kTotal, "_total") == 0;
    if (type == PCM_COUNTER && is_total) {
        const std::string base = name.substr(0, name.size() - kTotal);
        return names_.count(base) > 0 || names_.count(base + "_created") > 0;
    }
    constexpr size_t kInfo = 5;
    if (type == PCM_INFO && name.size() > kInfo && name.compare(name.size() - kInfo, kInfo, "_info") == 0)
        return names_.count(name.substr(0, name.size() - kInfo)) > 0;
    if (type != PCM_HISTOGRAM && type != PCM_NATIVE_HISTOGRAM && type != PCM_SUMMARY)
        return false;
    for (const char *suffix : {"_bucket", "_sum", "_count", "_created"})
        if (names_.count(name + suffix) > 0)
            return true;
    return false;
}

} // namespace pcm
