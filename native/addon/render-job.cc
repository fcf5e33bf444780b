/*
 * Scrapes on the thread pool, see the header. The bytes are handed to the Buffer as they are; only where an embedder
 * forbids external memory (a sandboxed V8) are they copied.
 */
#include "render-job.h"

#include <cerrno>
#include <cstdlib>
#include <new>
#include <utility>

#include "errors.h"

namespace pcm {
namespace {

void FreeBytes(napi_env, void *data, void *) {
    std::free(data);
}

/* Null where the environment makes no buffers any more. */
napi_value TakeBuffer(napi_env env, ByteBuffer *bytes) noexcept {
    napi_value buffer = nullptr;
    const size_t size = bytes->size();
    if (size == 0)
        return napi_create_buffer(env, 0, nullptr, &buffer) == napi_ok ? buffer : nullptr;
    char *data = bytes->Release();
    switch (napi_create_external_buffer(env, size, data, FreeBytes, nullptr, &buffer)) {
    case napi_ok:
        return buffer;
    case napi_no_external_buffers_allowed:
        if (napi_create_buffer_copy(env, size, data, nullptr, &buffer) != napi_ok)
            buffer = nullptr;
        std::free(data);
        return buffer;
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

napi_value RenderJob::Start(napi_env env, std::shared_ptr<StoreLease> lease, Format format,
                            NameFilter filter) noexcept {
    RenderJob *job = new (std::nothrow) RenderJob(std::move(lease), format, std::move(filter));
    napi_value promise = nullptr;
    if (job != nullptr && job->Queue(env, &promise))
        return promise;
    delete job;
    pcm__throw_status(env, PCM_NO_MEMORY, 0);
    return nullptr;
}

bool RenderJob::Queue(napi_env env, napi_value *promise) noexcept {
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

/* Runs for every job that was queued, also while its environment is torn down. */
void RenderJob::Complete(napi_env env, napi_status, void *data) noexcept {
    const std::unique_ptr<RenderJob> job(static_cast<RenderJob *>(data));
    job->lease_.reset();
    napi_delete_async_work(env, job->work_);
    napi_value buffer = job->status_ == PCM_OK ? TakeBuffer(env, &job->buffer_) : nullptr;
    if (buffer != nullptr) {
        napi_resolve_deferred(env, job->deferred_, buffer);
        return;
    }
    const int status = job->status_ == PCM_OK ? static_cast<int>(PCM_NO_MEMORY) : job->status_;
    napi_value error = pcm__status_error(env, status, job->error_number_);
    if (error != nullptr)
        napi_reject_deferred(env, job->deferred_, error);
}

} // namespace pcm
