/*
 * Numbers as text: std::to_chars for what is finite, which is exact, shortest and free of the locale, and the three
 * names that Prometheus gives to the rest.
 */
#include "number-format.h"

#include <cmath>
#include <cstring>

namespace pcm {
namespace {

char *CopyName(char *out, const char *name, size_t size) noexcept {
    std::memcpy(out, name, size);
    return out + size;
}

char *FormatNotFinite(char *out, double value) noexcept {
    if (std::isnan(value))
        return CopyName(out, "NaN", 3);
    return CopyName(out, value > 0 ? "+Inf" : "-Inf", 4);
}

/* The power of ten of a text such as 2.5e+06. */
int Exponent(const char *text, const char *end) noexcept {
    const char *mark = static_cast<const char *>(std::memchr(text, 'e', static_cast<size_t>(end - text)));
    if (mark == nullptr)
        return 0;
    const char *digits = mark + 1;
    if (digits < end && *digits == '+')
        digits++;
    int exponent = 0;
    std::from_chars(digits, end, exponent);
    return exponent;
}

} // namespace

char *FormatReal(char *out, double value) noexcept {
    if (!std::isfinite(value))
        return FormatNotFinite(out, value);
    return std::to_chars(out, out + kMaxNumberSize, value).ptr;
}

char *FormatBound(char *out, double value) noexcept {
    if (!std::isfinite(value))
        return FormatNotFinite(out, value);
    char *end = std::to_chars(out, out + kMaxNumberSize, value, std::chars_format::scientific).ptr;
    const int exponent = Exponent(out, end);
    /* Go leaves the plain form below 1e-4 and from 1e6 on. */
    if (exponent < -4 || exponent >= 6)
        return end;
    return std::to_chars(out, out + kMaxNumberSize, value, std::chars_format::fixed).ptr;
}

} // namespace pcm
