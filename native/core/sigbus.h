/*
 * A file that is truncated while it is mapped must not kill the process: the first access to what is gone raises
 * SIGBUS. The handler acts on addresses of registered mappings only, puts an anonymous page there, marks the store
 * broken and leaves everything else to the handler that was there before. Where another one takes its place it comes back
 * with pcm_sigbus_keep().
 */
#ifndef PCM_SIGBUS_H
#define PCM_SIGBUS_H

#include <stdbool.h>
#include <stddef.h>

/* Guards a mapping; `broken` is set at the first fault. Installs the handler, or does what pcm_sigbus_keep() does. NO_MEMORY, SYSTEM. */
int pcm__sigbus_guard(void *start, size_t bytes, bool writable, _Atomic bool *broken);

/* Before the mapping goes. */
void pcm__sigbus_release(void *start);

/* Nobody is in the middle of any of these while the process forks: the child would find it locked for ever. */
void pcm__sigbus_before_fork(void);
void pcm__sigbus_after_fork(void);

#endif
