/*
 * A store in one format: the outputs of its families, kept from scrape to scrape. Families come in the order of their
 * creation, the series of a family together.
 *
 * Invariant: `series_count_` series of the store are in the outputs, and `families_` are its first ones.
 */
#ifndef PCM_EXPOSITION_RENDITION_H_
#define PCM_EXPOSITION_RENDITION_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "byte-buffer.h"
#include "family-names.h"
#include "family-output.h"
#include "format.h"
#include "name-filter.h"
#include "percpu_metrics.h"

namespace pcm {

class Rendition {
  public:
    explicit Rendition(Format format) : format_(format) {}

    const Format &format() const noexcept {
        return format_;
    }

    /*
     * Takes in what is new in the catalog and appends the families that pass to `out`. A series whose family the reader
     * does not have yet, and whatever was created after it, is left to the next scrape. Where a series was removed all
     * of it begins anew. Errors: CORRUPT, NO_MEMORY.
     */
    int Render(const pcm_reader *reader, const NameFilter &filter, ByteBuffer *out) noexcept;

  private:
    struct Family {
        FamilyNames names;
        std::unique_ptr<FamilyOutput> output;
    };

    int TakeIn(const pcm_reader *reader);
    void TakeInFamilies(const pcm_reader *reader);
    int TakeInSeries(const pcm_reader *reader);
    int Write(const pcm_reader *reader, const NameFilter &filter, ByteBuffer *out) const;
    void Clear() noexcept;

    Format format_;
    std::vector<Family> families_;
    uint32_t series_count_ = 0;
    uint64_t version_ = 0; /* of the reader */
    size_t max_size_ = 0;
};

} // namespace pcm

#endif
