/*
 * A scrape on a thread of libuv's pool: the event loop does nothing for it but start it and settle a promise. It holds
 * the store open by itself, so close() may come meanwhile.
 *
 * Bare Node-API: a job may end while its Worker is being terminated, when every call into JavaScript fails, and what
 * node-addon-api makes of such a failure can end the process.
 */
#ifndef PCM_ADDON_RENDER_JOB_H_
#define PCM_ADDON_RENDER_JOB_H_

#include <cstddef>
#include <memory>
#include <utility>

#include <node_api.h>

#include "byte-buffer.h"
#include "format.h"
#include "name-filter.h"
#include "percpu_metrics.h"
#include "store-lease.h"

namespace pcm {

class RenderJob {
  public:
    /*
     * Starts a scrape and gives its promise of a Uint8Array; null, with an exception pending or not, where it cannot.
     * The bytes are in `memory`, an ArrayBuffer that nobody else uses meanwhile, if it suffices; null for none.
     */
    static napi_value Start(napi_env env, std::shared_ptr<StoreLease> lease, Format format, NameFilter filter,
                            napi_value memory) noexcept;

  private:
    RenderJob(std::shared_ptr<StoreLease> lease, Format format, NameFilter filter, char *lent, size_t capacity)
        : lease_(std::move(lease)), format_(format), filter_(std::move(filter)), buffer_(lent, capacity) {}
    static void Execute(napi_env env, void *data) noexcept;
    static void Complete(napi_env env, napi_status status, void *data) noexcept;
    bool Queue(napi_env env, napi_value memory, napi_value *promise) noexcept;
    napi_value TakeBytes(napi_env env) noexcept;

    std::shared_ptr<StoreLease> lease_;
    Format format_;
    NameFilter filter_;
    ByteBuffer buffer_;
    int status_ = PCM_SYSTEM;
    int error_number_ = 0;
    napi_ref memory_ = nullptr; /* keeps what was lent */
    napi_async_work work_ = nullptr;
    napi_deferred deferred_ = nullptr;
};

} // namespace pcm

#endif
