/* See the header. */
#include "protobuf-observations.h"

#include <algorithm>
#include <cstring>
#include <limits>
#include <utility>

namespace pcm {
namespace {

/* Fields of metrics.proto. */
enum : unsigned {
    kFamilyMetric = 4,
    kMetricSummary = 4,
    kMetricHistogram = 7,
    kSampleCount = 1,
    kSampleSum = 2,
    kHistogramBucket = 3,
    kHistogramSchema = 5,
    kHistogramZeroThreshold = 6,
    kHistogramZeroCount = 7,
    kHistogramNegativeSpan = 9,
    kHistogramNegativeDelta = 10,
    kHistogramPositiveSpan = 12,
    kHistogramPositiveDelta = 13,
    kHistogramCreated = 15,
    kHistogramExemplar = 16,
    kSpanOffset = 1,
    kSpanLength = 2,
    kSummaryQuantile = 3,
    kSummaryCreated = 4,
    kBucketCount = 1,
    kBucketBound = 2,
    kBucketExemplar = 3,
    kQuantileQuantile = 1,
    kQuantileValue = 2,
};

/* A tag and a length; a scrape is smaller than 2^35 bytes. */
constexpr size_t kMaxHead = 1 + 5;
constexpr size_t kDoubleField = 1 + sizeof(double);
constexpr size_t kMaxCountField = 1 + kMaxVarint;
constexpr size_t kMaxTotals = kMaxCountField + kDoubleField;

char *WriteString(char *to, const std::string &text) noexcept {
    return to + text.copy(to, text.size());
}

char *WriteHead(char *to, unsigned field, size_t size) noexcept {
    *to++ = Tag(field, WireType::kBytes);
    return WriteVarint(to, size);
}

char *WriteCount(char *to, unsigned field, uint64_t count) noexcept {
    *to++ = Tag(field, WireType::kVarint);
    return WriteVarint(to, count);
}

char *WriteDouble(char *to, unsigned field, double value) noexcept {
    *to++ = Tag(field, WireType::kFixed64);
    std::memcpy(to, &value, sizeof value);
    return to + sizeof value;
}

/* A sint32 or sint64: the sign is the lowest bit. */
char *WriteSigned(char *to, unsigned field, int64_t value) noexcept {
    const auto bits = static_cast<uint64_t>(value);
    return WriteCount(to, field, bits << 1 ^ (value < 0 ? ~uint64_t{0} : 0));
}

/* The buckets of one sign: `step` goes from a cell to the one of the next index. */
struct Side {
    const int64_t *cells;
    ptrdiff_t step;
    uint32_t count;
    int32_t first_index;

    int64_t at(uint32_t i) const noexcept {
        return cells[static_cast<ptrdiff_t>(i) * step];
    }
};

/* Runs of buckets that are not empty: each one's distance from the end of the one before, and its length. */
char *WriteSpans(char *to, unsigned field, const Side &side) noexcept {
    int64_t end = 0;
    for (uint32_t i = 0; i < side.count; i++) {
        if (side.at(i) == 0)
            continue;
        const uint32_t start = i;
        while (i < side.count && side.at(i) != 0)
            i++;
        char span[2 * kMaxCountField];
        const int64_t index = int64_t{side.first_index} + start;
        char *const span_end = WriteCount(WriteSigned(span, kSpanOffset, index - end), kSpanLength, i - start);
        end = index + (i - start);
        const auto size = static_cast<size_t>(span_end - span);
        to = WriteHead(to, field, size);
        std::memcpy(to, span, size);
        to += size;
    }
    return to;
}

/* Of buckets that are not empty, the difference of each one from the one before. */
char *WriteDeltas(char *to, unsigned field, const Side &side) noexcept {
    uint64_t before = 0;
    for (uint32_t i = 0; i < side.count; i++) {
        const auto count = static_cast<uint64_t>(side.at(i));
        if (count == 0)
            continue;
        to = WriteSigned(to, field, static_cast<int64_t>(count - before));
        before = count;
    }
    return to;
}

/* Histograms and summaries have the same fields for them. */
char *WriteTotals(char *to, uint64_t count, double sum) noexcept {
    return WriteDouble(WriteCount(to, kSampleCount, count), kSampleSum, sum);
}

} // namespace

ProtobufObservations::ProtobufObservations(const pcm_family_definition &definition, const FamilyNames &names, Type type)
    : ProtobufFamily(definition, names, type), is_summary_(type == Type::kSummary),
      bucket_count_(pcm_definition_bucket_count(&definition)), max_size_(kMaxHead + heading().size()) {}

/* Room for a timestamp is in it. */
size_t ProtobufObservations::MaxMetricSize(size_t labels) const noexcept {
    constexpr size_t kMaxTimestamp = 2 + 2 * kMaxCountField;
    return 2 * kMaxHead + labels + max_value_size() + kMaxTimestamp;
}

int ProtobufObservations::AddSeries(const pcm_reader *reader, uint32_t series, size_t room) {
    if (MaxMetricSize(MaxLabelsSize(reader, series)) > room)
        return PCM_NO_MEMORY;
    const unsigned field = is_summary_ ? kSummaryCreated : kHistogramCreated;
    const uint64_t created_at_ms = pcm_reader_series(reader, series).created_at_ms;
    std::string labels = LabelsOf(reader, series);
    if (!pcm_reader_is_current(reader, series))
        return PCM_REMOVED;
    series_.push_back({series, std::move(labels), TimestampField(field, created_at_ms)});
    max_size_ += MaxMetricSize(series_.back().labels.size());
    return PCM_OK;
}

size_t ProtobufObservations::TakeInExemplars(const pcm_reader *reader) {
    /* Beside its text, a length may take more bytes, and +Inf needs a bucket. */
    constexpr size_t kMaxMore = kMaxHead + kMaxHead + kMaxCountField + kDoubleField;
    if (!exemplars_.Begin(reader) || exemplar_count() == 0)
        return 0;
    for (uint32_t i = 0; i < series_.size(); i++)
        exemplars_.Add(reader, i, series_[i].index, exemplar_count(), exemplar_format());
    return exemplars_.size() + exemplars_.count() * kMaxMore;
}

char *ProtobufObservations::WriteMetric(char *to, const Series &series,
                                        const Observations &observations) const noexcept {
    char *const value = to + 2 * kMaxHead + series.labels.size();
    char *const end = WriteString(WriteValue(value, observations), series.created);
    const auto size = static_cast<size_t>(end - value);
    to = WriteHead(to, kFamilyMetric, series.labels.size() + 1 + VarintSize(size) + size);
    to = WriteString(to, series.labels);
    to = WriteHead(to, is_summary_ ? kMetricSummary : kMetricHistogram, size);
    std::memmove(to, value, size);
    return to + size;
}

int ProtobufObservations::Render(const pcm_reader *reader, char **out) const noexcept {
    if (series_.empty())
        return PCM_OK;
    int64_t buckets[PCM_MAX_BUCKETS];
    char *const body = *out + kMaxHead;
    char *to = WriteString(body, heading());
    ExemplarCursor cursor(exemplars_);
    for (uint32_t position = 0; position < series_.size(); position++) {
        if (position % kObservationsAtATime == 0)
            pcm_reader_give_way(reader, std::min<uint32_t>(kObservationsAtATime, series_.size() - position) *
                                            kWorkOfObservations);
        const Series &series = series_[position];
        Observations observations{buckets, 0, 0, &cursor};
        cursor.MoveTo(position);
        const int status = pcm_reader_histogram(reader, series.index, buckets, &observations.sum);
        if (status != PCM_OK)
            return status;
        for (uint32_t i = 0; i < bucket_count_; i++)
            observations.count += static_cast<uint64_t>(buckets[i]);
        to = WriteMetric(to, series, observations);
    }
    const auto size = static_cast<size_t>(to - body);
    char *const start = WriteVarint(*out, size);
    std::memmove(start, body, size);
    *out = start + size;
    return PCM_OK;
}

/* ---------------------------------------------------------------- histograms */

ProtobufHistograms::ProtobufHistograms(const pcm_family_definition &definition, const FamilyNames &names)
    : ProtobufObservations(definition, names, Type::kHistogram),
      bounds_(definition.bounds, definition.bounds + definition.bound_count) {}

size_t ProtobufHistograms::max_value_size() const noexcept {
    return kMaxTotals + bounds_.size() * (2 + kMaxCountField + kDoubleField);
}

ExemplarList::Format ProtobufHistograms::exemplar_format() const noexcept {
    return ExemplarField<kBucketExemplar>;
}

char *ProtobufHistograms::WriteValue(char *to, const Observations &observations) const noexcept {
    to = WriteTotals(to, observations.count, observations.sum);
    uint64_t count = 0;
    for (size_t i = 0; i <= bounds_.size(); i++) {
        count += static_cast<uint64_t>(observations.buckets[i]);
        const std::string *exemplar = observations.exemplars->At(static_cast<uint32_t>(i));
        /* That of +Inf is there for its exemplar only. */
        if (i == bounds_.size() && exemplar == nullptr)
            break;
        const size_t exemplar_size = exemplar == nullptr ? 0 : exemplar->size();
        const double bound = i < bounds_.size() ? bounds_[i] : std::numeric_limits<double>::infinity();
        to = WriteHead(to, kHistogramBucket, 1 + VarintSize(count) + kDoubleField + exemplar_size);
        to = WriteDouble(WriteCount(to, kBucketCount, count), kBucketBound, bound);
        if (exemplar != nullptr)
            to = WriteString(to, *exemplar);
    }
    return to;
}

/* ---------------------------------------------------------------- native histograms */

ProtobufNativeHistograms::ProtobufNativeHistograms(const pcm_family_definition &definition, const FamilyNames &names)
    : ProtobufObservations(definition, names, Type::kHistogram) {
    pcm_definition_exponential(&definition, &shape_);
}

/* A span of its own for each bucket: its head, its two numbers, which have 32 bits; and a delta. */
size_t ProtobufNativeHistograms::max_value_size() const noexcept {
    constexpr size_t kMaxBucket = 2 + 2 * (1 + 5) + kMaxCountField;
    return kMaxTotals + 2 * kMaxCountField + kDoubleField + (shape_.zero_cell + shape_.bucket_count) * kMaxBucket;
}

ExemplarList::Format ProtobufNativeHistograms::exemplar_format() const noexcept {
    return ExemplarField<kHistogramExemplar>;
}

char *ProtobufNativeHistograms::WriteValue(char *to, const Observations &observations) const noexcept {
    const int64_t *zero = observations.buckets + shape_.zero_cell;
    /* Where negative values have no buckets, zero_cell is 0, and so is the number of them. */
    const Side negative{zero - 1, -1, shape_.zero_cell, shape_.first_index};
    const Side positive{zero + 1, 1, shape_.bucket_count, shape_.first_index};
    to = WriteTotals(to, observations.count, observations.sum);
    to = WriteSigned(to, kHistogramSchema, shape_.schema);
    to = WriteDouble(to, kHistogramZeroThreshold, shape_.zero_threshold);
    to = WriteCount(to, kHistogramZeroCount, static_cast<uint64_t>(*zero));
    to = WriteSpans(to, kHistogramNegativeSpan, negative);
    to = WriteDeltas(to, kHistogramNegativeDelta, negative);
    to = WriteSpans(to, kHistogramPositiveSpan, positive);
    to = WriteDeltas(to, kHistogramPositiveDelta, positive);
    for (uint32_t i = 0; i < PCM_NATIVE_EXEMPLARS; i++)
        if (const std::string *exemplar = observations.exemplars->At(i))
            to = WriteString(to, *exemplar);
    return to;
}

/* ---------------------------------------------------------------- summaries */

ProtobufSummaries::ProtobufSummaries(const pcm_family_definition &definition, const FamilyNames &names)
    : ProtobufObservations(definition, names, Type::kSummary),
      quantiles_(definition.bounds + 2, definition.bounds + definition.bound_count) {
    pcm_definition_exponential(&definition, &shape_);
}

size_t ProtobufSummaries::max_value_size() const noexcept {
    return kMaxTotals + quantiles_.size() * (2 + 2 * kDoubleField);
}

char *ProtobufSummaries::WriteValue(char *to, const Observations &observations) const noexcept {
    to = WriteTotals(to, observations.count, observations.sum);
    for (const double quantile : quantiles_) {
        to = WriteHead(to, kSummaryQuantile, 2 * kDoubleField);
        to = WriteDouble(to, kQuantileQuantile, quantile);
        to = WriteDouble(to, kQuantileValue, pcm_exponential_quantile(&shape_, observations.buckets, quantile));
    }
    return to;
}

} // namespace pcm
