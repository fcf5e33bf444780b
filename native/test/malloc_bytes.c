/*
 * malloc_bytes - an addon with one function, bytes(): what malloc has given to all of its process and not got back.
 *
 * What malloc has from the system says little of a leak. Node's buffers of up to 256 kB, zlib's states and what V8's
 * compilers work in come and go between things that stay, and what is free between those is not given back: with
 * Node.js 24 that grows by megabytes within 10,000 requests, and a leak that is small enough fits into it unseen.
 *
 * It is for tests. A C library that cannot tell has 0 bytes.
 */
#include <malloc.h>
#include <node_api.h>
#include <stddef.h>

#ifdef __GLIBC__
#define HAS_MALLINFO2 __GLIBC_PREREQ(2, 33)
#else
#define HAS_MALLINFO2 0
#endif

static double bytes_in_use(void) {
#if HAS_MALLINFO2
    // Of all arenas, and of what is mapped by itself.
    const struct mallinfo2 info = mallinfo2();
    return (double)(info.uordblks + info.hblkhd);
#else
    return 0;
#endif
}

static napi_value bytes(napi_env env, napi_callback_info info) {
    (void)info;
    napi_value result = NULL;
    napi_create_double(env, bytes_in_use(), &result);
    return result;
}

NAPI_MODULE_INIT() {
    napi_value function = NULL;
    napi_create_function(env, "bytes", NAPI_AUTO_LENGTH, bytes, NULL, &function);
    napi_set_named_property(env, exports, "bytes", function);
    return exports;
}
