/*
 * pcm_store_get_activity on a thread of libuv's pool, as a promise. Like a render it holds the store open by itself and
 * is bare Node-API, for the reasons that render-job.h gives.
 */
#ifndef PCM_ADDON_ACTIVITY_JOB_H_
#define PCM_ADDON_ACTIVITY_JOB_H_

#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include <node_api.h>

#include "percpu_metrics.h"
#include "store-lease.h"

namespace pcm {

class ActivityJob {
  public:
    /* Gives the promise of a StoreActivity; null, with an exception pending or not, where it cannot start. */
    static napi_value Start(napi_env env, std::shared_ptr<StoreLease> lease) noexcept;

  private:
    explicit ActivityJob(std::shared_ptr<StoreLease> lease) : lease_(std::move(lease)) {}
    static void Execute(napi_env env, void *data) noexcept;
    static void Complete(napi_env env, napi_status status, void *data) noexcept;
    bool Queue(napi_env env, napi_value *promise) noexcept;
    int Read() noexcept;
    napi_value Result(napi_env env) const noexcept;

    std::shared_ptr<StoreLease> lease_;
    std::vector<uint64_t> lanes_;
    uint32_t cpu_lanes_ = 0;
    pcm_activity activity_{};
    int status_ = PCM_SYSTEM;
    napi_async_work work_ = nullptr;
    napi_deferred deferred_ = nullptr;
};

} // namespace pcm

#endif
