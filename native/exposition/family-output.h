/*
 * One family in one format: what a scrape writes of it. Whatever stays the same from scrape to scrape is rendered when
 * a series is first seen and kept; a scrape copies it and puts the values in between. There is a class for each syntax
 * and kind of family; MakeFamilyOutput picks it.
 */
#ifndef PCM_EXPOSITION_FAMILY_OUTPUT_H_
#define PCM_EXPOSITION_FAMILY_OUTPUT_H_

#include <cstddef>
#include <cstdint>
#include <memory>

#include "family-names.h"
#include "format.h"
#include "percpu_metrics.h"

namespace pcm {

/* Series with one number, or with many, whose work is told the reader, which may give way, at a time. */
constexpr uint32_t kNumbersAtATime = PCM_READER_WORK_AT_A_TIME;
constexpr uint32_t kObservationsAtATime = 512;
constexpr uint32_t kWorkOfObservations = PCM_READER_WORK_AT_A_TIME / kObservationsAtATime;

class FamilyOutput {
  public:
    FamilyOutput() = default;
    virtual ~FamilyOutput() = default;
    FamilyOutput(const FamilyOutput &) = delete;
    FamilyOutput &operator=(const FamilyOutput &) = delete;

    /*
     * Renders what stays the same of one more series. Nothing changed, and PCM_NO_MEMORY where max_size() would grow by
     * more than `room` bytes, PCM_REMOVED where the series was removed since the reader's refresh. May throw std::bad_alloc, after which the object is useless.
     */
    virtual int AddSeries(const pcm_reader *reader, uint32_t series, size_t room) = 0;

    /* More than Render can write, but for exemplars. */
    virtual size_t max_size() const noexcept = 0;

    /*
     * Takes in the exemplars that there are now, in the place of those before, and gives the most that Render writes of
     * them. May throw std::bad_alloc.
     */
    virtual size_t TakeInExemplars(const pcm_reader *) {
        return 0;
    }

    /*
     * Writes the family with the values of the reader's last refresh to `*out`, which has room for max_size() bytes and
     * the exemplars, and moves it behind them. Errors: CORRUPT.
     */
    virtual int Render(const pcm_reader *reader, char **out) const noexcept = 0;
};

/* For a definition as a reader gives it: checked, and its own. May throw std::bad_alloc. */
std::unique_ptr<FamilyOutput> MakeFamilyOutput(Syntax syntax, const pcm_family_definition &definition,
                                               const FamilyNames &names);

} // namespace pcm

#endif
