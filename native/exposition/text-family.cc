/*
 * What the lines of all kinds have in common, see the header. Names that are not plain stand in quotes, and that of a
 * sample then goes into the braces: {"http.requests_total","user.id"="7"}.
 */
#include "text-family.h"

#include <cstring>

#include "escape.h"
#include "name-escaping.h"

namespace pcm {
namespace {

bool EndsWith(const std::string &text, const std::string &end) {
    return text.size() >= end.size() && text.compare(text.size() - end.size(), end.size(), end) == 0;
}

void AppendNameText(std::string *out, const std::string &name, bool quoted) {
    if (!quoted) {
        *out += name;
        return;
    }
    *out += '"';
    AppendQuoted(out, {name.data(), name.size()});
    *out += '"';
}

/* Seconds with three decimals. */
void AppendSeconds(std::string *out, uint64_t milliseconds) {
    const auto rest = static_cast<unsigned>(milliseconds % 1000);
    char text[kMaxNumberSize];
    out->append(text, FormatInteger(text, static_cast<int64_t>(milliseconds / 1000)));
    *out += '.';
    for (const unsigned digit : {rest / 100, rest / 10 % 10, rest % 10})
        *out += static_cast<char>('0' + digit);
}

/* What follows the value of a line: # {trace_id="7"} 0.5 1764111000.123 */
std::string ExemplarText(const pcm_exemplar &exemplar) {
    std::string text = " # {";
    for (uint32_t i = 0; i < exemplar.label_count; i++) {
        if (i > 0)
            text += ',';
        text.append(exemplar.names[i].data, exemplar.names[i].size);
        text += "=\"";
        AppendQuoted(&text, exemplar.values[i]);
        text += '"';
    }
    text += "} ";
    char number[kMaxNumberSize];
    text.append(number, FormatReal(number, exemplar.value));
    text += ' ';
    AppendSeconds(&text, exemplar.timestamp_ms);
    return text;
}

} // namespace

TextFamily::TextFamily(Syntax syntax, const pcm_family_definition &definition, const FamilyNames &names,
                       const char *type)
    : syntax_(syntax), names_(names), family_name_(names.name.text) {
    if (is_open_metrics() && std::strcmp(type, "counter") == 0)
        family_name_.resize(family_name_.size() - std::strlen("_total"));
    if (is_open_metrics() && std::strcmp(type, "info") == 0)
        family_name_.resize(family_name_.size() - std::strlen("_info"));
    AppendHeading(definition, type);
}

void TextFamily::AppendHeading(const pcm_family_definition &definition, const char *type) {
    std::string shown;
    AppendNameText(&shown, family_name_, names_.name.quoted);
    std::string &bytes = pieces_.bytes();
    if (definition.help.size > 0) {
        bytes += "# HELP " + shown + ' ';
        if (is_open_metrics())
            AppendQuoted(&bytes, definition.help);
        else
            AppendHelp(&bytes, definition.help);
        bytes += '\n';
    }
    bytes += "# TYPE " + shown + ' ' + type + '\n';
    /* Nothing that counts in ones has a unit. */
    if (std::strcmp(type, "info") == 0 || std::strcmp(type, "stateset") == 0)
        return;
    const std::string unit(definition.unit.data, definition.unit.size);
    const std::string ending = '_' + unit;
    if (is_open_metrics() && !unit.empty() && EndsWith(family_name_, ending) &&
        IsPlainName({ending.data(), ending.size()}, NameKind::kMetric))
        bytes += "# UNIT " + shown + ' ' + unit + '\n';
}

/* name="value",name="value" */
std::string TextFamily::LabelsOf(const pcm_reader *reader, uint32_t series) const {
    std::string labels;
    for (uint32_t i = 0; i < names_.labels.size(); i++) {
        if (i > 0)
            labels += ',';
        AppendNameText(&labels, names_.labels[i].text, names_.labels[i].quoted);
        labels += "=\"";
        AppendQuoted(&labels, pcm_reader_label_value(reader, series, i));
        labels += '"';
    }
    return labels;
}

void TextFamily::AppendStart(const std::string &name, const std::string &labels, const std::string &extra) {
    std::string &bytes = pieces_.bytes();
    const bool quoted = names_.name.quoted;
    if (!quoted)
        bytes += name;
    if (quoted || !labels.empty() || !extra.empty()) {
        bytes += '{';
        if (quoted)
            AppendNameText(&bytes, name, true);
        if (quoted && !labels.empty())
            bytes += ',';
        bytes += labels;
        if ((quoted || !labels.empty()) && !extra.empty())
            bytes += ',';
        bytes += extra + '}';
    }
    bytes += ' ';
}

void TextFamily::AppendSample(const char *suffix, const std::string &labels, const std::string &extra) {
    AppendStart(names_.name.text + suffix, labels, extra);
    pieces_.MarkValue();
    pieces_.bytes() += '\n';
}

void TextFamily::AppendCreated(const std::string &labels, uint64_t created_at_ms) {
    if (!is_open_metrics())
        return;
    AppendStart(family_name_ + "_created", labels, {});
    AppendSeconds(&pieces_.bytes(), created_at_ms);
    pieces_.bytes() += '\n';
}

size_t TextFamily::TakeInExemplars(const pcm_reader *reader) {
    if (!exemplars_.Begin(reader) || exemplar_count_ == 0)
        return 0;
    for (uint32_t i = 0; i < series_.size(); i++)
        exemplars_.Add(reader, i, series_[i], exemplar_count_, ExemplarText);
    return exemplars_.size();
}

int TextFamily::AddSeries(const pcm_reader *reader, uint32_t series, size_t room) {
    /* The suffix of the name, the braces, an extra label with its number, the value, and the line feed. */
    constexpr size_t kMaxDecoration = 32 + 2 * kMaxNumberSize;
    const std::string labels = LabelsOf(reader, series);
    if (!pcm_reader_is_current(reader, series))
        return PCM_REMOVED;
    const size_t line = 2 * names_.name.text.size() + labels.size() + kMaxDecoration;
    if (line > room / max_lines())
        return PCM_NO_MEMORY;
    AppendSeries(labels, pcm_reader_series(reader, series).created_at_ms);
    series_.push_back(series);
    return PCM_OK;
}

} // namespace pcm
