/* See name_clash.h. */
#include "name_clash.h"

#include <string.h>

enum { BUCKET, SUM, COUNT, CREATED, SUFFIXES };

static const pcm_bytes suffixes[SUFFIXES] = {{"_bucket", 7}, {"_sum", 4}, {"_count", 6}, {"_created", 8}};
static const pcm_bytes total = {"_total", 6};

/* Whether lines of this kind have the family's name with this suffix. */
static bool has_suffix(pcm_type type, int suffix) {
    return type == PCM_HISTOGRAM || type == PCM_NATIVE_HISTOGRAM || (type == PCM_SUMMARY && suffix != BUCKET);
}

/* The name without its ending; false where it does not have it, or is nothing else. */
static bool cut(pcm_bytes name, pcm_bytes ending, pcm_bytes *out) {
    if (name.size <= ending.size || memcmp(name.data + name.size - ending.size, ending.data, ending.size) != 0)
        return false;
    *out = (pcm_bytes){name.data, name.size - ending.size};
    return true;
}

static const pcm_family_definition *find(const struct pcm_store *store, pcm_bytes start, pcm_bytes end) {
    uint32_t number;
    int status = pcm__index_find_joined(store, start, end, &number);
    return status == PCM_OK ? &pcm__index_family(&store->index, number)->definition : NULL;
}

/* Whether a family has the name of one of its lines. */
static bool takes(const struct pcm_store *store, const pcm_family_definition *definition) {
    pcm_bytes base;
    for (int i = 0; i < SUFFIXES; i++)
        if (has_suffix(definition->type, i) && find(store, definition->name, suffixes[i]) != NULL)
            return true;
    return definition->type == PCM_COUNTER && cut(definition->name, total, &base) &&
           find(store, base, suffixes[CREATED]) != NULL;
}

/* Whether its name is that of a family's lines. */
static bool is_taken(const struct pcm_store *store, pcm_bytes name) {
    for (int i = 0; i < SUFFIXES; i++) {
        pcm_bytes base;
        if (!cut(name, suffixes[i], &base))
            continue;
        const pcm_family_definition *owner = find(store, base, (pcm_bytes){"", 0});
        if (owner != NULL && has_suffix(owner->type, i))
            return true;
        const pcm_family_definition *counter = i == CREATED ? find(store, base, total) : NULL;
        if (counter != NULL && counter->type == PCM_COUNTER)
            return true;
    }
    return false;
}

bool pcm__name_clashes(const struct pcm_store *store, const pcm_family_definition *definition) {
    return takes(store, definition) || is_taken(store, definition->name);
}
