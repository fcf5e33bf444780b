/*
 * The lines of one family, see the header. A histogram has a line for each bound, one for +Inf, one for its sum and
 * one for its count; the count is the last of the cumulated buckets, so the two cannot disagree.
 */
#include "family-lines.h"

#include <cstring>
#include <limits>

#include "escape.h"

namespace pcm {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

const char *TypeName(pcm_type type) noexcept {
    switch (type) {
    case PCM_COUNTER:
        return "counter";
    case PCM_GAUGE:
    case PCM_INFO:
    case PCM_STATE_SET:
        return "gauge";
    case PCM_HISTOGRAM:
    case PCM_NATIVE_HISTOGRAM:
        return "histogram";
    case PCM_SUMMARY:
        return "summary";
    case PCM_UNTYPED:
        break;
    }
    return "untyped";
}

void AppendBytes(std::string *out, pcm_bytes bytes) {
    out->append(bytes.data, bytes.size);
}

/* name="value",name="value" */
std::string LabelsOf(const pcm_reader *reader, const pcm_family_definition &definition, uint32_t series) {
    std::string labels;
    for (uint32_t i = 0; i < definition.label_count; i++) {
        if (i > 0)
            labels += ',';
        AppendBytes(&labels, definition.label_names[i]);
        labels += "=\"";
        AppendLabelValue(&labels, pcm_reader_label_value(reader, series, i));
        labels += '"';
    }
    return labels;
}

char *Copy(char *out, const char *bytes, size_t size) noexcept {
    std::memcpy(out, bytes, size);
    return out + size;
}

char *AppendIntegerLine(char *out, int64_t value) noexcept {
    out = FormatInteger(out, value);
    *out++ = '\n';
    return out;
}

char *AppendRealLine(char *out, double value) noexcept {
    out = FormatReal(out, value);
    *out++ = '\n';
    return out;
}

/* A native histogram is in text what it is with every client: +Inf, sum and count. */
uint32_t LinesPerSeries(const pcm_family_definition &definition) noexcept {
    switch (definition.type) {
    case PCM_HISTOGRAM:
        return definition.bound_count + 3;
    case PCM_NATIVE_HISTOGRAM:
        return 3;
    case PCM_SUMMARY:
        return definition.bound_count - 2 + 2;
    default:
        return 1;
    }
}

} // namespace

FamilyLines::FamilyLines(const pcm_family_definition &definition)
    : type_(definition.type), bound_count_(definition.type == PCM_HISTOGRAM ? definition.bound_count : 0),
      bucket_count_(pcm_definition_bucket_count(&definition)), lines_per_series_(LinesPerSeries(definition)) {
    if (definition.help.size > 0) {
        bytes_ += "# HELP ";
        AppendBytes(&bytes_, definition.name);
        bytes_ += ' ';
        AppendHelp(&bytes_, definition.help);
        bytes_ += '\n';
    }
    bytes_ += "# TYPE ";
    AppendBytes(&bytes_, definition.name);
    bytes_ += ' ';
    bytes_ += TypeName(definition.type);
    bytes_ += '\n';
    heading_size_ = bytes_.size();
}

/* name_bucket{labels,le="bound"}, or quantile="bound", and a space; without braces where there is nothing to put in them. */
void FamilyLines::AppendPrefix(const pcm_family_definition &definition, const char *suffix, const std::string &labels,
                               const double *bound) {
    const size_t start = bytes_.size();
    AppendBytes(&bytes_, definition.name);
    bytes_ += suffix;
    if (!labels.empty() || bound != nullptr) {
        bytes_ += '{';
        bytes_ += labels;
        if (bound != nullptr) {
            char text[kMaxNumberSize];
            bytes_ += labels.empty() ? "" : ",";
            bytes_ += type_ == PCM_SUMMARY ? "quantile=\"" : "le=\"";
            bytes_.append(text, FormatBound(text, *bound));
            bytes_ += '"';
        }
        bytes_ += '}';
    }
    bytes_ += ' ';
    prefix_sizes_.push_back(static_cast<uint32_t>(bytes_.size() - start));
}

int FamilyLines::AddSeries(const pcm_reader *reader, uint32_t series, size_t room) {
    /* The suffix of the name, the braces, le with its number, and the space. */
    constexpr size_t kMaxDecoration = 24 + kMaxNumberSize;
    const uint32_t family = pcm_reader_series(reader, series).family;
    const pcm_family_definition &definition = *pcm_reader_family(reader, family);
    const std::string labels = LabelsOf(reader, definition, series);
    const size_t line = definition.name.size + labels.size() + kMaxDecoration + kMaxTail;
    if (line > room / lines_per_series_)
        return PCM_NO_MEMORY;
    if (bucket_count_ > 0) {
        for (uint32_t i = 0; i < bound_count_; i++)
            AppendPrefix(definition, "_bucket", labels, &definition.bounds[i]);
        for (uint32_t i = 2; type_ == PCM_SUMMARY && i < definition.bound_count; i++)
            AppendPrefix(definition, "", labels, &definition.bounds[i]);
        if (type_ != PCM_SUMMARY)
            AppendPrefix(definition, "_bucket", labels, &kInfinity);
        AppendPrefix(definition, "_sum", labels, nullptr);
        AppendPrefix(definition, "_count", labels, nullptr);
    } else {
        AppendPrefix(definition, "", labels, nullptr);
    }
    series_.push_back(series);
    return PCM_OK;
}

int FamilyLines::RenderNumbers(const pcm_reader *reader, char **out) const noexcept {
    char *to = Copy(*out, bytes_.data(), heading_size_);
    const char *from = bytes_.data() + heading_size_;
    for (size_t i = 0; i < series_.size(); i++) {
        pcm_number number;
        const int status = pcm_reader_value(reader, series_[i], &number);
        if (status != PCM_OK)
            return status;
        to = Copy(to, from, prefix_sizes_[i]);
        from += prefix_sizes_[i];
        to = number.is_integer ? AppendIntegerLine(to, number.integer) : AppendRealLine(to, number.real);
    }
    *out = to;
    return PCM_OK;
}

void FamilyLines::RenderQuantiles(const pcm_reader *reader, uint32_t series, const int64_t *buckets, char **to,
                                  const char **from, const uint32_t **size) const noexcept {
    const pcm_family_definition *definition = pcm_reader_family(reader, pcm_reader_series(reader, series).family);
    pcm_exponential shape;
    pcm_definition_exponential(definition, &shape);
    for (uint32_t i = 2; i < definition->bound_count; i++) {
        *to =
            AppendRealLine(Copy(*to, *from, **size), pcm_exponential_quantile(&shape, buckets, definition->bounds[i]));
        *from += *(*size)++;
    }
}

int FamilyLines::RenderHistograms(const pcm_reader *reader, char **out) const noexcept {
    int64_t buckets[PCM_MAX_BUCKETS];
    char *to = Copy(*out, bytes_.data(), heading_size_);
    const char *from = bytes_.data() + heading_size_;
    const uint32_t *size = prefix_sizes_.data();
    for (const uint32_t series : series_) {
        double sum;
        const int status = pcm_reader_histogram(reader, series, buckets, &sum);
        if (status != PCM_OK)
            return status;
        /* Unsigned, for a store may hold numbers whose sum leaves the range. */
        uint64_t count = 0;
        for (uint32_t i = 0; i < bucket_count_; i++) {
            count += static_cast<uint64_t>(buckets[i]);
            if (type_ != PCM_HISTOGRAM && (type_ == PCM_SUMMARY || i + 1 < bucket_count_))
                continue;
            to = AppendIntegerLine(Copy(to, from, *size), static_cast<int64_t>(count));
            from += *size++;
        }
        if (type_ == PCM_SUMMARY)
            RenderQuantiles(reader, series, buckets, &to, &from, &size);
        to = AppendRealLine(Copy(to, from, *size), sum);
        from += *size++;
        to = AppendIntegerLine(Copy(to, from, *size), static_cast<int64_t>(count));
        from += *size++;
    }
    *out = to;
    return PCM_OK;
}

int FamilyLines::Render(const pcm_reader *reader, char **out) const noexcept {
    return bucket_count_ > 0 ? RenderHistograms(reader, out) : RenderNumbers(reader, out);
}

} // namespace pcm
