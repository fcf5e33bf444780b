/* What messages of all kinds have in common, see the header. */
#include "protobuf-family.h"

#include <cstring>

#include "escape.h"

namespace pcm {
namespace {

/* Fields of metrics.proto. */
enum : unsigned {
    kFamilyName = 1,
    kFamilyHelp = 2,
    kFamilyType = 3,
    kFamilyUnit = 5,
    kMetricLabel = 1,
    kLabelName = 1,
    kLabelValue = 2,
    kTimestampSeconds = 1,
    kTimestampNanos = 2,
    kExemplarLabel = 1,
    kExemplarValue = 2,
    kExemplarTimestamp = 3,
};

std::string Utf8(pcm_bytes bytes) {
    std::string text;
    AppendUtf8(&text, bytes);
    return text;
}

} // namespace

ProtobufFamily::ProtobufFamily(const pcm_family_definition &definition, const FamilyNames &names, Type type) {
    AppendBytesField(&heading_, kFamilyName, names.name.text);
    AppendBytesField(&heading_, kFamilyHelp, Utf8(definition.help));
    AppendVarintField(&heading_, kFamilyType, static_cast<uint64_t>(type));
    if (definition.unit.size > 0)
        AppendBytesField(&heading_, kFamilyUnit, Utf8(definition.unit));
    for (const ExposedName &label : names.labels)
        label_names_.push_back(label.text);
}

std::string ProtobufFamily::LabelsOf(const pcm_reader *reader, uint32_t series) const {
    std::string labels;
    for (uint32_t i = 0; i < label_names_.size(); i++) {
        std::string pair;
        AppendBytesField(&pair, kLabelName, label_names_[i]);
        AppendBytesField(&pair, kLabelValue, Utf8(pcm_reader_label_value(reader, series, i)));
        AppendBytesField(&labels, kMetricLabel, pair);
    }
    return labels;
}

size_t ProtobufFamily::MaxLabelsSize(const pcm_reader *reader, uint32_t series) const noexcept {
    size_t size = 0;
    for (uint32_t i = 0; i < label_names_.size(); i++) {
        /* A byte that is no UTF-8 becomes three; three tags and lengths go around the two texts. */
        const size_t value = 3 * pcm_reader_label_value(reader, series, i).size;
        size += label_names_[i].size() + value + 3 * (1 + kMaxVarint);
    }
    return size;
}

std::string ProtobufFamily::ExemplarMessage(const pcm_exemplar &exemplar) {
    std::string message;
    for (uint32_t i = 0; i < exemplar.label_count; i++) {
        std::string pair;
        AppendBytesField(&pair, kLabelName, Utf8(exemplar.names[i]));
        AppendBytesField(&pair, kLabelValue, Utf8(exemplar.values[i]));
        AppendBytesField(&message, kExemplarLabel, pair);
    }
    message += Tag(kExemplarValue, WireType::kFixed64);
    char value[sizeof exemplar.value];
    std::memcpy(value, &exemplar.value, sizeof value);
    message.append(value, sizeof value);
    return message + TimestampField(kExemplarTimestamp, exemplar.timestamp_ms);
}

std::string ProtobufFamily::TimestampField(unsigned field, uint64_t milliseconds) {
    constexpr uint64_t kNanosPerMillisecond = 1000000;
    std::string timestamp;
    AppendVarintField(&timestamp, kTimestampSeconds, milliseconds / 1000);
    AppendVarintField(&timestamp, kTimestampNanos, milliseconds % 1000 * kNanosPerMillisecond);
    std::string bytes;
    AppendBytesField(&bytes, field, timestamp);
    return bytes;
}

} // namespace pcm
