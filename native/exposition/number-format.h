/*
 * Numbers as Prometheus' text formats write them. Every function writes at most kMaxNumberSize bytes, without a
 * terminator, and gives the end of what it wrote; nothing depends on the locale, nothing allocates.
 */
#ifndef PCM_EXPOSITION_NUMBER_FORMAT_H_
#define PCM_EXPOSITION_NUMBER_FORMAT_H_

#include <charconv>
#include <cstddef>
#include <cstdint>

namespace pcm {

/* The longest is a double such as -2.2250738585072014e-308. */
inline constexpr size_t kMaxNumberSize = 32;

inline char *FormatInteger(char *out, int64_t value) noexcept {
    if (value >= 0 && value < 10) {
        *out = static_cast<char>('0' + value);
        return out + 1;
    }
    return std::to_chars(out, out + kMaxNumberSize, value).ptr;
}

/* The shortest text that reads back as the same double; NaN, +Inf, -Inf. */
char *FormatReal(char *out, double value) noexcept;

/*
 * A bucket's bound as Go's client writes it ('g', shortest), because the text of `le` identifies a series: 1 and not
 * 1.0, 100000 and not 1e+05, 1e+06 and not 1000000.
 */
char *FormatBound(char *out, double value) noexcept;

} // namespace pcm

#endif
