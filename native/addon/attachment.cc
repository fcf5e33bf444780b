/*
 * See the header. The vector of histograms may move when it grows; the binding is told at once, on the one thread
 * that also runs the hot functions.
 */
#include "attachment.h"

#include <exception>
#include <utility>

namespace pcm {

Attachment::Attachment(napi_env env, std::shared_ptr<StoreLease> lease, pcm_holder *holder)
    : env_(env), lease_(std::move(lease)), binding_{lease_->store(), nullptr, 0}, holder_(holder) {
    napi_add_env_cleanup_hook(env_, OnTeardown, this);
}

Attachment::~Attachment() {
    Close();
}

void Attachment::OnTeardown(void *self) noexcept {
    Attachment *attachment = static_cast<Attachment *>(self);
    attachment->env_ = nullptr;
    attachment->Close();
}

void Attachment::Close() noexcept {
    if (lease_ == nullptr)
        return;
    if (env_ != nullptr)
        napi_remove_env_cleanup_hook(env_, OnTeardown, this);
    binding_ = {nullptr, nullptr, 0};
    if (reader_ != nullptr)
        pcm_reader_destroy(reader_);
    reader_ = nullptr;
    histograms_.clear();
    histogram_indices_.clear();
    free_histograms_.clear();
    pcm_holder_destroy(holder_);
    holder_ = nullptr;
    lease_.reset();
}

int Attachment::BindHistogram(pcm_series_id series, uint32_t *out) noexcept {
    const auto known = histogram_indices_.find(series);
    if (known != histogram_indices_.end()) {
        *out = known->second;
        return PCM_OK;
    }
    pcm_histogram histogram;
    const int status = pcm_histogram_bind(store(), series, &histogram);
    if (status != PCM_OK)
        return status;
    try {
        if (free_histograms_.empty()) {
            histograms_.push_back(histogram);
            binding_.histograms = histograms_.data();
            binding_.histogram_count = static_cast<uint32_t>(histograms_.size());
            /* Room for all of them, so that nothing can fail where one is let go of. */
            free_histograms_.reserve(histograms_.capacity());
            free_histograms_.push_back(binding_.histogram_count - 1);
        }
        const uint32_t index = free_histograms_.back();
        histogram_indices_.emplace(series, index);
        free_histograms_.pop_back();
        histograms_[index] = histogram;
        *out = index;
    } catch (const std::exception &) {
        return PCM_NO_MEMORY;
    }
    return PCM_OK;
}

void Attachment::LetGoOf(pcm_series_id series) noexcept {
    const auto known = histogram_indices_.find(series);
    if (known == histogram_indices_.end())
        return;
    free_histograms_.push_back(known->second);
    histogram_indices_.erase(known);
}

void Attachment::LetGoOfAll() noexcept {
    for (const auto &known : histogram_indices_)
        free_histograms_.push_back(known.second);
    histogram_indices_.clear();
}

bool Attachment::Look(const pcm_series_id **removed, size_t *count, bool *all) {
    if (holder_ == nullptr || !pcm_holder_is_behind(holder_))
        return false;
    removed_.resize(PCM_MAX_REMOVALS);
    pcm_holder_look(holder_, removed_.data(), PCM_MAX_REMOVALS, count, &all_removed_);
    removed_.resize(*count);
    *removed = removed_.data();
    *all = all_removed_;
    return true;
}

void Attachment::MoveOn() noexcept {
    if (holder_ == nullptr)
        return;
    if (all_removed_)
        LetGoOfAll();
    else
        for (const pcm_series_id series : removed_)
            LetGoOf(series);
    removed_.clear();
    all_removed_ = false;
    /* Only a forked process can fail to, and Node forks none: then nothing is used again, which does no harm. */
    (void)pcm_holder_move_on(holder_);
}

int Attachment::Read(pcm_reader **out) noexcept {
    if (reader_ == nullptr) {
        const int status = pcm_reader_create(store(), &reader_);
        if (status != PCM_OK)
            return status;
    }
    const int status = pcm_reader_refresh(reader_);
    if (status == PCM_OK)
        *out = reader_;
    return status;
}

} // namespace pcm
