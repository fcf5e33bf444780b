/*
 * Failures of the core as JavaScript errors: `code` is the name of the status (ERR_PCM_...), and where a system call
 * was the cause there are `errno` and `syscallMessage`. Take errno right behind the call that failed.
 *
 * The C part never throws and ignores what Node-API answers, so that it can be used while a Worker is being terminated.
 */
#ifndef PCM_ADDON_ERRORS_H
#define PCM_ADDON_ERRORS_H

#include <node_api.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The error object, or NULL where the environment cannot make one any more. */
napi_value pcm__status_error(napi_env env, int status, int error_number);

/* Leaves the error pending in JavaScript. */
void pcm__throw_status(napi_env env, int status, int error_number);

#ifdef __cplusplus
}

#include <napi.h>

namespace pcm {

/* Throws the error as a C++ exception, which node-addon-api hands to JavaScript. */
[[noreturn]] void ThrowStatus(Napi::Env env, int status, int error_number = 0);

/* The same of one of several things, whose number is the error's `index`. */
[[noreturn]] void ThrowRefused(Napi::Env env, int status, int error_number, uint32_t index);

/* Throws PCM_VERSION of the file at a path, with `foundVersion` and `wantedVersion` where they can be read. */
[[noreturn]] void ThrowVersion(Napi::Env env, const char *path);

/* What a cold method throws after close(). */
[[noreturn]] void ThrowClosed(Napi::Env env);

/* A value from JavaScript of another type than the interface says. */
[[noreturn]] void ThrowArgument(Napi::Env env, const char *message);

} // namespace pcm
#endif

#endif
