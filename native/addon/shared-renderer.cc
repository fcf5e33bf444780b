/*
 * The renderers of this process, by store. The registry is never destroyed: threads may still close stores while the
 * process runs its exit handlers.
 */
#include "shared-renderer.h"

#include <map>
#include <utility>

namespace pcm {
namespace {

struct Registry {
    std::mutex mutex;
    std::map<pcm_store *, std::weak_ptr<SharedRenderer>> renderers;
};

Registry &TheRegistry() {
    static Registry *registry = new Registry;
    return *registry;
}

} // namespace

int SharedRenderer::Render(Format format, const NameFilter &filter, ByteBuffer *out) noexcept {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (renderer_ == nullptr) {
        const int status = Renderer::Create(store_, &renderer_);
        if (status != PCM_OK)
            return status;
    }
    return renderer_->Render(format, filter, out);
}

std::shared_ptr<SharedRenderer> SharedRenderer::Acquire(pcm_store *store) {
    Registry &registry = TheRegistry();
    const std::lock_guard<std::mutex> lock(registry.mutex);
    std::weak_ptr<SharedRenderer> &entry = registry.renderers[store];
    std::shared_ptr<SharedRenderer> renderer = entry.lock();
    if (renderer == nullptr) {
        renderer = std::make_shared<SharedRenderer>(store);
        entry = renderer;
    }
    return renderer;
}

void SharedRenderer::Release(pcm_store *store, std::shared_ptr<SharedRenderer> renderer) noexcept {
    Registry &registry = TheRegistry();
    const std::lock_guard<std::mutex> lock(registry.mutex);
    renderer.reset();
    const auto entry = registry.renderers.find(store);
    if (entry != registry.renderers.end() && entry->second.expired())
        registry.renderers.erase(entry);
}

} // namespace pcm
