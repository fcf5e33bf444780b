/*
 * Renders a whole store, in any format. Made for one store and kept from scrape to scrape: the first scrape in a format
 * renders what precedes each value, later ones copy that and format the numbers of one streaming pass over the lanes.
 *
 * Gives way to other threads of its CPU while it works, for it may be an event loop that waits.
 *
 * Nothing throws. Not thread-safe: one thread at a time. Knows nothing of Node.
 */
#ifndef PCM_EXPOSITION_RENDERER_H_
#define PCM_EXPOSITION_RENDERER_H_

#include <cstddef>
#include <memory>
#include <vector>

#include "byte-buffer.h"
#include "format.h"
#include "name-filter.h"
#include "percpu_metrics.h"

namespace pcm {

class Rendition;

class Renderer {
  public:
    /*
     * The most that a scrape can have, in bytes: no JavaScript string is longer, and a hostile store, in which few
     * bytes stand for many lines, cannot make its reader take all memory of the machine.
     */
    static constexpr size_t kMaxSize = size_t{512} << 20;

    /* The formats that are kept; the one that was not asked for longest goes where another one is asked for. */
    static constexpr size_t kMaxRenditions = 4;

    /* The store must outlive the renderer. Errors: NO_MEMORY. */
    static int Create(pcm_store *store, std::unique_ptr<Renderer> *out) noexcept;
    ~Renderer();
    Renderer(const Renderer &) = delete;
    Renderer &operator=(const Renderer &) = delete;

    /*
     * Reads the store and appends the families that pass the filter to `out`, which is as it was on failure. Errors:
     * CORRUPT, BROKEN, NO_MEMORY (of this process, or a scrape of more than kMaxSize).
     */
    int Render(Format format, const NameFilter &filter, ByteBuffer *out) noexcept;

  private:
    explicit Renderer(pcm_reader *reader);
    Rendition *Find(Format format);

    pcm_reader *reader_;
    std::vector<std::unique_ptr<Rendition>> renditions_; /* the last one was asked for last */
};

} // namespace pcm

#endif
