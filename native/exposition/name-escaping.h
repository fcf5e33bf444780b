/*
 * Names of metrics and labels may be any UTF-8. Who reads only the older names ([a-zA-Z_:][a-zA-Z0-9_:]*, labels
 * without the colon) gets them by one of Prometheus' schemes:
 *
 *     underscores   http.requests   http_requests          cannot be undone
 *     dots          a.b_c           a_dot_b__c             can be undone for names of dots and underscores
 *     values        a.b_c           U__a_2e_b__c           can be undone; older names stay as they are
 */
#ifndef PCM_EXPOSITION_NAME_ESCAPING_H_
#define PCM_EXPOSITION_NAME_ESCAPING_H_

#include <string>

#include "format.h"
#include "percpu_metrics.h"

namespace pcm {

enum class NameKind : uint8_t { kMetric, kLabel };

/* Whether a name can stand in any format as it is. */
bool IsPlainName(pcm_bytes name, NameKind kind) noexcept;

/* The name by a scheme; of kAllowUtf8 the name itself, with what is no UTF-8 replaced. May throw std::bad_alloc. */
std::string EscapeName(pcm_bytes name, NameKind kind, Escaping escaping);

} // namespace pcm

#endif
