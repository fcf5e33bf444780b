/*
 * One open of a store, shared by all that need it open: the attachment until close(), and every render until it is
 * done. The store is closed when the last of them lets go, on whatever thread that is.
 */
#ifndef PCM_ADDON_STORE_LEASE_H_
#define PCM_ADDON_STORE_LEASE_H_

#include <memory>

#include "percpu_metrics.h"
#include "shared-renderer.h"

namespace pcm {

class StoreLease {
  public:
    /* Errors as pcm_store_open, errno included. Never throws. */
    static int Open(const pcm_open_options &options, std::shared_ptr<StoreLease> *out) noexcept;

    /* Takes over one open of the store. Use Open. */
    StoreLease(pcm_store *store, std::shared_ptr<SharedRenderer> renderer);
    ~StoreLease();
    StoreLease(const StoreLease &) = delete;
    StoreLease &operator=(const StoreLease &) = delete;

    pcm_store *store() const noexcept {
        return store_;
    }
    SharedRenderer &renderer() const noexcept {
        return *renderer_;
    }

  private:
    pcm_store *store_;
    std::shared_ptr<SharedRenderer> renderer_;
};

} // namespace pcm

#endif
