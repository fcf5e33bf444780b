/*
 * libFuzzer over a store whose bytes are anything: attach, read, render in every format, then attach for writing, find,
 * make, count, set back and remove. An input is a list of changes of a sound store (see fuzz_file.h); the first ones are
 * there before it is opened, the others come while it is open, between two steps or all the time, as from a process that
 * scribbles over it.
 *
 * With --seeds=DIRECTORY it writes its first inputs there, prints the areas of the file, and ends.
 *
 * What is expected: an error or a result, in bounds, never a crash. The sanitizers do the rest.
 */
#include <cstdlib>
#include <cstring>
#include <memory>
#include <unistd.h>

#include "fuzz_calls.h"
#include "fuzz_file.h"

namespace {

std::string directory;
std::string path;
std::unique_ptr<fuzz::File> file;

void RemoveDirectory() {
    unlink(path.c_str());
    unlink((path + ".kept").c_str());
    rmdir(directory.c_str());
}

} // namespace

extern "C" int LLVMFuzzerInitialize(int *count, char ***arguments) {
    static const char kSeeds[] = "--seeds=";
    const char *parent = std::getenv("TMPDIR");
    directory = std::string(parent == nullptr ? "/dev/shm" : parent) + "/pcm-fuzz-XXXXXX";
    fuzz::Require(mkdtemp(&directory[0]) != nullptr, "directory");
    path = directory + "/store";
    std::atexit(RemoveDirectory);
    fuzz::MakeStore(path);
    file = std::make_unique<fuzz::File>(path);
    for (int i = 1; i < *count; i++) {
        if (std::strncmp((*arguments)[i], kSeeds, sizeof kSeeds - 1) == 0) {
            fuzz::WriteSeeds(*file, (*arguments)[i] + sizeof kSeeds - 1);
            std::exit(0);
        }
    }
    return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    fuzz::Input input{data, size};
    file->Restore();
    file->Change(&input);
    fuzz::Read(path, file.get(), &input);
    file->Change(&input);
    fuzz::Count(path, file.get(), &input);
    file->StopFlipping();
    return 0;
}
