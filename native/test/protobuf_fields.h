/* Fields of messages as the wire format has them, to compare what was rendered with. */
#ifndef PCM_TEST_PROTOBUF_FIELDS_H_
#define PCM_TEST_PROTOBUF_FIELDS_H_

#include <cstring>
#include <string>

#include "exposition_check.h"

namespace pcm_test {

/* One with a length of less than 128. */
inline std::string Field(char tag, const std::string &bytes) {
    CHECK(bytes.size() < 128);
    return std::string(1, tag) + static_cast<char>(bytes.size()) + bytes;
}

inline std::string Double(char tag, double value) {
    char bytes[sizeof value];
    std::memcpy(bytes, &value, sizeof value);
    return tag + std::string(bytes, sizeof bytes);
}

} // namespace pcm_test

#endif
