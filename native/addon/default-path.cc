/*
 * See the header. Never destroyed: threads may still ask while the process runs its exit handlers.
 */
#include "default-path.h"

#include <mutex>

namespace pcm {
namespace {

struct DefaultPath {
    std::mutex mutex;
    std::string path;
};

DefaultPath &TheDefaultPath() {
    static DefaultPath *path = new DefaultPath;
    return *path;
}

} // namespace

std::string GetDefaultPath() {
    DefaultPath &current = TheDefaultPath();
    const std::lock_guard<std::mutex> lock(current.mutex);
    return current.path;
}

std::string SetDefaultPath(const std::string &path) {
    DefaultPath &current = TheDefaultPath();
    const std::lock_guard<std::mutex> lock(current.mutex);
    if (current.path.empty())
        current.path = path;
    return current.path;
}

} // namespace pcm
