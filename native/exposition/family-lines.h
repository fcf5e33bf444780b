/*
 * The lines of one family. Whatever precedes the values is rendered once, when a series is first seen, and lies in one
 * arena in the order of the lines; a scrape walks it from front to back, copies, and formats a number behind each
 * piece. Of a series only its index and the lengths of its pieces are kept beside that.
 *
 * Invariants: `prefix_sizes_` has lines_per_series_ entries for each entry of `series_`, and they add up to
 * `bytes_.size() - heading_size_`.
 */
#ifndef PCM_EXPOSITION_FAMILY_LINES_H_
#define PCM_EXPOSITION_FAMILY_LINES_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "number-format.h"
#include "percpu_metrics.h"

namespace pcm {

class FamilyLines {
  public:
    /* What a line adds to its piece at most: a number and a line feed. */
    static constexpr size_t kMaxTail = kMaxNumberSize + 1;

    /* Renders HELP and TYPE of a definition as a reader gives it: checked, and its own. May throw std::bad_alloc. */
    explicit FamilyLines(const pcm_family_definition &definition);

    /*
     * Renders the pieces of one more series of this family. PCM_NO_MEMORY, and nothing changed, where they would make
     * max_size() grow by more than `room` bytes. May throw std::bad_alloc, after which the object is useless.
     */
    int AddSeries(const pcm_reader *reader, uint32_t series, size_t room);

    /* More than Render can write. */
    size_t max_size() const noexcept {
        return bytes_.size() + prefix_sizes_.size() * kMaxTail;
    }

    /*
     * Writes the family with the values of the reader's last refresh to `*out`, which has room for max_size() bytes,
     * and moves it behind them. Errors: CORRUPT.
     */
    int Render(const pcm_reader *reader, char **out) const noexcept;

  private:
    int RenderNumbers(const pcm_reader *reader, char **out) const noexcept;
    int RenderHistograms(const pcm_reader *reader, char **out) const noexcept;
    void RenderQuantiles(const pcm_reader *reader, uint32_t series, const int64_t *buckets, char **to,
                         const char **from, const uint32_t **size) const noexcept;
    void AppendPrefix(const pcm_family_definition &definition, const char *suffix, const std::string &labels,
                      const double *bound);

    pcm_type type_;
    uint32_t bound_count_;
    uint32_t bucket_count_;
    uint32_t lines_per_series_;
    size_t heading_size_;
    std::string bytes_;
    std::vector<uint32_t> prefix_sizes_;
    std::vector<uint32_t> series_;
};

} // namespace pcm

#endif
