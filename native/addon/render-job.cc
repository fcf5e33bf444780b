/*
 * Scrapes on the thread pool, see the header. New memory is handed to JavaScript as it is, with all of its capacity, so
 * that it can be lent to a later scrape; only where an embedder forbids external memory (a sandboxed V8) is it copied.
 */
#include "render-job.h"

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <new>
#include <utility>

#include "errors.h"

namespace pcm {
namespace {

void FreeBytes(napi_env, void *data, void *) {
    std::free(data);
}

/* Takes `bytes` over; null where the environment makes no buffers any more. */
napi_value NewArrayBuffer(napi_env env, ByteBuffer *bytes) noexcept {
    const size_t size = bytes->size();
    const size_t capacity = bytes->capacity();
    char *data = bytes->Release();
    napi_value buffer = nullptr;
    switch (napi_create_external_arraybuffer(env, data, capacity, FreeBytes, nullptr, &buffer)) {
    case napi_ok:
        return buffer;
    case napi_no_external_buffers_allowed: {
        void *copy = nullptr;
        if (napi_create_arraybuffer(env, size, &copy, &buffer) == napi_ok)
            std::memcpy(copy, data, size);
        else
            buffer = nullptr;
        std::free(data);
        return buffer;
    }
    case napi_pending_exception:
    case napi_cannot_run_js:
        /* Refused before anything was done. */
        std::free(data);
        return nullptr;
    default:
        /* Whether the finalizer is registered cannot be told: rather a leak than a double free. */
        return nullptr;
    }
}

} // namespace

napi_value RenderJob::Start(napi_env env, std::shared_ptr<StoreLease> lease, Format format, NameFilter filter,
                            napi_value memory) noexcept {
    void *lent = nullptr;
    size_t capacity = 0;
    if (memory != nullptr && napi_get_arraybuffer_info(env, memory, &lent, &capacity) != napi_ok)
        memory = nullptr;
    RenderJob *job =
        new (std::nothrow) RenderJob(std::move(lease), format, std::move(filter), static_cast<char *>(lent), capacity);
    napi_value promise = nullptr;
    if (job != nullptr && job->Queue(env, memory, &promise))
        return promise;
    if (job != nullptr && job->memory_ != nullptr)
        napi_delete_reference(env, job->memory_);
    delete job;
    pcm__throw_status(env, PCM_NO_MEMORY, 0);
    return nullptr;
}

bool RenderJob::Queue(napi_env env, napi_value memory, napi_value *promise) noexcept {
    if (memory != nullptr && napi_create_reference(env, memory, 1, &memory_) != napi_ok)
        return false;
    napi_value name;
    if (napi_create_string_utf8(env, "percpu-metrics:render", NAPI_AUTO_LENGTH, &name) != napi_ok ||
        napi_create_async_work(env, nullptr, name, Execute, Complete, this, &work_) != napi_ok)
        return false;
    if (napi_create_promise(env, &deferred_, promise) == napi_ok && napi_queue_async_work(env, work_) == napi_ok)
        return true;
    napi_delete_async_work(env, work_);
    return false;
}

void RenderJob::Execute(napi_env, void *data) noexcept {
    RenderJob *job = static_cast<RenderJob *>(data);
    errno = 0;
    job->status_ = job->lease_->renderer().Render(job->format_, job->filter_, &job->buffer_);
    job->error_number_ = errno;
}

/* The rendered bytes as a Uint8Array; null where the environment makes none any more. */
napi_value RenderJob::TakeBytes(napi_env env) noexcept {
    const size_t size = buffer_.size();
    napi_value memory = nullptr;
    if (!buffer_.is_lent())
        memory = NewArrayBuffer(env, &buffer_);
    else if (napi_get_reference_value(env, memory_, &memory) != napi_ok)
        memory = nullptr;
    napi_value bytes = nullptr;
    if (memory == nullptr || napi_create_typedarray(env, napi_uint8_array, size, memory, 0, &bytes) != napi_ok)
        return nullptr;
    return bytes;
}

/* Runs for every job that was queued, also while its environment is torn down. */
void RenderJob::Complete(napi_env env, napi_status, void *data) noexcept {
    const std::unique_ptr<RenderJob> job(static_cast<RenderJob *>(data));
    job->lease_.reset();
    napi_delete_async_work(env, job->work_);
    napi_value bytes = job->status_ == PCM_OK ? job->TakeBytes(env) : nullptr;
    if (job->memory_ != nullptr)
        napi_delete_reference(env, job->memory_);
    if (bytes != nullptr) {
        napi_resolve_deferred(env, job->deferred_, bytes);
        return;
    }
    const int status = job->status_ == PCM_OK ? static_cast<int>(PCM_NO_MEMORY) : job->status_;
    napi_value error = pcm__status_error(env, status, job->error_number_);
    if (error != nullptr)
        napi_reject_deferred(env, job->deferred_, error);
}

} // namespace pcm
