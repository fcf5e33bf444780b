/*
 * Chooses the critical sections of the architecture. Where there are none (another architecture, or PCM_NO_RSEQ for a
 * build that proves the fallback), PCM__HAVE_RSEQ is 0 and no thread ever gets an area.
 */
#ifndef PCM_RSEQ_SECTION_H
#define PCM_RSEQ_SECTION_H

#if defined(__linux__) && defined(__x86_64__) && !defined(PCM_NO_RSEQ)
#define PCM__HAVE_RSEQ 1
#include "section_x86_64.h"
#elif defined(__linux__) && defined(__aarch64__) && !defined(PCM_NO_RSEQ)
#define PCM__HAVE_RSEQ 1
#include "section_aarch64.h"
#else
#define PCM__HAVE_RSEQ 0
#include "section_none.h"
#endif

#endif
