/*
 * Which families a scrape is to have: all of them, or those of which a name was asked for. A family has several: its
 * own, the one that the format gives it, and those of its samples.
 */
#ifndef PCM_EXPOSITION_NAME_FILTER_H_
#define PCM_EXPOSITION_NAME_FILTER_H_

#include <string>
#include <unordered_set>

#include "percpu_metrics.h"

namespace pcm {

class NameFilter {
  public:
    /* Lets everything pass. */
    NameFilter() = default;

    /* From now on only what was added passes. May throw std::bad_alloc. */
    void Add(std::string name) {
        names_.insert(std::move(name));
    }
    bool is_empty() const noexcept {
        return names_.empty();
    }
    /* Whether a family with this name passes. May throw std::bad_alloc. */
    bool Passes(const std::string &name, pcm_type type) const;

  private:
    std::unordered_set<std::string> names_;
};

} // namespace pcm

#endif
