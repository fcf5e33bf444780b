/*
 * What a scrape is rendered as: a syntax, and how names are written that older Prometheus does not know. Text 0.0.4 and
 * 1.0.0 are one syntax: they differ in whether names may be any UTF-8, which is what kAllowUtf8 says.
 */
#ifndef PCM_EXPOSITION_FORMAT_H_
#define PCM_EXPOSITION_FORMAT_H_

#include <cstdint>

namespace pcm {

enum class Syntax : uint8_t {
    kText,        /* Prometheus text 0.0.4, or 1.0.0 with kAllowUtf8 */
    kOpenMetrics, /* OpenMetrics 1.0.0 */
    kProtobuf,    /* io.prometheus.client.MetricFamily, each behind its length */
};

/* The schemes of Prometheus' content negotiation, see name-escaping.h. */
enum class Escaping : uint8_t { kAllowUtf8, kUnderscores, kDots, kValues };

struct Format {
    Syntax syntax;
    Escaping escaping;

    bool operator==(const Format &other) const noexcept {
        return syntax == other.syntax && escaping == other.escaping;
    }
};

} // namespace pcm

#endif
