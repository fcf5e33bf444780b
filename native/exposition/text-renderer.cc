/*
 * The renderer, see the header. The most that a text can need is known before its first byte is written, so it is
 * reserved once and the loops that write have neither checks nor growing in them.
 */
#include "text-renderer.h"

#include <new>

namespace pcm {

int TextRenderer::Create(pcm_store *store, std::unique_ptr<TextRenderer> *out) noexcept {
    pcm_reader *reader = nullptr;
    const int status = pcm_reader_create(store, &reader);
    if (status != PCM_OK)
        return status;
    TextRenderer *renderer = new (std::nothrow) TextRenderer(reader);
    if (renderer == nullptr) {
        pcm_reader_destroy(reader);
        return PCM_NO_MEMORY;
    }
    out->reset(renderer);
    return PCM_OK;
}

TextRenderer::~TextRenderer() {
    pcm_reader_destroy(reader_);
}

void TextRenderer::TakeInFamilies() {
    const uint32_t count = pcm_reader_family_count(reader_);
    for (uint32_t i = static_cast<uint32_t>(families_.size()); i < count; i++) {
        families_.emplace_back(*pcm_reader_family(reader_, i));
        max_size_ += families_.back().max_size();
    }
}

int TextRenderer::TakeInSeries() {
    const uint32_t count = pcm_reader_series_count(reader_);
    while (series_count_ < count) {
        const uint32_t family = pcm_reader_series(reader_, series_count_).family;
        if (family >= families_.size())
            return PCM_CORRUPT;
        FamilyLines &lines = families_[family];
        const size_t before = lines.max_size();
        const int status = lines.AddSeries(reader_, series_count_, max_size_ < kMaxSize ? kMaxSize - max_size_ : 0);
        if (status != PCM_OK)
            return status;
        max_size_ += lines.max_size() - before;
        series_count_++;
    }
    return PCM_OK;
}

/* Renders what is new in the catalog. A failure half-way leaves what was taken in before, or nothing at all. */
int TextRenderer::TakeIn() noexcept {
    try {
        TakeInFamilies();
        return TakeInSeries();
    } catch (const std::exception &) {
        families_.clear();
        series_count_ = 0;
        max_size_ = 0;
        return PCM_NO_MEMORY;
    }
}

int TextRenderer::Render(ByteBuffer *out) noexcept {
    int status = pcm_reader_refresh(reader_);
    if (status == PCM_OK)
        status = TakeIn();
    if (status != PCM_OK)
        return status;
    if (max_size_ > kMaxSize || !out->Reserve(max_size_))
        return PCM_NO_MEMORY;
    char *end = out->end();
    for (const FamilyLines &family : families_) {
        status = family.Render(reader_, &end);
        if (status != PCM_OK)
            return status;
    }
    out->set_end(end);
    return PCM_OK;
}

} // namespace pcm
