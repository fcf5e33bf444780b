/*
 * Where a process can die half-way: before each write to the mapped store and before each system call that changes
 * something. The core is compiled with -fsanitize=thread, which makes the compiler announce every write and atomic
 * operation; the functions that it calls are the ones below instead of the sanitizer's. What the C library writes and
 * what the kernel is asked for are caught by the linker (--wrap). So the list of points is the code itself, and a
 * store that is added to it tomorrow is attacked without anybody's help.
 */
#include "crash_points.h"

#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

static uint64_t passed;
static uint64_t deadly;
static bool armed;
static uintptr_t mapping;
static uintptr_t mapping_end;

void crash_points_arm(uint64_t number) {
    passed = 0;
    deadly = number;
    armed = true;
}

uint64_t crash_points_disarm(void) {
    armed = false;
    return passed;
}

static void point(void) {
    if (armed && ++passed == deadly)
        kill(getpid(), SIGKILL);
}

static void before_write(const volatile void *at) {
    if ((uintptr_t)at >= mapping && (uintptr_t)at < mapping_end)
        point();
}

/* ---------------------------------------------------------------- what the compiler announces */

#define IGNORED(name)                                                                                                  \
    void name(void *at);                                                                                               \
    void name(void *at) {                                                                                              \
        (void)at;                                                                                                      \
    }
#define WRITE(name)                                                                                                    \
    void name(void *at);                                                                                               \
    void name(void *at) {                                                                                              \
        before_write(at);                                                                                              \
    }
IGNORED(__tsan_func_entry)
IGNORED(__tsan_read1)
IGNORED(__tsan_read2)
IGNORED(__tsan_read4)
IGNORED(__tsan_read8)
IGNORED(__tsan_read16)
IGNORED(__tsan_unaligned_read2)
IGNORED(__tsan_unaligned_read4)
IGNORED(__tsan_unaligned_read8)
IGNORED(__tsan_unaligned_read16)
WRITE(__tsan_write1)
WRITE(__tsan_write2)
WRITE(__tsan_write4)
WRITE(__tsan_write8)
WRITE(__tsan_write16)
WRITE(__tsan_unaligned_write2)
WRITE(__tsan_unaligned_write4)
WRITE(__tsan_unaligned_write8)
WRITE(__tsan_unaligned_write16)

void __tsan_init(void);
void __tsan_init(void) {}
void __tsan_func_exit(void);
void __tsan_func_exit(void) {}
void __tsan_read_range(void *at, size_t size);
void __tsan_read_range(void *at, size_t size) {
    (void)at, (void)size;
}
void __tsan_write_range(void *at, size_t size);
void __tsan_write_range(void *at, size_t size) {
    (void)size;
    before_write(at);
}

#define ATOMICS(bits, type)                                                                                            \
    type __tsan_atomic##bits##_load(const volatile type *at, int order);                                               \
    void __tsan_atomic##bits##_store(volatile type *at, type value, int order);                                        \
    type __tsan_atomic##bits##_fetch_add(volatile type *at, type value, int order);                                    \
    type __tsan_atomic##bits##_fetch_sub(volatile type *at, type value, int order);                                    \
    type __tsan_atomic##bits##_fetch_or(volatile type *at, type value, int order);                                     \
    type __tsan_atomic##bits##_fetch_and(volatile type *at, type value, int order);                                    \
    type __tsan_atomic##bits##_exchange(volatile type *at, type value, int order);                                     \
    int __tsan_atomic##bits##_compare_exchange_strong(volatile type *at, type *expected, type value, int order,        \
                                                      int otherwise);                                                  \
    int __tsan_atomic##bits##_compare_exchange_weak(volatile type *at, type *expected, type value, int order,          \
                                                    int otherwise);                                                    \
    type __tsan_atomic##bits##_load(const volatile type *at, int order) {                                              \
        (void)order;                                                                                                   \
        return __atomic_load_n(at, __ATOMIC_SEQ_CST);                                                                  \
    }                                                                                                                  \
    void __tsan_atomic##bits##_store(volatile type *at, type value, int order) {                                       \
        (void)order;                                                                                                   \
        before_write(at);                                                                                              \
        __atomic_store_n(at, value, __ATOMIC_SEQ_CST);                                                                 \
    }                                                                                                                  \
    type __tsan_atomic##bits##_fetch_add(volatile type *at, type value, int order) {                                   \
        (void)order;                                                                                                   \
        before_write(at);                                                                                              \
        return __atomic_fetch_add(at, value, __ATOMIC_SEQ_CST);                                                        \
    }                                                                                                                  \
    type __tsan_atomic##bits##_fetch_sub(volatile type *at, type value, int order) {                                   \
        (void)order;                                                                                                   \
        before_write(at);                                                                                              \
        return __atomic_fetch_sub(at, value, __ATOMIC_SEQ_CST);                                                        \
    }                                                                                                                  \
    type __tsan_atomic##bits##_fetch_or(volatile type *at, type value, int order) {                                    \
        (void)order;                                                                                                   \
        before_write(at);                                                                                              \
        return __atomic_fetch_or(at, value, __ATOMIC_SEQ_CST);                                                         \
    }                                                                                                                  \
    type __tsan_atomic##bits##_fetch_and(volatile type *at, type value, int order) {                                   \
        (void)order;                                                                                                   \
        before_write(at);                                                                                              \
        return __atomic_fetch_and(at, value, __ATOMIC_SEQ_CST);                                                        \
    }                                                                                                                  \
    type __tsan_atomic##bits##_exchange(volatile type *at, type value, int order) {                                    \
        (void)order;                                                                                                   \
        before_write(at);                                                                                              \
        return __atomic_exchange_n(at, value, __ATOMIC_SEQ_CST);                                                       \
    }                                                                                                                  \
    int __tsan_atomic##bits##_compare_exchange_strong(volatile type *at, type *expected, type value, int order,        \
                                                      int otherwise) {                                                 \
        (void)order, (void)otherwise;                                                                                  \
        before_write(at);                                                                                              \
        return __atomic_compare_exchange_n(at, expected, value, 0, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);                \
    }                                                                                                                  \
    int __tsan_atomic##bits##_compare_exchange_weak(volatile type *at, type *expected, type value, int order,          \
                                                    int otherwise) {                                                   \
        return __tsan_atomic##bits##_compare_exchange_strong(at, expected, value, order, otherwise);                   \
    }

ATOMICS(8, uint8_t)
ATOMICS(16, uint16_t)
ATOMICS(32, uint32_t)
ATOMICS(64, uint64_t)

void __tsan_atomic_thread_fence(int order);
void __tsan_atomic_thread_fence(int order) {
    (void)order;
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
}
void __tsan_atomic_signal_fence(int order);
void __tsan_atomic_signal_fence(int order) {
    (void)order;
    __atomic_signal_fence(__ATOMIC_SEQ_CST);
}

/* ---------------------------------------------------------------- what the linker catches */

void *__real_mmap(void *at, size_t size, int protection, int flags, int fd, off_t offset);
void *__wrap_mmap(void *at, size_t size, int protection, int flags, int fd, off_t offset);
void *__wrap_mmap(void *at, size_t size, int protection, int flags, int fd, off_t offset) {
    void *start = __real_mmap(at, size, protection, flags, fd, offset);
    if (start != MAP_FAILED && (flags & MAP_SHARED) != 0) {
        mapping = (uintptr_t)start;
        mapping_end = mapping + size;
    }
    return start;
}

/* Bytes are written one by one: any prefix of them may be all that is there. */
void *__wrap_memcpy(void *to, const void *from, size_t size);
void *__wrap_memcpy(void *to, const void *from, size_t size) {
    volatile unsigned char *out = to;
    const volatile unsigned char *in = from;
    for (size_t i = 0; i < size; i++) {
        before_write(&out[i]);
        out[i] = in[i];
    }
    return to;
}
void *__wrap_memset(void *to, int value, size_t size);
void *__wrap_memset(void *to, int value, size_t size) {
    volatile unsigned char *out = to;
    for (size_t i = 0; i < size; i++) {
        if (i % 16 == 0)
            before_write(&out[i]);
        out[i] = (unsigned char)value;
    }
    return to;
}

#define CALL(type, name, parameters, arguments)                                                                        \
    type __real_##name parameters;                                                                                     \
    type __wrap_##name parameters;                                                                                     \
    type __wrap_##name parameters {                                                                                    \
        point();                                                                                                       \
        return __real_##name arguments;                                                                                \
    }
CALL(int, fallocate, (int fd, int mode, off_t offset, off_t size), (fd, mode, offset, size))
CALL(int, ftruncate, (int fd, off_t size), (fd, size))
CALL(ssize_t, pwrite, (int fd, const void *data, size_t size, off_t offset), (fd, data, size, offset))
CALL(int, fchmod, (int fd, mode_t mode), (fd, mode))
CALL(int, linkat, (int from, const char *a, int to, const char *b, int flags), (from, a, to, b, flags))
CALL(int, link, (const char *from, const char *to), (from, to))
CALL(int, mkostemp, (char *pattern, int flags), (pattern, flags))
CALL(int, unlink, (const char *path), (path))
CALL(int, rename, (const char *from, const char *to), (from, to))
CALL(int, close, (int fd), (fd))

int __real_open(const char *path, int flags, ...);
int __wrap_open(const char *path, int flags, ...);
int __wrap_open(const char *path, int flags, ...) {
    va_list arguments;
    va_start(arguments, flags);
    mode_t mode = (mode_t)va_arg(arguments, int);
    va_end(arguments);
    point();
    return __real_open(path, flags, mode);
}
int __real_fcntl(int fd, int command, ...);
int __wrap_fcntl(int fd, int command, ...);
int __wrap_fcntl(int fd, int command, ...) {
    va_list arguments;
    va_start(arguments, command);
    void *argument = va_arg(arguments, void *);
    va_end(arguments);
    point();
    return __real_fcntl(fd, command, argument);
}
