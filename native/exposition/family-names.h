/*
 * The names of the families of a store as a format writes them. Escaping can make names of two families the same, those
 * of their samples included; then the family whose name was changed gives way: it is written by the scheme `values`,
 * under which names stay different. So do the labels of a family.
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
    /* Another family has a name that OpenMetrics would give to this one, such as that without _total or _info. */
    bool is_shadowed = false;
};

/*
 * The names of all families that a reader has, in its order. Families that come later can change what earlier ones are
 * called: those whose names stay as they are go first. May throw std::bad_alloc.
 */
std::vector<FamilyNames> ExposeNames(const pcm_reader *reader, Format format);

/* All names that the lines of a family have in a syntax, see sample-names.h. May throw std::bad_alloc. */
std::vector<std::string> NamesInScrape(pcm_type type, const FamilyNames &names, Syntax syntax);

} // namespace pcm

#endif
