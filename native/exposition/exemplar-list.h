/*
 * The exemplars of a family as one scrape writes them, in the order of its series and their buckets. There are few of
 * them, if any: they are rendered before the values, which then only have to look whether it is their turn.
 */
#ifndef PCM_EXPOSITION_EXEMPLAR_LIST_H_
#define PCM_EXPOSITION_EXEMPLAR_LIST_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "percpu_metrics.h"

namespace pcm {

class ExemplarList {
  public:
    /* How an exemplar is written. May throw std::bad_alloc. */
    using Format = std::string (*)(const pcm_exemplar &exemplar);

    /* Begins anew; false where no series of the store has any. */
    bool Begin(const pcm_reader *reader) noexcept {
        items_.clear();
        size_ = 0;
        return pcm_reader_any_exemplars(reader);
    }
    /* Adds those of one more series, which is number `position` of its family. May throw std::bad_alloc. */
    void Add(const pcm_reader *reader, uint32_t position, uint32_t series, uint32_t buckets, Format format) {
        if (!pcm_reader_has_exemplars(reader, series))
            return;
        pcm_exemplar exemplar;
        for (uint32_t bucket = 0; bucket < buckets; bucket++) {
            if (pcm_reader_exemplar(reader, series, bucket, &exemplar) != PCM_OK)
                continue;
            items_.push_back({position, bucket, format(exemplar)});
            size_ += items_.back().text.size();
        }
    }
    bool is_empty() const noexcept {
        return items_.empty();
    }
    size_t count() const noexcept {
        return items_.size();
    }
    /* Of all texts. */
    size_t size() const noexcept {
        return size_;
    }

  private:
    friend class ExemplarCursor;
    struct Item {
        uint32_t position;
        uint32_t bucket;
        std::string text;
    };
    std::vector<Item> items_;
    size_t size_ = 0;
};

/* Walks a list from front to back. */
class ExemplarCursor {
  public:
    explicit ExemplarCursor(const ExemplarList &list) noexcept
        : next_(list.items_.data()), end_(next_ + list.items_.size()) {}

    /* What is asked for from now on is of this series. */
    void MoveTo(uint32_t position) noexcept {
        position_ = position;
    }
    /* The exemplar of a bucket, if there is one. Buckets are asked for in their order. */
    const std::string *At(uint32_t bucket) noexcept {
        if (next_ == end_ || next_->position != position_ || next_->bucket != bucket)
            return nullptr;
        return &next_++->text;
    }

  private:
    const ExemplarList::Item *next_;
    const ExemplarList::Item *end_;
    uint32_t position_ = 0;
};

} // namespace pcm

#endif
