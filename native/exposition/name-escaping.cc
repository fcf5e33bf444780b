/* The schemes, character by character. Source: model.EscapeName of github.com/prometheus/common. */
#include "name-escaping.h"

#include <charconv>

#include "escape.h"

namespace pcm {
namespace {

bool IsPlainByte(uint8_t byte, NameKind kind, bool first) noexcept {
    return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') || byte == '_' ||
           (byte == ':' && kind == NameKind::kMetric) || (byte >= '0' && byte <= '9' && !first);
}

/* The code point of a well-formed sequence. */
uint32_t CodePoint(const char *text, size_t size) noexcept {
    const auto *bytes = reinterpret_cast<const uint8_t *>(text);
    if (size == 1)
        return bytes[0];
    uint32_t point = bytes[0] & (0x7FU >> size);
    for (size_t i = 1; i < size; i++)
        point = (point << 6) | (bytes[i] & 0x3FU);
    return point;
}

void AppendHex(std::string *out, uint32_t point) {
    char digits[8];
    *out += '_';
    out->append(digits, std::to_chars(digits, digits + sizeof digits, point, 16).ptr);
    *out += '_';
}

/* One character that is not plain, or the underscore, which some schemes double. */
void AppendSpecial(std::string *out, const char *text, Sequence sequence, Escaping escaping) {
    switch (escaping) {
    case Escaping::kDots:
        *out += *text == '.' ? "_dot_" : "__";
        return;
    case Escaping::kValues:
        if (*text == '_')
            *out += "__";
        else if (sequence.valid)
            AppendHex(out, CodePoint(text, sequence.size));
        else
            *out += "_FFFD_";
        return;
    case Escaping::kUnderscores:
    case Escaping::kAllowUtf8:
        *out += '_';
        return;
    }
}

} // namespace

bool IsPlainName(pcm_bytes name, NameKind kind) noexcept {
    for (size_t i = 0; i < name.size; i++)
        if (!IsPlainByte(static_cast<uint8_t>(name.data[i]), kind, i == 0))
            return false;
    return name.size > 0;
}

std::string EscapeName(pcm_bytes name, NameKind kind, Escaping escaping) {
    std::string out;
    if (escaping == Escaping::kAllowUtf8) {
        AppendUtf8(&out, name);
        return out;
    }
    /* `dots` doubles underscores in every name, so that it can be undone. */
    if (escaping != Escaping::kDots && IsPlainName(name, kind))
        return {name.data, name.size};
    if (escaping == Escaping::kValues)
        out += "U__";
    for (size_t i = 0; i < name.size;) {
        const char *at = name.data + i;
        const Sequence sequence = NextSequence(at, name.size - i);
        const bool doubled = *at == '_' && escaping != Escaping::kUnderscores;
        if (sequence.size == 1 && !doubled && IsPlainByte(static_cast<uint8_t>(*at), kind, i == 0))
            out += *at;
        else
            AppendSpecial(&out, at, sequence, escaping);
        i += sequence.size;
    }
    return out;
}

} // namespace pcm
