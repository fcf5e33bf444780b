/* See the header. */
#include "family-names.h"

#include <algorithm>

#include "name-escaping.h"

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

} // namespace

ExposedName ExposeFamilyName(pcm_bytes name, Escaping escaping) {
    return Expose(name, NameKind::kMetric, escaping);
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

} // namespace pcm
