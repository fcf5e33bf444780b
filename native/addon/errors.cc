/*
 * Status codes to JavaScript errors, see the header.
 */
#include "errors.h"

#include <cstdio>
#include <cstring>

#include "percpu_metrics.h"

namespace {

/* Statuses that a system call's failure may stand behind; beside any other, errno is left over from something else. */
bool HasErrno(int status) noexcept {
    switch (status) {
    case PCM_SYSTEM:
    case PCM_NOT_FOUND:
    case PCM_PERMISSION:
    case PCM_NO_SPACE:
        return true;
    default:
        return false;
    }
}

void SetNumber(napi_env env, napi_value object, const char *name, uint32_t number) noexcept {
    napi_value value;
    if (napi_create_uint32(env, number, &value) == napi_ok)
        napi_set_named_property(env, object, name, value);
}

void SetString(napi_env env, napi_value object, const char *name, const char *text) noexcept {
    napi_value value;
    if (napi_create_string_utf8(env, text, NAPI_AUTO_LENGTH, &value) == napi_ok)
        napi_set_named_property(env, object, name, value);
}

napi_value MakeError(napi_env env, const char *code, const char *message) noexcept {
    napi_value code_value;
    napi_value message_value;
    napi_value error;
    if (napi_create_string_utf8(env, code, NAPI_AUTO_LENGTH, &code_value) != napi_ok ||
        napi_create_string_utf8(env, message, NAPI_AUTO_LENGTH, &message_value) != napi_ok ||
        napi_create_error(env, code_value, message_value, &error) != napi_ok)
        return nullptr;
    return error;
}

} // namespace

napi_value pcm__status_error(napi_env env, int status, int error_number) {
    const char *code = pcm_status_name(status);
    if (error_number == 0 || !HasErrno(status))
        return MakeError(env, code, pcm_status_message(status));
    char buffer[128];
    const char *reason = strerror_r(error_number, buffer, sizeof buffer); /* the one of GNU */
    char message[384];
    std::snprintf(message, sizeof message, "%s: %s", pcm_status_message(status), reason);
    napi_value error = MakeError(env, code, message);
    if (error == nullptr)
        return nullptr;
    napi_value number;
    if (napi_create_int32(env, error_number, &number) == napi_ok)
        napi_set_named_property(env, error, "errno", number);
    SetString(env, error, "syscallMessage", reason);
    return error;
}

void pcm__throw_status(napi_env env, int status, int error_number) {
    napi_value error = pcm__status_error(env, status, error_number);
    if (error != nullptr)
        napi_throw(env, error);
}

namespace pcm {
namespace {

[[noreturn]] void Throw(Napi::Env env, napi_value error) {
    if (error == nullptr)
        throw Napi::Error::New(env, "out of memory");
    throw Napi::Error(env, error);
}

} // namespace

void ThrowStatus(Napi::Env env, int status, int error_number) {
    Throw(env, pcm__status_error(env, status, error_number));
}

void ThrowRefused(Napi::Env env, int status, int error_number, uint32_t index) {
    napi_value error = pcm__status_error(env, status, error_number);
    if (error != nullptr)
        SetNumber(env, error, "index", index);
    Throw(env, error);
}

void ThrowVersion(Napi::Env env, const char *path) {
    napi_value error = pcm__status_error(env, PCM_VERSION, 0);
    uint32_t found = 0;
    uint32_t wanted = 0;
    if (error != nullptr && pcm_store_format_versions(path, &found, &wanted) == PCM_OK) {
        SetNumber(env, error, "foundVersion", found);
        SetNumber(env, error, "wantedVersion", wanted);
    }
    Throw(env, error);
}

void ThrowClosed(Napi::Env env) {
    Throw(env, MakeError(env, "ERR_PCM_CLOSED", "the store is closed"));
}

void ThrowArgument(Napi::Env env, const char *message) {
    Throw(env, MakeError(env, "ERR_PCM_ARGUMENT", message));
}

} // namespace pcm
