/* What a definition may say: the rules of Prometheus for names, and bounds that ascend. */
#ifndef PCM_NAMES_H
#define PCM_NAMES_H

#include "percpu_metrics.h"

/* Whether a definition, of a caller or of a file, can be taken in. */
bool pcm__definition_is_valid(const pcm_family_definition *definition);
bool pcm__definition_is_same(const pcm_family_definition *a, const pcm_family_definition *b);
bool pcm__bytes_are_same(pcm_bytes a, pcm_bytes b);

#endif
