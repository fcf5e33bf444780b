/* See the header. */
#include "family-names.h"

#include <algorithm>
#include <unordered_set>

#include "name-escaping.h"
#include "sample-names.h"

namespace pcm {
namespace {

ExposedName Expose(pcm_bytes name, NameKind kind, Escaping escaping) {
    std::string text = EscapeName(name, kind, escaping);
    const bool quoted = !IsPlainName({text.data(), text.size()}, kind);
    return {std::move(text), quoted};
}

bool Has(const std::vector<ExposedName> &names, const std::string &text) {
    return std::any_of(names.begin(), names.end(), [&](const ExposedName &name) { return name.text == text; });
}

bool IsSame(pcm_bytes bytes, const std::string &text) {
    return text.compare(0, std::string::npos, bytes.data, bytes.size) == 0;
}

std::vector<ExposedName> ExposeLabelNames(const pcm_family_definition &definition, Escaping escaping) {
    std::vector<ExposedName> names;
    const auto taken = [&](const std::string &text, uint32_t self) {
        if (Has(names, text))
            return true;
        for (uint32_t i = self + 1; i < definition.label_count; i++)
            if (IsSame(definition.label_names[i], text))
                return true;
        return false;
    };
    for (uint32_t i = 0; i < definition.label_count; i++) {
        const pcm_bytes label = definition.label_names[i];
        ExposedName name = Expose(label, NameKind::kLabel, escaping);
        if (!IsSame(label, name.text) && taken(name.text, i))
            name = Expose(label, NameKind::kLabel, Escaping::kValues);
        names.push_back(std::move(name));
    }
    return names;
}

/* Whether a name goes first: it is as it was, or plain, and no scheme makes two plain names the same. */
bool Stays(pcm_bytes name, const ExposedName &exposed) {
    return IsSame(name, exposed.text) || IsPlainName(name, NameKind::kMetric);
}

class TakenNames {
  public:
    bool HasAny(const std::vector<std::string> &names) const {
        return std::any_of(names.begin(), names.end(), [&](const std::string &name) { return taken_.count(name) > 0; });
    }
    void Take(const std::vector<std::string> &names) {
        taken_.insert(names.begin(), names.end());
    }

  private:
    std::unordered_set<std::string> taken_;
};

/* The names that a family cannot do without, in whichever format: so that it is called the same in all of them. */
std::vector<std::string> LastingNames(pcm_type type, const std::string &name) {
    std::vector<std::string> names = SampleNames(type, name);
    if (!CanGiveUpOpenMetricsNames(type))
        for (std::string &other : OpenMetricsNames(type, name))
            names.push_back(std::move(other));
    return names;
}

} // namespace

std::vector<FamilyNames> ExposeNames(const pcm_reader *reader, Format format) {
    const uint32_t count = pcm_reader_family_count(reader);
    std::vector<FamilyNames> families(count);
    TakenNames taken;
    for (uint32_t i = 0; i < count; i++) {
        const pcm_family_definition &definition = *pcm_reader_family(reader, i);
        families[i].name = Expose(definition.name, NameKind::kMetric, format.escaping);
        families[i].labels = ExposeLabelNames(definition, format.escaping);
        if (Stays(definition.name, families[i].name))
            taken.Take(LastingNames(definition.type, families[i].name.text));
    }
    for (uint32_t i = 0; i < count; i++) {
        const pcm_family_definition &definition = *pcm_reader_family(reader, i);
        ExposedName &name = families[i].name;
        if (Stays(definition.name, name))
            continue;
        if (taken.HasAny(LastingNames(definition.type, name.text)))
            name = Expose(definition.name, NameKind::kMetric, Escaping::kValues);
        taken.Take(LastingNames(definition.type, name.text));
    }
    for (uint32_t i = 0; i < count && format.syntax == Syntax::kOpenMetrics; i++) {
        const pcm_type type = pcm_reader_family(reader, i)->type;
        if (!CanGiveUpOpenMetricsNames(type))
            continue;
        const std::vector<std::string> names = OpenMetricsNames(type, families[i].name.text);
        families[i].is_shadowed = taken.HasAny(names);
        if (!families[i].is_shadowed)
            taken.Take(names);
    }
    return families;
}

std::vector<std::string> NamesInScrape(pcm_type type, const FamilyNames &names, Syntax syntax) {
    std::vector<std::string> all = SampleNames(type, names.name.text);
    if (syntax == Syntax::kOpenMetrics && !names.is_shadowed)
        for (std::string &name : OpenMetricsNames(type, names.name.text))
            all.push_back(std::move(name));
    return all;
}

} // namespace pcm
