/*
 * The first inputs, made of the sound store's own structures and their sizes: each word of each structure gets two other
 * values, one before the store is opened and one while it is read; then lengths, noise, noise beside all steps, and sets and
 * resets that were left half-way. What comes into the format is among them without a change here, but for those last.
 */
#include "fuzz_file.h"

#include <algorithm>
#include <array>
#include <cinttypes>
#include <cstddef>
#include <cstdio>
#include <cstring>
#include <set>
#include <utility>

#include "exemplars.h"

namespace fuzz {
namespace {

/* What is the same word after word. */
constexpr uint64_t kSample = 64;

struct Range {
    uint64_t offset; /* within the area */
    uint64_t size;
};

class Seeds {
  public:
    explicit Seeds(const std::string &directory) : directory_(directory) {}

    /* An input that does this before the store is opened, or when it was read once: of four in a row the outer two before. */
    void Add(const std::string &change) {
        const bool is_before = (count_ + 1) / 2 % 2 == 0;
        Write((is_before ? "" : std::string{kNext, kNext}) + change);
    }
    /* One that does it beside each step, from the opening on. */
    void AddBeside(const std::string &change) {
        constexpr int kSteps = 10;
        std::string input;
        for (int step = 0; step < kSteps; step++)
            input += std::string{kBeside} + change;
        Write(input);
    }
    size_t count() const {
        return count_;
    }

  private:
    void Write(const std::string &input) {
        char name[32];
        std::snprintf(name, sizeof name, "/seed-%05zu", count_++);
        FILE *file = std::fopen((directory_ + name).c_str(), "w");
        Require(file != nullptr && std::fwrite(input.data(), 1, input.size(), file) == input.size(), "a seed");
        Require(std::fclose(file) == 0, "a seed");
    }

    std::string directory_;
    size_t count_ = 0;
};

std::string Head(unsigned kind, uint64_t offset, unsigned detail) {
    return {static_cast<char>(kind), static_cast<char>(offset), static_cast<char>(offset >> 8),
            static_cast<char>(detail)};
}

/* Of one series per family, of which the others are like it, and of one record of exemplars. */
std::vector<Range> CatalogRanges(const File &file) {
    std::vector<Range> ranges;
    std::set<uint64_t> seen;
    const uint64_t start = file.header().catalog_offset;
    for (uint64_t at = 0; at < file.header().catalog_length;) {
        pcm__record record;
        std::memcpy(&record, file.At(start + at), sizeof record);
        Require(record.size > 0, "a record of the sound store");
        if (record.kind == PCM__RECORD_FAMILY) {
            ranges.push_back({at, record.size});
        } else if (record.kind == PCM__RECORD_SERIES) {
            uint64_t family;
            std::memcpy(&family, file.At(start + at + offsetof(pcm__series_record, family)), sizeof family);
            if (seen.insert(family).second)
                ranges.push_back({at, record.size});
        } else if (seen.insert(UINT64_MAX).second) {
            ranges.push_back({at, sizeof(pcm__exemplar_record) + sizeof(pcm__exemplar_slot)});
        }
        at += record.size;
    }
    return ranges;
}

std::vector<Range> Ranges(const File &file, const Area &area) {
    if (area.offset == file.header().catalog_offset)
        return CatalogRanges(file);
    if (area.offset == file.header().slots_offset)
        return {{0, (file.header().slots_used + 1) * sizeof(pcm__slot)}};
    if (area.offset < PCM__PAGE)
        return {{0, area.worth}};
    return {{0, std::min(area.worth, kSample)}, {area.size - PCM__TAIL_BYTES, PCM__TAIL_BYTES}};
}

void AddWords(const File &file, size_t number, Seeds *seeds) {
    /* More cells than are in use but not more than there are, and more than there can be of anything. */
    const std::array<uint32_t, 2> words = {static_cast<uint32_t>(file.header().capacity) - 1, 0xffffffff};
    const Area &area = file.areas()[number];
    for (const Range &range : Ranges(file, area)) {
        /* The last word of an area may be beyond what an offset can name. */
        for (uint64_t at = range.offset; at < range.offset + range.size && at < area.worth; at += 8) {
            for (const uint32_t word : words) {
                std::string bytes(2 * sizeof word, '\0');
                std::memcpy(&bytes[0], &word, sizeof word);
                std::memcpy(&bytes[sizeof word], &word, sizeof word);
                seeds->Add(Head(number, at, 7) + bytes);
            }
        }
    }
}

/* Changes of several places at once. */
class Changes {
  public:
    explicit Changes(const File &file) : file_(file) {}

    template <typename Word> void Add(uint64_t offset, Word word) {
        size_t number = 0;
        while (offset >= file_.areas()[number].offset + file_.areas()[number].size)
            number++;
        std::string bytes(sizeof word, '\0');
        std::memcpy(&bytes[0], &word, sizeof word);
        text_ += Head(number, offset - file_.areas()[number].offset, sizeof word - 1) + bytes;
    }
    const std::string &text() const {
        return text_;
    }

  private:
    const File &file_;
    std::string text_;
};

/* One of each family: its offset in the catalog and its double cell plus one. */
std::vector<std::pair<uint64_t, uint32_t>> LivingSeries(const File &file) {
    std::vector<std::pair<uint64_t, uint32_t>> found;
    std::set<uint64_t> seen;
    for (uint64_t at = 0; at < file.header().catalog_length;) {
        const char *bytes = file.At(file.header().catalog_offset + at);
        pcm__record head;
        uint64_t family;
        uint32_t life;
        uint32_t cell;
        std::memcpy(&head, bytes, sizeof head);
        std::memcpy(&family, bytes + offsetof(pcm__series_record, family), sizeof family);
        std::memcpy(&life, bytes + offsetof(pcm__series_record, life), sizeof life);
        std::memcpy(&cell, bytes + offsetof(pcm__series_record, double_cell), sizeof cell);
        if (head.kind == PCM__RECORD_SERIES && life % 2 == 1 && seen.insert(family).second)
            found.emplace_back(at, cell);
        at += head.size;
    }
    return found;
}

/* A set or reset that a process which held the lock has left half-way: what it intended, and what of it the record has. */
std::string Abandoned(const File &file, uint64_t series, uint32_t intended, uint32_t before, uint32_t found) {
    const pcm__header &header = file.header();
    const uint64_t record = header.catalog_offset + series;
    uint64_t rebases;
    std::memcpy(&rebases, file.At(offsetof(pcm__header, rebases)), sizeof rebases);
    const uint64_t rebase = (rebases + 1) * 2 + 1;
    Changes changes(file);
    changes.Add(offsetof(pcm__header, busy), uint32_t{1});
    changes.Add(PCM__INTENT_OFFSET + offsetof(pcm__intent, rebase), rebase);
    changes.Add(PCM__INTENT_OFFSET + offsetof(pcm__intent, series), series);
    changes.Add(PCM__INTENT_OFFSET + offsetof(pcm__intent, double_cell), intended);
    changes.Add(PCM__INTENT_OFFSET + offsetof(pcm__intent, double_cell_before), before);
    changes.Add(record + offsetof(pcm__series_record, rebase), rebase);
    changes.Add(record + offsetof(pcm__series_record, double_cell), found);
    return changes.text();
}

size_t AddAbandoned(const File &file, Seeds *seeds) {
    const size_t before = seeds->count();
    const uint32_t beyond = static_cast<uint32_t>(file.header().capacity) + 1;
    for (const auto &[offset, own] : LivingSeries(file))
        for (const uint32_t intended : {uint32_t{0}, own, beyond})
            for (const uint32_t old : {uint32_t{0}, own})
                for (const uint32_t found : {uint32_t{0}, own, beyond})
                    seeds->Add(Abandoned(file, offset, intended, old, found));
    return seeds->count() - before;
}

} // namespace

void WriteSeeds(const File &file, const std::string &directory) {
    Seeds seeds(directory);
    std::printf("format %u\n", PCM__FORMAT_VERSION);
    const size_t count = file.areas().size();
    for (size_t number = 0; number < count; number++) {
        const Area &area = file.areas()[number];
        const size_t before = seeds.count();
        AddWords(file, number, &seeds);
        for (const uint64_t offset : {uint64_t{0}, uint64_t{1}, std::min<uint64_t>(area.size / 2, 65535)})
            seeds.Add(Head(kLength, offset, number));
        for (const unsigned flavour : {0u, 0x50u, 0xa0u, 0xf0u})
            seeds.Add(Head(kNoise, 0, flavour | number));
        /* The catalog is what has the most to be checked. */
        const uint64_t end = area.offset == file.header().catalog_offset ? area.worth : PCM__PAGE;
        for (uint64_t page = 0; page < end; page += PCM__PAGE)
            seeds.AddBeside(Head(kNoise, page, 0x80u | number));
        std::printf("%s %" PRIu64 " %" PRIu64 " %zu\n", area.name, area.offset, area.size, seeds.count() - before);
    }
    Require(AddAbandoned(file, &seeds) > 0, "no series was left half-way");
    for (const uint64_t longer : {1, 4096, 65535})
        seeds.Add(Head(kLength, longer, count));
}

} // namespace fuzz
