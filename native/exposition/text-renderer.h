/*
 * Renders a whole store as Prometheus text 0.0.4 (`text/plain; version=0.0.4; charset=utf-8`). Made for one store and
 * kept from scrape to scrape: the first scrape renders what precedes each value, later ones copy that and format the
 * numbers of one streaming pass over the lanes. Families come in the order of their creation, the series of a family
 * together; a family without series still has its HELP and TYPE.
 *
 * Nothing throws. Not thread-safe: one thread at a time. Knows nothing of Node.
 */
#ifndef PCM_EXPOSITION_TEXT_RENDERER_H_
#define PCM_EXPOSITION_TEXT_RENDERER_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "byte-buffer.h"
#include "family-lines.h"
#include "percpu_metrics.h"

namespace pcm {

class TextRenderer {
  public:
    /*
     * The most that a scrape can have, in bytes: no JavaScript string is longer, and a hostile store, in which few
     * bytes stand for many lines, cannot make its reader take all memory of the machine.
     */
    static constexpr size_t kMaxSize = size_t{512} << 20;

    /* The store must outlive the renderer. Errors: NO_MEMORY. */
    static int Create(pcm_store *store, std::unique_ptr<TextRenderer> *out) noexcept;
    ~TextRenderer();
    TextRenderer(const TextRenderer &) = delete;
    TextRenderer &operator=(const TextRenderer &) = delete;

    /*
     * Reads the store and appends its text to `out`, which is as it was on failure. Errors: CORRUPT, BROKEN, NO_MEMORY
     * (of this process, or a text of more than kMaxSize).
     */
    int Render(ByteBuffer *out) noexcept;

  private:
    explicit TextRenderer(pcm_reader *reader) : reader_(reader) {}
    int TakeIn() noexcept;
    void TakeInFamilies();
    int TakeInSeries();

    pcm_reader *reader_;
    std::vector<FamilyLines> families_;
    uint32_t series_count_ = 0;
    size_t max_size_ = 0;
};

} // namespace pcm

#endif
