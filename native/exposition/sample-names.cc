/* See the header. */
#include "sample-names.h"

#include <cstring>

namespace pcm {
namespace {

/* The name without its ending; empty where it does not have it, or is nothing else. */
std::string Without(const std::string &name, const char *ending) {
    const size_t size = std::strlen(ending);
    if (name.size() > size && name.compare(name.size() - size, size, ending) == 0)
        return name.substr(0, name.size() - size);
    return {};
}

} // namespace

std::vector<std::string> SampleNames(pcm_type type, const std::string &name) {
    switch (type) {
    case PCM_HISTOGRAM:
    case PCM_NATIVE_HISTOGRAM:
        return {name, name + "_bucket", name + "_sum", name + "_count"};
    case PCM_SUMMARY:
        return {name, name + "_sum", name + "_count"};
    default:
        return {name};
    }
}

std::vector<std::string> OpenMetricsNames(pcm_type type, const std::string &name) {
    switch (type) {
    case PCM_HISTOGRAM:
    case PCM_NATIVE_HISTOGRAM:
    case PCM_SUMMARY:
        return {name + "_created"};
    case PCM_COUNTER: {
        const std::string base = Without(name, "_total");
        return base.empty() ? std::vector<std::string>{} : std::vector<std::string>{base, base + "_created"};
    }
    case PCM_INFO: {
        const std::string base = Without(name, "_info");
        return base.empty() ? std::vector<std::string>{} : std::vector<std::string>{base};
    }
    default:
        return {};
    }
}

bool CanGiveUpOpenMetricsNames(pcm_type type) noexcept {
    return type == PCM_COUNTER || type == PCM_INFO;
}

} // namespace pcm
