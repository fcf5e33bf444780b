/* See names.h. Source of the rules: https://prometheus.io/docs/concepts/data_model/ */
#include "names.h"

#include "exponential.h"

#include <math.h>
#include <string.h>

/* The length of the well-formed UTF-8 sequence at the front of a text that is not empty, or 0; see Unicode, table 3-7. */
static size_t sequence_size(const unsigned char *text, size_t size) {
    unsigned char lead = text[0];
    size_t length = lead < 0x80 ? 1 : lead < 0xC2 ? 0 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : lead < 0xF5 ? 4 : 0;
    if (length == 0 || length > size)
        return 0;
    for (size_t i = 1; i < length; i++)
        if ((text[i] & 0xC0) != 0x80)
            return 0;
    bool is_overlong = (lead == 0xE0 && text[1] < 0xA0) || (lead == 0xF0 && text[1] < 0x90);
    bool is_surrogate = lead == 0xED && text[1] > 0x9F;
    bool is_beyond = lead == 0xF4 && text[1] > 0x8F;
    return is_overlong || is_surrogate || is_beyond ? 0 : length;
}

/*
 * Any UTF-8, as Prometheus 3 has it, except for NUL, at which programs in C would end it; formats that do not know such
 * names escape them.
 */
static bool is_name(pcm_bytes name) {
    const unsigned char *text = (const unsigned char *)name.data;
    if (name.size == 0 || name.size > PCM_MAX_STRING || memchr(name.data, 0, name.size) != NULL)
        return false;
    for (size_t i = 0, size = 0; i < name.size; i += size) {
        size = sequence_size(text + i, name.size - i);
        if (size == 0)
            return false;
    }
    return true;
}

bool pcm__bytes_are_same(pcm_bytes a, pcm_bytes b) {
    return a.size == b.size && (a.size == 0 || memcmp(a.data, b.data, a.size) == 0);
}

static bool labels_are_valid(const pcm_family_definition *definition) {
    if (definition->label_count > PCM_MAX_LABELS)
        return false;
    for (uint32_t i = 0; i < definition->label_count; i++) {
        pcm_bytes name = definition->label_names[i];
        if (!is_name(name) || (name.size >= 2 && name.data[0] == '_' && name.data[1] == '_'))
            return false;
        /* What the lines of one series are told apart by. */
        bool has_le = definition->type == PCM_HISTOGRAM || definition->type == PCM_NATIVE_HISTOGRAM;
        if ((has_le && pcm__bytes_are_same(name, (pcm_bytes){"le", 2})) ||
            (definition->type == PCM_SUMMARY && pcm__bytes_are_same(name, (pcm_bytes){"quantile", 8})))
            return false;
        for (uint32_t k = 0; k < i; k++)
            if (pcm__bytes_are_same(name, definition->label_names[k]))
                return false;
    }
    return true;
}

static bool bounds_are_valid(const pcm_family_definition *definition) {
    bool is_exponential = definition->type == PCM_NATIVE_HISTOGRAM || definition->type == PCM_SUMMARY;
    if (definition->bound_count > PCM_MAX_BOUNDS || !pcm__exponential_is_valid(definition))
        return false;
    if (is_exponential)
        return true;
    if (definition->type != PCM_HISTOGRAM && definition->bound_count > 0)
        return false;
    for (uint32_t i = 0; i < definition->bound_count; i++)
        if (!isfinite(definition->bounds[i]) || (i > 0 && definition->bounds[i] <= definition->bounds[i - 1]))
            return false;
    return true;
}

static bool aggregation_is_valid(const pcm_family_definition *definition) {
    if (definition->aggregation == PCM_AGGREGATION_NONE)
        return true;
    return definition->aggregation > PCM_AGGREGATION_NONE && definition->aggregation <= PCM_AGGREGATION_AVERAGE &&
           definition->type == PCM_GAUGE && !definition->per_process;
}

bool pcm__definition_is_valid(const pcm_family_definition *definition) {
    return definition->type >= PCM_COUNTER && definition->type <= PCM_SUMMARY && is_name(definition->name) &&
           definition->help.size <= PCM_MAX_STRING && definition->unit.size <= PCM_MAX_STRING &&
           labels_are_valid(definition) && bounds_are_valid(definition) && aggregation_is_valid(definition);
}

bool pcm__definition_is_same(const pcm_family_definition *a, const pcm_family_definition *b) {
    if (a->type != b->type || !pcm__bytes_are_same(a->name, b->name) || !pcm__bytes_are_same(a->help, b->help) ||
        !pcm__bytes_are_same(a->unit, b->unit) || a->label_count != b->label_count ||
        a->bound_count != b->bound_count || a->schema != b->schema || a->negative != b->negative ||
        a->per_process != b->per_process || a->aggregation != b->aggregation)
        return false;
    for (uint32_t i = 0; i < a->label_count; i++)
        if (!pcm__bytes_are_same(a->label_names[i], b->label_names[i]))
            return false;
    for (uint32_t i = 0; i < a->bound_count; i++)
        if (a->bounds[i] != b->bounds[i])
            return false;
    return true;
}
