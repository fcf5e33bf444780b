/* What has one number, as text. */
#include <algorithm>
#include <string>

#include "text-family.h"

namespace pcm {
namespace {

/* Their numbers stay in the first-level cache. */
constexpr uint32_t kValuesAtOnce = 64;

bool HasSuffix(const std::string &name, const std::string &suffix) {
    return name.size() > suffix.size() && name.compare(name.size() - suffix.size(), suffix.size(), suffix) == 0;
}

const char *PrometheusWord(pcm_type type) noexcept {
    switch (type) {
    case PCM_COUNTER:
        return "counter";
    case PCM_UNTYPED:
        return "untyped";
    default:
        return "gauge";
    }
}

/* A type that asks something of the names is given up where they have not got it, or where it would take another family's name. */
const char *OpenMetricsWord(pcm_type type, const FamilyNames &names) {
    const std::string &name = names.name.text;
    switch (type) {
    case PCM_COUNTER:
        return HasSuffix(name, "_total") && !names.is_shadowed ? "counter" : "unknown";
    case PCM_INFO:
        return HasSuffix(name, "_info") && !names.is_shadowed ? "info" : "gauge";
    case PCM_STATE_SET:
        return !names.labels.empty() && names.labels.back().text == name ? "stateset" : "gauge";
    case PCM_UNTYPED:
        return "unknown";
    default:
        return "gauge";
    }
}

const char *TypeWord(Syntax syntax, pcm_type type, const FamilyNames &names) {
    return syntax == Syntax::kOpenMetrics ? OpenMetricsWord(type, names) : PrometheusWord(type);
}

} // namespace

TextNumbers::TextNumbers(Syntax syntax, const pcm_family_definition &definition, const FamilyNames &names)
    : TextFamily(syntax, definition, names, TypeWord(syntax, definition.type, names)),
      has_created_(definition.type == PCM_COUNTER && HasSuffix(names.name.text, "_total") && !names.is_shadowed) {
    if (has_created_ && is_open_metrics())
        set_exemplar_count(1);
}

void TextNumbers::AppendSeries(const std::string &labels, uint64_t created_at_ms) {
    AppendSample("", labels);
    if (has_created_)
        AppendCreated(labels, created_at_ms);
}

int TextNumbers::Render(const pcm_reader *reader, char **out) const noexcept {
    PieceWriter writer(pieces(), *out);
    ExemplarCursor cursor(exemplars());
    const auto count = static_cast<uint32_t>(series().size());
    pcm_number numbers[kValuesAtOnce];
    for (uint32_t i = 0; i < count; i++) {
        const uint32_t at = i % kValuesAtOnce;
        if (i % kNumbersAtATime == 0)
            pcm_reader_give_way(reader, std::min(kNumbersAtATime, count - i));
        if (at == 0) {
            const int status = pcm_reader_values(reader, &series()[i], std::min(kValuesAtOnce, count - i), numbers);
            if (status != PCM_OK)
                return status;
        }
        if (numbers[at].is_integer)
            writer.Integer(numbers[at].integer);
        else
            writer.Real(numbers[at].real);
        cursor.MoveTo(i);
        if (const std::string *exemplar = cursor.At(0))
            writer.Text(*exemplar);
    }
    *out = writer.Finish();
    return PCM_OK;
}

} // namespace pcm
