/* See registration.h. The traps are those of glibc and the kernel: each is named where it is avoided. */
#include "registration.h"

#include "probe.h"
#include "section.h"

#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/syscall.h>
#include <unistd.h>

intptr_t pcm__rseq_libc_area;

#if PCM__HAVE_RSEQ

#ifndef __NR_rseq
#if defined(__x86_64__)
#define __NR_rseq 334
#else
#define __NR_rseq 293
#endif
#endif
#ifndef AT_RSEQ_FEATURE_SIZE
#define AT_RSEQ_FEATURE_SIZE 27
#endif
#ifndef AT_RSEQ_ALIGN
#define AT_RSEQ_ALIGN 28
#endif

static pthread_once_t once = PTHREAD_ONCE_INIT;
static pthread_key_t thread_end;
static pcm_registration process_registration;
static const char *process_reason;
static uint32_t area_bytes;
static uint32_t area_align;

/*
 * In the general-dynamic model, for an addon that is loaded late may get no static TLS; reached only where libc does
 * not own the registration, and off the hot path.
 */
static __thread struct {
    struct pcm__rseq_area *area;
    bool refused; /* registration failed, or the thread is about to end */
} self;

static long rseq_call(struct pcm__rseq_area *area, uint32_t size, int flags) {
    return syscall(__NR_rseq, area, size, flags, PCM__RSEQ_SIGNATURE);
}

/* Unregisters before the memory goes: the kernel would write into it at the next preemption. */
static void unregister_self(void *area) {
    self.area = NULL;
    self.refused = true;
    rseq_call(area, area_bytes, PCM__RSEQ_FLAG_UNREGISTER);
    free(area);
}

static struct pcm__rseq_area *register_self(void) {
    struct pcm__rseq_area *area = aligned_alloc(area_align, area_bytes);
    if (area == NULL)
        return NULL;
    memset(area, 0, area_bytes);
    area->cpu_id = PCM__RSEQ_CPU_UNINITIALIZED;
    if (rseq_call(area, area_bytes, 0) != 0) {
        free(area);
        return NULL;
    }
    if (pthread_setspecific(thread_end, area) != 0) {
        rseq_call(area, area_bytes, PCM__RSEQ_FLAG_UNREGISTER);
        free(area);
        return NULL;
    }
    return area;
}

static intptr_t self_area(void) {
    if (self.area == NULL && !self.refused) {
        int saved = errno;
        self.area = register_self();
        self.refused = self.area == NULL;
        errno = saved;
    }
    return self.area == NULL ? 0 : (char *)self.area - (char *)__builtin_thread_pointer();
}

static struct pcm__rseq_area *at(intptr_t area) {
    return (struct pcm__rseq_area *)((char *)__builtin_thread_pointer() + area);
}

/*
 * The C library's area if it registered this thread. Looked up at run time: a weak reference can be folded to NULL by
 * the linker. The size is only tested against 0, for its meaning changed between releases.
 */
static intptr_t libc_area(void) {
    const ptrdiff_t *offset = dlsym(RTLD_DEFAULT, "__rseq_offset");
    const unsigned int *size = dlsym(RTLD_DEFAULT, "__rseq_size");
    if (offset == NULL || size == NULL || *size == 0)
        return 0;
    return (int32_t)at(*offset)->cpu_id >= 0 ? *offset : 0;
}

/* The area is 32 bytes, or what the kernel says that its features need, rounded up to its alignment. */
static void size_area(void) {
    uint32_t features = (uint32_t)getauxval(AT_RSEQ_FEATURE_SIZE);
    uint32_t align = (uint32_t)getauxval(AT_RSEQ_ALIGN);
    area_align = align > PCM__RSEQ_AREA_BYTES ? align : PCM__RSEQ_AREA_BYTES;
    uint32_t bytes = features > PCM__RSEQ_AREA_BYTES ? features : PCM__RSEQ_AREA_BYTES;
    area_bytes = (bytes + area_align - 1) / area_align * area_align;
}

static void give_up(const char *reason) {
    process_registration = PCM_REGISTRATION_NONE;
    process_reason = reason;
}

/* The first thread's area, or 0. */
static intptr_t decide_self(void) {
    /* A call that cannot succeed: EINVAL says that the system call is there. */
    long result = rseq_call(NULL, 0, 0);
    if (result == 0 || errno != EINVAL) {
        give_up(errno == ENOSYS ? "the kernel has no rseq system call (or a filter says so)"
                                : "the rseq system call is forbidden (seccomp?)");
        return 0;
    }
    size_area();
    if (pthread_key_create(&thread_end, unregister_self) != 0) {
        give_up("no thread-specific key is left to unregister threads with");
        return 0;
    }
    if (self_area() == 0) {
        give_up("the kernel refused to register a thread for rseq");
        return 0;
    }
    process_registration = PCM_REGISTRATION_SELF;
    process_reason = "rseq, registered by percpu-metrics, as the C library does not";
    return self_area();
}

static void decide(void) {
    int saved = errno;
    intptr_t area = libc_area();
    if (area != 0) {
        process_registration = PCM_REGISTRATION_LIBC;
        process_reason = "rseq, registered by the C library";
    } else {
        area = decide_self();
    }
    if (process_registration != PCM_REGISTRATION_NONE) {
        const char *fault = pcm__rseq_probe(area);
        if (fault != NULL)
            give_up(fault);
        else if (process_registration == PCM_REGISTRATION_LIBC)
            pcm__rseq_libc_area = area;
    }
    errno = saved;
}

intptr_t pcm__rseq_thread_area(void) {
    if (self.area != NULL)
        return self_area();
    pthread_once(&once, decide);
    switch (process_registration) {
    case PCM_REGISTRATION_LIBC:
        return pcm__rseq_libc_area;
    case PCM_REGISTRATION_SELF:
        return self_area();
    default:
        return 0;
    }
}

pcm_registration pcm__rseq_thread_registration(const char **reason) {
    intptr_t area = pcm__rseq_thread_area();
    *reason = process_reason;
    if (process_registration == PCM_REGISTRATION_NONE)
        return PCM_REGISTRATION_NONE;
    if (area == 0 || (int32_t)at(area)->cpu_id < 0) {
        *reason = "the registration of this thread for rseq failed";
        return PCM_REGISTRATION_NONE;
    }
    return process_registration;
}

#else

intptr_t pcm__rseq_thread_area(void) {
    return 0;
}

pcm_registration pcm__rseq_thread_registration(const char **reason) {
    *reason = "this build has no critical sections for its architecture";
    return PCM_REGISTRATION_NONE;
}

#endif
