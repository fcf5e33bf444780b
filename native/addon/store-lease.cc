/*
 * Opens and closes, see the header.
 */
#include "store-lease.h"

#include <exception>
#include <utility>

namespace pcm {

StoreLease::StoreLease(pcm_store *store, std::shared_ptr<SharedRenderer> renderer)
    : store_(store), renderer_(std::move(renderer)) {}

StoreLease::~StoreLease() {
    /* Before the close: the last one to go destroys the reader of the store. */
    SharedRenderer::Release(store_, std::move(renderer_));
    pcm_store_close(store_);
}

int StoreLease::Open(const pcm_open_options &options, std::shared_ptr<StoreLease> *out) noexcept {
    pcm_store *store = nullptr;
    const int status = pcm_store_open(&options, &store);
    if (status != PCM_OK)
        return status;
    std::shared_ptr<SharedRenderer> renderer;
    try {
        renderer = SharedRenderer::Acquire(store);
        *out = std::make_shared<StoreLease>(store, renderer);
        return PCM_OK;
    } catch (const std::exception &) {
        SharedRenderer::Release(store, std::move(renderer));
        pcm_store_close(store);
        return PCM_NO_MEMORY;
    }
}

} // namespace pcm
