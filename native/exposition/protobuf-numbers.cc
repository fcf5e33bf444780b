/* What has one number, as messages. */
#include "protobuf-family.h"

namespace pcm {
namespace {

/* Fields of metrics.proto. */
enum : unsigned {
    kFamilyMetric = 4,
    kMetricGauge = 2,
    kMetricCounter = 3,
    kMetricUntyped = 5,
    kNumberValue = 1,
    kCounterCreated = 3,
};

unsigned MetricField(pcm_type type) noexcept {
    switch (type) {
    case PCM_COUNTER:
        return kMetricCounter;
    case PCM_UNTYPED:
        return kMetricUntyped;
    default:
        return kMetricGauge;
    }
}

} // namespace

/* Info and state sets have no messages of their own. */
ProtobufFamily::Type ProtobufNumbers::TypeOf(pcm_type type) noexcept {
    switch (type) {
    case PCM_COUNTER:
        return Type::kCounter;
    case PCM_UNTYPED:
        return Type::kUntyped;
    default:
        return Type::kGauge;
    }
}

ProtobufNumbers::ProtobufNumbers(const pcm_family_definition &definition, const FamilyNames &names)
    : ProtobufFamily(definition, names, TypeOf(definition.type)), type_(definition.type) {
    pieces_.bytes() = heading();
}

int ProtobufNumbers::AddSeries(const pcm_reader *reader, uint32_t series, size_t room) {
    /* Tags and lengths of the metric and of its number, the value, and the timestamp. */
    constexpr size_t kMaxDecoration = 96;
    if (MaxLabelsSize(reader, series) + kMaxDecoration > room)
        return PCM_NO_MEMORY;
    const std::string labels = LabelsOf(reader, series);
    if (!pcm_reader_is_current(reader, series))
        return PCM_REMOVED;
    const std::string created =
        type_ == PCM_COUNTER ? TimestampField(kCounterCreated, pcm_reader_series(reader, series).created_at_ms) : "";
    const size_t number = 1 + sizeof(double) + created.size();
    std::string &bytes = pieces_.bytes();
    bytes += Tag(kFamilyMetric, WireType::kBytes);
    AppendVarint(&bytes, labels.size() + 1 + VarintSize(number) + number);
    bytes += labels;
    bytes += Tag(MetricField(type_), WireType::kBytes);
    AppendVarint(&bytes, number);
    bytes += Tag(kNumberValue, WireType::kFixed64);
    pieces_.MarkValue();
    bytes += created;
    series_.push_back(series);
    return PCM_OK;
}

int ProtobufNumbers::Render(const pcm_reader *reader, char **out) const noexcept {
    if (series_.empty())
        return PCM_OK;
    PieceWriter writer(pieces_, WriteVarint(*out, body_size()));
    for (const uint32_t series : series_) {
        pcm_number number;
        const int status = pcm_reader_value(reader, series, &number);
        if (status != PCM_OK)
            return status;
        writer.Fixed(number.real);
    }
    *out = writer.Finish();
    return PCM_OK;
}

} // namespace pcm
