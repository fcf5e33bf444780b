/* See the header. */
#include "renderer.h"

#include <algorithm>
#include <exception>
#include <new>

#include "rendition.h"

namespace pcm {

Renderer::Renderer(pcm_reader *reader) : reader_(reader) {}

int Renderer::Create(pcm_store *store, std::unique_ptr<Renderer> *out) noexcept {
    pcm_reader *reader = nullptr;
    const int status = pcm_reader_create(store, &reader);
    if (status != PCM_OK)
        return status;
    Renderer *renderer = new (std::nothrow) Renderer(reader);
    if (renderer == nullptr) {
        pcm_reader_destroy(reader);
        return PCM_NO_MEMORY;
    }
    pcm_reader_set_giving_way(reader, true);
    out->reset(renderer);
    return PCM_OK;
}

Renderer::~Renderer() {
    pcm_reader_destroy(reader_);
}

Rendition *Renderer::Find(Format format) {
    const auto found = std::find_if(renditions_.begin(), renditions_.end(),
                                    [&](const auto &rendition) { return rendition->format() == format; });
    if (found != renditions_.end()) {
        std::rotate(found, found + 1, renditions_.end());
    } else {
        if (renditions_.size() == kMaxRenditions)
            renditions_.erase(renditions_.begin());
        renditions_.push_back(std::make_unique<Rendition>(format));
    }
    return renditions_.back().get();
}

int Renderer::Render(Format format, const NameFilter &filter, ByteBuffer *out) noexcept {
    const int status = pcm_reader_refresh(reader_);
    if (status != PCM_OK)
        return status;
    try {
        return Find(format)->Render(reader_, filter, out);
    } catch (const std::exception &) {
        return PCM_NO_MEMORY;
    }
}

} // namespace pcm
