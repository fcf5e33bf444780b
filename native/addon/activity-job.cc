/* See the header. */
#include "activity-job.h"

#include <exception>
#include <new>

#include "errors.h"

namespace pcm {
namespace {

bool SetNumber(napi_env env, napi_value object, const char *name, uint64_t number) noexcept {
    napi_value value;
    return napi_create_double(env, static_cast<double>(number), &value) == napi_ok &&
           napi_set_named_property(env, object, name, value) == napi_ok;
}

bool SetNumbers(napi_env env, napi_value object, const char *name, const uint64_t *numbers, size_t size) noexcept {
    napi_value array;
    if (napi_create_array_with_length(env, size, &array) != napi_ok)
        return false;
    for (size_t i = 0; i < size; i++) {
        napi_value value;
        if (napi_create_double(env, static_cast<double>(numbers[i]), &value) != napi_ok ||
            napi_set_element(env, array, static_cast<uint32_t>(i), value) != napi_ok)
            return false;
    }
    return napi_set_named_property(env, object, name, array) == napi_ok;
}

} // namespace

napi_value ActivityJob::Start(napi_env env, std::shared_ptr<StoreLease> lease) noexcept {
    ActivityJob *job = new (std::nothrow) ActivityJob(std::move(lease));
    napi_value promise = nullptr;
    if (job != nullptr && job->Queue(env, &promise))
        return promise;
    delete job;
    pcm__throw_status(env, PCM_NO_MEMORY, 0);
    return nullptr;
}

bool ActivityJob::Queue(napi_env env, napi_value *promise) noexcept {
    napi_value name;
    if (napi_create_string_utf8(env, "percpu-metrics:activity", NAPI_AUTO_LENGTH, &name) != napi_ok ||
        napi_create_async_work(env, nullptr, name, Execute, Complete, this, &work_) != napi_ok)
        return false;
    if (napi_create_promise(env, &deferred_, promise) == napi_ok && napi_queue_async_work(env, work_) == napi_ok)
        return true;
    napi_delete_async_work(env, work_);
    return false;
}

int ActivityJob::Read() noexcept {
    pcm_store_info info;
    pcm_store_get_info(lease_->store(), &info);
    try {
        lanes_.resize(size_t{info.lanes} + info.atomic_lanes);
    } catch (const std::exception &) {
        return PCM_NO_MEMORY;
    }
    cpu_lanes_ = info.lanes;
    return pcm_store_get_activity(lease_->store(), &activity_, lanes_.data(), lanes_.size());
}

void ActivityJob::Execute(napi_env, void *data) noexcept {
    ActivityJob *job = static_cast<ActivityJob *>(data);
    job->status_ = job->Read();
}

napi_value ActivityJob::Result(napi_env env) const noexcept {
    napi_value object;
    const uint64_t *atomic = lanes_.data() + cpu_lanes_;
    const bool complete = napi_create_object(env, &object) == napi_ok &&
                          SetNumber(env, object, "aborts", activity_.aborts) &&
                          SetNumber(env, object, "fallbacks", activity_.fallbacks) &&
                          SetNumber(env, object, "refusals", activity_.refusals) &&
                          SetNumbers(env, object, "cpus", lanes_.data(), cpu_lanes_) &&
                          SetNumbers(env, object, "atomic", atomic, lanes_.size() - cpu_lanes_);
    return complete ? object : nullptr;
}

/* Runs for every job that was queued, also while its environment is torn down. */
void ActivityJob::Complete(napi_env env, napi_status, void *data) noexcept {
    const std::unique_ptr<ActivityJob> job(static_cast<ActivityJob *>(data));
    job->lease_.reset();
    napi_delete_async_work(env, job->work_);
    napi_value result = job->status_ == PCM_OK ? job->Result(env) : nullptr;
    if (result != nullptr) {
        napi_resolve_deferred(env, job->deferred_, result);
        return;
    }
    const int status = job->status_ == PCM_OK ? static_cast<int>(PCM_NO_MEMORY) : job->status_;
    napi_value error = pcm__status_error(env, status, 0);
    if (error != nullptr)
        napi_reject_deferred(env, job->deferred_, error);
}

} // namespace pcm
