/*
 * The wire format of Protocol Buffers, as far as metrics need it. The functions that append may throw std::bad_alloc;
 * those that write do not check for room.
 */
#ifndef PCM_EXPOSITION_PROTOBUF_ENCODING_H_
#define PCM_EXPOSITION_PROTOBUF_ENCODING_H_

#include <cstddef>
#include <cstdint>
#include <string>

namespace pcm {

enum class WireType : uint8_t { kVarint = 0, kFixed64 = 1, kBytes = 2 };

inline constexpr size_t kMaxVarint = 10;

/* Fields up to 15 have a tag of one byte. */
constexpr char Tag(unsigned field, WireType type) noexcept {
    return static_cast<char>(field << 3 | static_cast<unsigned>(type));
}

inline size_t VarintSize(uint64_t value) noexcept {
    size_t size = 1;
    for (; value >= 0x80; value >>= 7)
        size++;
    return size;
}

inline char *WriteVarint(char *out, uint64_t value) noexcept {
    for (; value >= 0x80; value >>= 7)
        *out++ = static_cast<char>(value | 0x80);
    *out++ = static_cast<char>(value);
    return out;
}

/* Of bytes that were written here; moves behind it. */
inline uint64_t ReadVarint(const std::string &bytes, size_t *at) noexcept {
    uint64_t value = 0;
    for (unsigned shift = 0;; shift += 7) {
        const auto byte = static_cast<unsigned char>(bytes[(*at)++]);
        value |= static_cast<uint64_t>(byte & 0x7f) << shift;
        if (byte < 0x80)
            return value;
    }
}

inline void AppendVarint(std::string *out, uint64_t value) {
    char bytes[kMaxVarint];
    out->append(bytes, WriteVarint(bytes, value));
}

/* A field that is a string, bytes or a message. */
inline void AppendBytesField(std::string *out, unsigned field, const std::string &bytes) {
    AppendVarint(out, field << 3 | static_cast<unsigned>(WireType::kBytes));
    AppendVarint(out, bytes.size());
    *out += bytes;
}

inline void AppendVarintField(std::string *out, unsigned field, uint64_t value) {
    *out += Tag(field, WireType::kVarint);
    AppendVarint(out, value);
}

} // namespace pcm

#endif
