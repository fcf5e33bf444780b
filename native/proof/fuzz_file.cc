/* See fuzz_file.h. */
#include "fuzz_file.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace fuzz {
namespace {

constexpr size_t kHeadBytes = 4;
/* Enough slots for all processes that the sound store has seen, and for those to come. */
constexpr uint64_t kSlotsWorth = 8 * sizeof(pcm__slot);

uint64_t RoundUp(uint64_t value) {
    return (value + PCM__PAGE - 1) / PCM__PAGE * PCM__PAGE;
}

} // namespace

void Fail(const char *what) {
    std::fprintf(stderr, "%s\n", what);
    std::abort();
}

void Require(bool condition, const char *what) {
    if (!condition)
        Fail(what);
}

File::File(const std::string &path) : path_(path), second_name_(path + ".kept") {
    descriptor_ = open(path.c_str(), O_RDWR | O_CLOEXEC);
    Require(pread(descriptor_, &header_, sizeof header_, 0) == sizeof header_, "the header cannot be read");
    Require(link(path.c_str(), second_name_.c_str()) == 0, "the file cannot be linked");
    image_.resize(header_.file_bytes);
    Require(pread(descriptor_, &image_[0], image_.size(), 0) == static_cast<ssize_t>(image_.size()),
            "the file cannot be read");
    FindAreas();
    FindPages();
}

/* Sizes are those of the format, not differences of offsets: an area that is not known here leaves a gap. */
void File::FindAreas() {
    const pcm__header &header = header_;
    const uint64_t cells = header.capacity * sizeof(uint64_t);
    const uint64_t lanes = header.lanes * header.lane_stride;
    const uint64_t atomic_lanes = header.atomic_lanes * header.lane_stride;
    areas_ = {
        {"header", 0, PCM__TOTALS_OFFSET, sizeof(pcm__header)},
        {"totals", PCM__TOTALS_OFFSET, PCM__PAGE - PCM__TOTALS_OFFSET, sizeof(pcm__totals)},
        {"slots", header.slots_offset, PCM_MAX_PROCESSES * sizeof(pcm__slot), kSlotsWorth},
        {"changes", header.changes_offset, PCM__CHANGES * sizeof(uint64_t), PCM__PAGE},
        {"bits", header.bits_offset, RoundUp(header.capacity / 8 * 2), header.capacity / 8 * 2},
        {"catalog", header.catalog_offset, header.catalog_capacity, header.catalog_length + PCM__PAGE},
        {"base", header.base_offset, cells, cells},
        {"lanes", header.lanes_offset, lanes, lanes},
        {"atomic lanes", header.lanes_offset + lanes, atomic_lanes, atomic_lanes},
        {"tail", header.lanes_offset + lanes + atomic_lanes, PCM__PAGE, PCM__PAGE},
    };
    uint64_t end = 0;
    for (const Area &area : areas_) {
        Require(area.offset == end, "an area of the file is not known to the fuzzer");
        Require(area.worth > 0 && area.worth <= area.size && area.worth <= 65536, "the worth of an area");
        end += area.size;
    }
    Require(end == header.file_bytes, "the end of the file is not known to the fuzzer");
    Require(areas_.size() <= kLength, "more areas than inputs can name");
}

void File::FindPages() {
    const std::string zeros(PCM__PAGE, '\0');
    for (uint64_t offset = 0; offset < image_.size(); offset += PCM__PAGE)
        if (image_.compare(offset, PCM__PAGE, zeros) != 0)
            pages_.push_back(offset);
}

void File::Write(uint64_t offset, const void *bytes, size_t size) const {
    Require(pwrite(descriptor_, bytes, size, static_cast<off_t>(offset)) == static_cast<ssize_t>(size),
            "the file cannot be written");
}

void File::Restore() const {
    struct stat named;
    struct stat kept;
    Require(fstat(descriptor_, &kept) == 0, "the file is gone");
    if (lstat(path_.c_str(), &named) != 0 || named.st_ino != kept.st_ino) {
        unlink(path_.c_str());
        Require(link(second_name_.c_str(), path_.c_str()) == 0, "the file cannot be linked");
    }
    /* What was written to holes goes with it. */
    Require(ftruncate(descriptor_, 0) == 0 && ftruncate(descriptor_, static_cast<off_t>(image_.size())) == 0,
            "the file cannot be cut off");
    for (const uint64_t page : pages_)
        Write(page, At(page), PCM__PAGE);
}

void File::SetLength(size_t area, size_t offset) const {
    const uint64_t length =
        area < areas_.size() ? areas_[area].offset + offset % areas_[area].size : header_.file_bytes + offset;
    Require(ftruncate(descriptor_, static_cast<off_t>(length)) == 0, "the length cannot be set");
}

void File::WriteNoise(uint8_t detail, size_t offset) const {
    /* Any, those that cells and links have, and both. */
    static constexpr std::array<uint64_t, 4> kMasks = {~uint64_t{0}, 0x7ff, 0x7ff000007ff, 0x1ff8};
    std::array<uint64_t, 4 * PCM__PAGE / 8> noise;
    const Area &area = areas_[(detail & 15u) % areas_.size()];
    const uint64_t start = area.offset + offset % area.worth / 8 * 8;
    const uint64_t bytes = ((detail >> 4 & 3u) + 1) * uint64_t{PCM__PAGE};
    uint64_t state = 0x9e3779b97f4a7c15u * (offset + 1);
    for (uint64_t &word : noise) {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        word = state & kMasks[detail >> 6];
    }
    Write(start, noise.data(), std::min(bytes, header_.file_bytes - start));
}

/* Takes one change off the input; false where it says to go on, or is at its end. */
bool File::ChangeOnce(Input *input) const {
    const unsigned kind = input->size == 0 ? unsigned{kNext} : input->data[0] & 15u;
    if (kind >= kNext || input->size < kHeadBytes) {
        const size_t used = input->size > 0 && kind >= kNext ? 1 : input->size;
        input->data += used;
        input->size -= used;
        return false;
    }
    const size_t offset = input->data[1] + input->data[2] * size_t{256};
    const uint8_t detail = input->data[3];
    input->data += kHeadBytes;
    input->size -= kHeadBytes;
    if (kind == kLength) {
        SetLength(detail & 15u, offset);
    } else if (kind == kNoise) {
        WriteNoise(detail, offset);
    } else {
        const Area &area = areas_[kind % areas_.size()];
        const size_t size = std::min(detail % size_t{16} + 1, input->size);
        const size_t start = offset % area.worth;
        Write(area.offset + start, input->data, std::min<size_t>(size, area.size - start));
        input->data += size;
        input->size -= size;
    }
    return true;
}

void File::Change(Input *input) const {
    while (ChangeOnce(input))
        continue;
}

} // namespace fuzz
