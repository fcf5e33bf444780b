/*
 * The names of one family as a format writes them. Escaping can make two names the same; then the family whose name was
 * changed gives way: it is written by the scheme `values`, under which names stay different. So do its labels.
 */
#ifndef PCM_EXPOSITION_FAMILY_NAMES_H_
#define PCM_EXPOSITION_FAMILY_NAMES_H_

#include <string>
#include <vector>

#include "format.h"
#include "percpu_metrics.h"

namespace pcm {

/* A name, and whether it has to stand in quotes where the syntax is a text. */
struct ExposedName {
    std::string text;
    bool quoted;
};

struct FamilyNames {
    ExposedName name;
    std::vector<ExposedName> labels;
    /* Another family has the name that OpenMetrics gives to this one, without _total or _info. */
    bool is_shadowed = false;
};

/* The name of the family alone, and those of its labels, different from each other. May throw std::bad_alloc. */
ExposedName ExposeFamilyName(pcm_bytes name, Escaping escaping);
std::vector<ExposedName> ExposeLabelNames(const pcm_family_definition &definition, Escaping escaping);

} // namespace pcm

#endif
