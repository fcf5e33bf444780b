/* What has one number, as messages. */
#include <algorithm>

#include "protobuf-family.h"

namespace pcm {
namespace {

/* Fields of metrics.proto. */
enum : unsigned {
    kFamilyMetric = 4,
    kMetricGauge = 2,
    kMetricCounter = 3,
    kMetricUntyped = 5,
    kMetricLabel = 1,
    kNumberValue = 1,
    kCounterExemplar = 2,
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
    AppendMetric(&pieces_, labels, MetricField(type_), created);
    series_.push_back(series);
    return PCM_OK;
}

/* `rest` is what follows the value of the number. */
void ProtobufNumbers::AppendMetric(Pieces *pieces, const std::string &labels, unsigned field, const std::string &rest) {
    const size_t number = 1 + sizeof(double) + rest.size();
    std::string &bytes = pieces->bytes();
    bytes += Tag(kFamilyMetric, WireType::kBytes);
    AppendVarint(&bytes, labels.size() + 1 + VarintSize(number) + number);
    bytes += labels;
    bytes += Tag(field, WireType::kBytes);
    AppendVarint(&bytes, number);
    bytes += Tag(kNumberValue, WireType::kFixed64);
    pieces->MarkValue();
    bytes += rest;
}

size_t ProtobufNumbers::TakeInExemplars(const pcm_reader *reader) {
    with_exemplars_ = Pieces();
    if (!exemplars_.Begin(reader) || type_ != PCM_COUNTER)
        return 0;
    for (uint32_t i = 0; i < series_.size(); i++)
        exemplars_.Add(reader, i, series_[i], 1, ExemplarField<kCounterExemplar>);
    if (exemplars_.is_empty())
        return 0;
    PutExemplarsIn();
    return with_exemplars_.size() - pieces_.size();
}

/* Takes apart what AppendMetric made. */
void ProtobufNumbers::PutExemplarsIn() {
    const std::string &bytes = pieces_.bytes();
    ExemplarCursor cursor(exemplars_);
    size_t at = heading().size();
    with_exemplars_.bytes() = heading();
    for (uint32_t i = 0; i < series_.size(); i++) {
        ReadVarint(bytes, &++at); /* the length of the metric, behind its tag */
        const size_t labels = at;
        while (bytes[at] == Tag(kMetricLabel, WireType::kBytes)) {
            const size_t size = ReadVarint(bytes, &++at);
            at += size;
        }
        const std::string label_fields = bytes.substr(labels, at - labels);
        const size_t number = ReadVarint(bytes, &++at);
        const size_t created = number - 1 - sizeof(double);
        cursor.MoveTo(i);
        const std::string *exemplar = cursor.At(0);
        const std::string rest = (exemplar == nullptr ? std::string() : *exemplar) + bytes.substr(at + 1, created);
        AppendMetric(&with_exemplars_, label_fields, MetricField(type_), rest);
        at += 1 + created;
    }
}

int ProtobufNumbers::Render(const pcm_reader *reader, char **out) const noexcept {
    if (series_.empty())
        return PCM_OK;
    const Pieces &pieces = exemplars_.is_empty() ? pieces_ : with_exemplars_;
    PieceWriter writer(pieces, WriteVarint(*out, pieces.size() + pieces.value_count() * sizeof(double)));
    for (uint32_t i = 0; i < series_.size(); i++) {
        if (i % kNumbersAtATime == 0)
            pcm_reader_give_way(reader, std::min<uint32_t>(kNumbersAtATime, series_.size() - i));
        pcm_number number;
        const int status = pcm_reader_value(reader, series_[i], &number);
        if (status != PCM_OK)
            return status;
        writer.Fixed(number.real);
    }
    *out = writer.Finish();
    return PCM_OK;
}

} // namespace pcm
