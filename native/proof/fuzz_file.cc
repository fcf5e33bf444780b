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

unsigned KindOf(const Input &input) {
    return input.size == 0 ? unsigned{kNext} : input.data[0] & 15u;
}

void Skip(Input *input, size_t size) {
    input->data += std::min(size, input->size);
    input->size -= std::min(size, input->size);
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
        {"totals", PCM__TOTALS_OFFSET, PCM__PAGE - PCM__TOTALS_OFFSET,
         PCM__INTENT_OFFSET + sizeof(pcm__intent) - PCM__TOTALS_OFFSET},
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

File::~File() {
    StopFlipping();
    close(descriptor_);
}

void File::Restore() {
    struct stat named;
    struct stat kept;
    StopFlipping();
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

void File::Apply(const Patch &patch) const {
    if (patch.bytes.empty())
        Require(ftruncate(descriptor_, static_cast<off_t>(patch.offset)) == 0, "the length cannot be set");
    else
        Write(patch.offset, patch.bytes.data(), patch.bytes.size());
}

Patch File::Length(size_t area, size_t offset) const {
    if (area >= areas_.size())
        return {header_.file_bytes + offset, {}};
    return {areas_[area].offset + offset % areas_[area].size, {}};
}

Patch File::Noise(uint8_t detail, size_t offset) const {
    /* Any, those that cells and links have, and both. */
    static constexpr std::array<uint64_t, 4> kMasks = {~uint64_t{0}, 0x7ff, 0x7ff000007ff, 0x1ff8};
    const Area &area = areas_[(detail & 15u) % areas_.size()];
    const uint64_t start = area.offset + offset % area.worth / 8 * 8;
    const uint64_t bytes = ((detail >> 4 & 3u) + 1) * uint64_t{PCM__PAGE};
    Patch patch{start, std::string(std::min(bytes, header_.file_bytes - start), '\0')};
    uint64_t state = 0x9e3779b97f4a7c15u * (offset + 1);
    for (size_t at = 0; at < patch.bytes.size(); at += sizeof state) {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        const uint64_t word = state & kMasks[detail >> 6];
        std::memcpy(&patch.bytes[at], &word, sizeof word);
    }
    return patch;
}

/* Where there is a change. What the input is too short for is zeros. */
Patch File::Take(Input *input) const {
    std::array<uint8_t, kHeadBytes> head{};
    std::copy_n(input->data, std::min(input->size, head.size()), head.begin());
    Skip(input, head.size());
    const unsigned kind = head[0] & 15u;
    const size_t offset = head[1] + head[2] * size_t{256};
    if (kind == kLength)
        return Length(head[3] & 15u, offset);
    if (kind == kNoise)
        return Noise(head[3], offset);
    const Area &area = areas_[kind % areas_.size()];
    const uint64_t start = offset % area.worth;
    const size_t wanted = std::min<uint64_t>(head[3] % size_t{16} + 1, area.size - start);
    Patch patch{area.offset + start, std::string(wanted, '\0')};
    std::copy_n(input->data, std::min(input->size, wanted), patch.bytes.begin());
    Skip(input, wanted);
    return patch;
}

void File::Flip() const {
    while (!is_over_.load(std::memory_order_relaxed)) {
        for (const Patch &patch : flips_) {
            Apply(patch);
            Write(patch.offset, At(patch.offset), patch.bytes.size());
        }
    }
}

/* With what the input has up to the next step; that may begin with what is done beside it. */
void File::StartFlipping(Input *input) {
    while (KindOf(*input) < kNext) {
        const Patch patch = Take(input);
        if (!patch.bytes.empty())
            flips_.push_back(patch);
    }
    if (KindOf(*input) == kNext)
        Skip(input, 1);
    if (!flips_.empty())
        flipper_ = std::thread(&File::Flip, this);
}

void File::StopFlipping() {
    if (!flipper_.joinable())
        return;
    is_over_.store(true, std::memory_order_relaxed);
    flipper_.join();
    flips_.clear();
    is_over_.store(false, std::memory_order_relaxed);
}

void File::Change(Input *input) {
    StopFlipping();
    while (KindOf(*input) < kNext)
        Apply(Take(input));
    const bool is_beside = KindOf(*input) == kBeside;
    Skip(input, 1);
    if (is_beside)
        StartFlipping(input);
}

} // namespace fuzz
