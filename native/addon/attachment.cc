/*
 * See the header. The vector of histograms may move when it grows; the binding is told at once, on the one thread
 * that also runs the hot functions.
 */
#include "attachment.h"

#include <exception>
#include <utility>

namespace pcm {

Attachment::Attachment(napi_env env, std::shared_ptr<StoreLease> lease)
    : env_(env), lease_(std::move(lease)), binding_{lease_->store(), nullptr, 0} {
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
    const uint32_t index = static_cast<uint32_t>(histograms_.size());
    try {
        histograms_.push_back(histogram);
        binding_.histograms = histograms_.data();
        binding_.histogram_count = index + 1;
        histogram_indices_.emplace(series, index);
    } catch (const std::exception &) {
        return PCM_NO_MEMORY;
    }
    *out = index;
    return PCM_OK;
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
