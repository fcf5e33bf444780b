/*
 * The store file that the fuzzer works on: a sound one with all kinds of families, made anew before each input, and what
 * inputs do to it. An input is a list of changes:
 *
 *     kind     1 byte, of which the lower half counts: the number of an area, or one of those below
 *     offset   2 bytes, little-endian
 *     detail   1 byte
 *
 *     area     detail + 1 bytes (modulo 16) follow, which are written at the offset within the area
 *     length   the file ends at the offset within area number `detail`; beyond the last one it grows by so much
 *     noise    1 to 4 pages of numbers from the offset within an area on; the lower half of detail names the area, the
 *              upper one the number of pages and the kind of numbers
 *     next     the kind alone: what follows is done after the next step
 *     beside   the same, but what follows, up to the end of that step, is done and undone by another thread all the time
 *              that the step takes, but for lengths; so that what was checked is no more when it is used
 */
#ifndef PCM_PROOF_FUZZ_FILE_H_
#define PCM_PROOF_FUZZ_FILE_H_

#include <atomic> /* before the atomics of C, which its own do not bear */
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "layout.h"
#include "percpu_metrics.h"

namespace fuzz {

enum Kind : uint8_t { kLength = 12, kNoise = 13, kNext = 14, kBeside = 15 };

/* A part of the file. The areas lie behind one another and are the whole file. */
struct Area {
    const char *name;
    uint64_t offset;
    uint64_t size;
    uint64_t worth; /* bytes, from the front, that inputs change */
};

[[noreturn]] void Fail(const char *what);
void Require(bool condition, const char *what);

struct Input {
    const uint8_t *data;
    size_t size;
};

/* Bytes for a place of the file; none where it is to end there. */
struct Patch {
    uint64_t offset;
    std::string bytes;
};

class File {
  public:
    /* Takes the sound store at a path, whose areas must be known here without a gap. */
    explicit File(const std::string &path);
    ~File();

    const std::vector<Area> &areas() const {
        return areas_;
    }
    const pcm__header &header() const {
        return header_;
    }
    /* What the sound store has at an offset. */
    const char *At(uint64_t offset) const {
        return image_.data() + offset;
    }
    /* As it was, also where its path has another file by now. */
    void Restore();
    /* Does what the input says up to the next step, and begins what is to be done beside that. */
    void Change(Input *input);
    /* Ends what is done beside a step, if anything is. */
    void StopFlipping();

  private:
    void FindAreas();
    void FindPages();
    void Write(uint64_t offset, const void *bytes, size_t size) const;
    void Apply(const Patch &patch) const;
    Patch Length(size_t area, size_t offset) const;
    Patch Noise(uint8_t detail, size_t offset) const;
    Patch Take(Input *input) const;
    void Flip() const;
    void StartFlipping(Input *input);

    std::string path_;
    std::string second_name_; /* keeps the file where something is renamed over the first one */
    int descriptor_;
    pcm__header header_;
    std::vector<Area> areas_;
    std::string image_;
    std::vector<uint64_t> pages_; /* offsets of those that are not all zeros */
    std::vector<Patch> flips_;    /* what the thread does and undoes */
    std::thread flipper_;
    std::atomic<bool> is_over_{false};
};

/*
 * Writes a file for each input that changes one word of a structure, the length, or pages. Prints the version of the format,
 * and of each area its name, offset, size and number of inputs.
 */
void WriteSeeds(const File &file, const std::string &directory);

} // namespace fuzz

#endif
