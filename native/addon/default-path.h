/*
 * The path of the store that the threads of this process share when none is given. Here and not in JavaScript, because
 * this is the only thing that all of its threads have in common.
 */
#ifndef PCM_ADDON_DEFAULT_PATH_H_
#define PCM_ADDON_DEFAULT_PATH_H_

#include <string>

namespace pcm {

/* Empty if none was set. Thread-safe; may throw std::bad_alloc. */
std::string GetDefaultPath();

/* Sets the path unless one is set already, and gives the one in force. Thread-safe; may throw std::bad_alloc. */
std::string SetDefaultPath(const std::string &path);

} // namespace pcm

#endif
