/* See the header. */
#include "text-observations.h"

#include <algorithm>
#include <limits>

namespace pcm {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

bool HasNegativeBound(const pcm_family_definition &definition) noexcept {
    return definition.bound_count > 0 && definition.bounds[0] < 0;
}

} // namespace

TextObservations::TextObservations(Syntax syntax, const pcm_family_definition &definition, const FamilyNames &names,
                                   const char *type, bool has_negative)
    : TextFamily(syntax, definition, names, type), line_suffix_(definition.type == PCM_SUMMARY ? "" : "_bucket"),
      bucket_count_(pcm_definition_bucket_count(&definition)),
      has_sum_(syntax != Syntax::kOpenMetrics || !has_negative) {}

/* OpenMetrics always writes numbers of this kind as fractions: 1.0. */
void TextObservations::AddLine(const char *label, double value) {
    char text[kMaxNumberSize];
    std::string number(text, FormatBound(text, value));
    if (is_open_metrics() && number.find_first_of(".eI") == std::string::npos)
        number += ".0";
    line_labels_.push_back(std::string(label) + "=\"" + number + '"');
}

void TextObservations::AppendSeries(const std::string &labels, uint64_t created_at_ms) {
    for (const std::string &label : line_labels_)
        AppendSample(line_suffix_, labels, label);
    if (has_sum_) {
        AppendSample("_sum", labels);
        AppendSample("_count", labels);
    }
    AppendCreated(labels, created_at_ms);
}

int TextObservations::Render(const pcm_reader *reader, char **out) const noexcept {
    int64_t buckets[PCM_MAX_BUCKETS];
    PieceWriter writer(pieces(), *out);
    ExemplarCursor cursor(exemplars());
    for (uint32_t position = 0; position < series().size(); position++) {
        if (position % kObservationsAtATime == 0)
            pcm_reader_give_way(reader, std::min<uint32_t>(kObservationsAtATime, series().size() - position) *
                                            kWorkOfObservations);
        double sum;
        const int status = pcm_reader_histogram(reader, series()[position], buckets, &sum);
        if (status != PCM_OK)
            return status;
        /* Unsigned, for a store may hold numbers whose sum leaves the range. */
        uint64_t count = 0;
        for (uint32_t i = 0; i < bucket_count_; i++)
            count += static_cast<uint64_t>(buckets[i]);
        cursor.MoveTo(position);
        WriteLines(&writer, buckets, static_cast<int64_t>(count), &cursor);
        if (has_sum_) {
            writer.Real(sum);
            writer.Integer(static_cast<int64_t>(count));
        }
    }
    *out = writer.Finish();
    return PCM_OK;
}

TextHistograms::TextHistograms(Syntax syntax, const pcm_family_definition &definition, const FamilyNames &names)
    : TextObservations(syntax, definition, names, "histogram", HasNegativeBound(definition)),
      bound_count_(definition.bound_count) {
    for (uint32_t i = 0; i < bound_count_; i++)
        AddLine("le", definition.bounds[i]);
    AddLine("le", kInfinity);
    if (is_open_metrics())
        set_exemplar_count(bound_count_ + 1);
}

void TextHistograms::WriteLines(PieceWriter *writer, const int64_t *buckets, int64_t count,
                                ExemplarCursor *exemplars) const noexcept {
    uint64_t below = 0;
    for (uint32_t i = 0; i <= bound_count_; i++) {
        below += static_cast<uint64_t>(buckets[i]);
        writer->Integer(i < bound_count_ ? static_cast<int64_t>(below) : count);
        if (const std::string *exemplar = exemplars->At(i))
            writer->Text(*exemplar);
    }
}

TextNativeHistograms::TextNativeHistograms(Syntax syntax, const pcm_family_definition &definition,
                                           const FamilyNames &names)
    : TextObservations(syntax, definition, names, "histogram", definition.negative) {
    AddLine("le", kInfinity);
}

void TextNativeHistograms::WriteLines(PieceWriter *writer, const int64_t *, int64_t count,
                                      ExemplarCursor *) const noexcept {
    writer->Integer(count);
}

TextSummaries::TextSummaries(Syntax syntax, const pcm_family_definition &definition, const FamilyNames &names)
    : TextObservations(syntax, definition, names, "summary", definition.negative),
      quantiles_(definition.bounds + 2, definition.bounds + definition.bound_count) {
    pcm_definition_exponential(&definition, &shape_);
    for (const double quantile : quantiles_)
        AddLine("quantile", quantile);
}

void TextSummaries::WriteLines(PieceWriter *writer, const int64_t *buckets, int64_t, ExemplarCursor *) const noexcept {
    for (const double quantile : quantiles_)
        writer->Real(pcm_exponential_quantile(&shape_, buckets, quantile));
}

} // namespace pcm
