/*
 * Escapes and the check of UTF-8, in one pass: whatever needs no change is appended in runs. The well-formed sequences
 * are those of table 3-7 of the Unicode standard.
 */
#include "escape.h"

#include <cstdint>

namespace pcm {
namespace {

constexpr char kReplacement[] = "\xEF\xBF\xBD";

/* How a sequence goes on after its first byte: its length, and the range of its second byte. */
struct Lead {
    unsigned length;
    uint8_t low;
    uint8_t high;
};

Lead LeadOf(uint8_t byte) noexcept {
    if (byte >= 0xC2 && byte <= 0xDF)
        return {2, 0x80, 0xBF};
    if (byte == 0xE0)
        return {3, 0xA0, 0xBF}; /* shorter forms exist for what is below */
    if (byte == 0xED)
        return {3, 0x80, 0x9F}; /* above are the surrogates */
    if (byte >= 0xE1 && byte <= 0xEF)
        return {3, 0x80, 0xBF};
    if (byte == 0xF0)
        return {4, 0x90, 0xBF};
    if (byte >= 0xF1 && byte <= 0xF3)
        return {4, 0x80, 0xBF};
    if (byte == 0xF4)
        return {4, 0x80, 0x8F}; /* above is beyond U+10FFFF */
    return {0, 0, 0};
}

enum class Escapes { kNone, kHelp, kQuoted };

/* The letter behind the backslash, or 0 where the byte stands for itself. */
char EscapeOf(uint8_t byte, Escapes escapes) noexcept {
    if (escapes == Escapes::kNone)
        return 0;
    if (byte == '\\')
        return '\\';
    if (byte == '\n')
        return 'n';
    if (byte == '"' && escapes == Escapes::kQuoted)
        return '"';
    return 0;
}

void AppendEscaped(std::string *out, pcm_bytes bytes, Escapes escapes) {
    const uint8_t *text = reinterpret_cast<const uint8_t *>(bytes.data);
    size_t run = 0;
    size_t at = 0;
    const auto replace = [&](const char *by, size_t by_size, size_t size) {
        out->append(bytes.data + run, at - run);
        out->append(by, by_size);
        at += size;
        run = at;
    };
    while (at < bytes.size) {
        if (text[at] < 0x80) {
            const char letter = EscapeOf(text[at], escapes);
            if (letter == 0) {
                at++;
                continue;
            }
            const char escape[] = {'\\', letter};
            replace(escape, sizeof escape, 1);
            continue;
        }
        const Sequence sequence = NextSequence(bytes.data + at, bytes.size - at);
        if (sequence.valid)
            at += sequence.size;
        else
            replace(kReplacement, sizeof kReplacement - 1, sequence.size);
    }
    if (at > run)
        out->append(bytes.data + run, at - run);
}

} // namespace

Sequence NextSequence(const char *bytes, size_t size) noexcept {
    const auto *text = reinterpret_cast<const uint8_t *>(bytes);
    if (text[0] < 0x80)
        return {1, true};
    const Lead lead = LeadOf(text[0]);
    if (lead.length == 0)
        return {1, false};
    size_t taken = 1;
    uint8_t low = lead.low;
    uint8_t high = lead.high;
    while (taken < lead.length) {
        if (taken == size || text[taken] < low || text[taken] > high)
            return {taken, false};
        taken++;
        low = 0x80;
        high = 0xBF;
    }
    return {taken, true};
}

void AppendQuoted(std::string *out, pcm_bytes text) {
    AppendEscaped(out, text, Escapes::kQuoted);
}

void AppendHelp(std::string *out, pcm_bytes text) {
    AppendEscaped(out, text, Escapes::kHelp);
}

void AppendUtf8(std::string *out, pcm_bytes text) {
    AppendEscaped(out, text, Escapes::kNone);
}

} // namespace pcm
