/*
 * What one JavaScript thread has of a store: the binding of its hot functions, its histograms, its reader, its holder.
 * Shared by the NativeStore and by each hot function, all of which V8 frees when it likes, so that whichever JavaScript
 * still holds finds it. It is closed by close(), by the end of its thread (a Worker that exits or is terminated, the
 * process), or when the last of its owners was collected.
 *
 * Only its own JavaScript thread may touch it. A render takes the lease and not the attachment.
 */
#ifndef PCM_ADDON_ATTACHMENT_H_
#define PCM_ADDON_ATTACHMENT_H_

#include <memory>
#include <unordered_map>
#include <vector>

#include <node_api.h>

#include "hot.h"
#include "percpu_metrics.h"
#include "store-lease.h"

namespace pcm {

class Attachment {
  public:
    /* Takes over the holder of its thread, which is null where the store is only read. May throw std::bad_alloc. */
    Attachment(napi_env env, std::shared_ptr<StoreLease> lease, pcm_holder *holder);
    ~Attachment();
    Attachment(const Attachment &) = delete;
    Attachment &operator=(const Attachment &) = delete;

    /* From now on the hot functions do nothing. Closes the store unless a render is under way, which then does. */
    void Close() noexcept;

    /* Null once closed. */
    pcm_store *store() const noexcept {
        return binding_.store;
    }
    const std::shared_ptr<StoreLease> &lease() const noexcept {
        return lease_;
    }
    pcm__hot_binding *binding() noexcept {
        return &binding_;
    }

    /* The index of a series' histogram: the same one for the same series. Errors as pcm_histogram_bind, NO_MEMORY. */
    int BindHistogram(pcm_series_id series, uint32_t *out) noexcept;

    /*
     * The series that were removed since the last look, `all` where they are too many to tell; false where nothing has
     * changed. The caller lets go of what it has of them, and moves on; their histograms are let go of then.
     */
    bool Look(const pcm_series_id **removed, size_t *count, bool *all);
    void MoveOn() noexcept;

    /* The thread's own reader, refreshed; made by its first use. Errors as pcm_reader_create, pcm_reader_refresh. */
    int Read(pcm_reader **out) noexcept;

  private:
    static void OnTeardown(void *self) noexcept;
    void LetGoOf(pcm_series_id series) noexcept;
    void LetGoOfAll() noexcept;

    napi_env env_; /* null once the environment is going away */
    std::shared_ptr<StoreLease> lease_;
    pcm__hot_binding binding_;
    std::vector<pcm_histogram> histograms_;
    std::unordered_map<pcm_series_id, uint32_t> histogram_indices_;
    std::vector<uint32_t> free_histograms_; /* indices that nobody has */
    std::vector<pcm_series_id> removed_;    /* what the last look gave */
    bool all_removed_ = false;
    pcm_holder *holder_;
    pcm_reader *reader_ = nullptr;
};

} // namespace pcm

#endif
