/*
 * The one renderer that a process has for a store, whichever of its threads asks for a scrape: what is kept between
 * scrapes is kept once, and a scrape that comes while another is made waits for it on its thread of the pool. Made by
 * the first scrape, destroyed with the last attachment of the process.
 */
#ifndef PCM_ADDON_SHARED_RENDERER_H_
#define PCM_ADDON_SHARED_RENDERER_H_

#include <memory>
#include <mutex>

#include "percpu_metrics.h"
#include "renderer.h"

namespace pcm {

class SharedRenderer {
  public:
    explicit SharedRenderer(pcm_store *store) : store_(store) {}

    /* See Renderer::Render. Thread-safe; never throws. */
    int Render(Format format, const NameFilter &filter, ByteBuffer *out) noexcept;

    /*
     * The renderer of a store, shared by all that hold one. The store must be open until the last of them has given
     * it back with Release. Thread-safe; may throw std::bad_alloc.
     */
    static std::shared_ptr<SharedRenderer> Acquire(pcm_store *store);
    static void Release(pcm_store *store, std::shared_ptr<SharedRenderer> renderer) noexcept;

  private:
    pcm_store *store_;
    std::mutex mutex_;
    std::unique_ptr<Renderer> renderer_;
};

} // namespace pcm

#endif
