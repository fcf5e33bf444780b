/* Names and messages of pcm_status, from the one list in the public header. */
#include "percpu_metrics.h"

const char *pcm_status_name(int status) {
    switch (status) {
#define X(name, code, message)                                                                                         \
    case (code):                                                                                                       \
        return "ERR_PCM_" #name;
        PCM_STATUS_MAP(X)
#undef X
    default:
        return "ERR_PCM_UNKNOWN";
    }
}

const char *pcm_status_message(int status) {
    switch (status) {
#define X(name, code, message)                                                                                         \
    case (code):                                                                                                       \
        return message;
        PCM_STATUS_MAP(X)
#undef X
    default:
        return "unknown status";
    }
}
