/*
 * libFuzzer over a store whose bytes are anything: attach, read, render in every format, then attach for writing, find,
 * make and count. An input is a list of patches of a sound store; half of them are there before it is opened, the others
 * come while it is open, as from a process that scribbles over it.
 *
 *     patch: area (1 byte), offset (2 bytes, little-endian), size - 1 (1 byte, modulo 16), bytes
 *
 * What is expected: an error or a result, in bounds, never a crash. The sanitizers do the rest.
 */
#include <array>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <memory>
#include <string>
#include <unistd.h>
#include <vector>

#include "byte-buffer.h"
#include "layout.h"
#include "percpu_metrics.h"
#include "renderer.h"

namespace {

constexpr uint64_t kCapacity = 1024;
constexpr uint32_t kLanes = 2;

/* A part of the file that inputs change, and that is put back before each of them. */
struct Area {
    off_t offset;
    std::string original;
};

std::string directory;
std::string path;
int file = -1;
std::array<Area, 8> areas;

[[noreturn]] void Fail(const char *what) {
    std::fprintf(stderr, "%s\n", what);
    std::abort();
}

void Require(bool condition, const char *what) {
    if (!condition)
        Fail(what);
}

pcm_bytes Bytes(const char *text) {
    return {text, std::strlen(text)};
}

int Open(bool read_only, pcm_store **out) {
    pcm_open_options options{};
    options.path = path.c_str();
    options.capacity = kCapacity;
    options.lanes = kLanes;
    options.read_only = read_only;
    return pcm_store_open(&options, out);
}

/* Declares a family of a type, with a label; of any store, so that every error may come. */
int Declare(pcm_store *store, pcm_type type, const char *name, pcm_family_id *out) {
    static const double bounds[] = {0.5, 1, 2};
    static const double range[] = {0.001, 1000, 0.5, 0.99};
    const pcm_bytes label = Bytes("label");
    pcm_family_definition definition{};
    definition.type = type;
    definition.name = Bytes(name);
    definition.help = Bytes("Help.");
    definition.unit = Bytes("");
    definition.label_names = &label;
    definition.label_count = 1;
    if (type == PCM_HISTOGRAM) {
        definition.bounds = bounds;
        definition.bound_count = 3;
    } else if (type == PCM_NATIVE_HISTOGRAM || type == PCM_SUMMARY) {
        definition.bounds = range;
        definition.bound_count = type == PCM_SUMMARY ? 4 : 2;
        definition.schema = 1;
    }
    return pcm_family_declare(store, &definition, out);
}

void Count(pcm_store *store, pcm_type type, const char *name, const char *value) {
    pcm_family_id family;
    pcm_series_id series;
    pcm_histogram histogram;
    uint32_t cell;
    const pcm_bytes label = Bytes(value);
    if (Declare(store, type, name, &family) != PCM_OK || pcm_series_bind(store, family, &label, 1, &series) != PCM_OK)
        return;
    if (pcm_histogram_bind(store, series, &histogram) == PCM_OK)
        pcm_histogram_observe(store, &histogram, 0.7);
    if (pcm_series_cell(store, series, &cell) == PCM_OK)
        pcm_cell_add(store, cell, 3);
    if (type == PCM_GAUGE)
        pcm_gauge_set(store, series, 1.5);
    pcm_series_add_double(store, series, 0.25);
}

void CountAll(pcm_store *store, const char *value) {
    Count(store, PCM_COUNTER, "c_total", value);
    Count(store, PCM_GAUGE, "g", value);
    Count(store, PCM_HISTOGRAM, "h", value);
    Count(store, PCM_NATIVE_HISTOGRAM, "n", value);
    Count(store, PCM_SUMMARY, "s", value);
}

void RemoveDirectory() {
    unlink(path.c_str());
    rmdir(directory.c_str());
}

Area ReadArea(uint64_t offset, size_t size) {
    Area area{static_cast<off_t>(offset), std::string(size, '\0')};
    Require(pread(file, &area.original[0], size, area.offset) == static_cast<ssize_t>(size), "read");
    return area;
}

void WriteBytes(off_t offset, const void *bytes, size_t size) {
    Require(pwrite(file, bytes, size, offset) == static_cast<ssize_t>(size), "write");
}

/* The end of the catalog's area is where new records go. */
void ReadAreas() {
    pcm__header header;
    Require(pread(file, &header, sizeof header, 0) == sizeof header, "header");
    areas = {
        ReadArea(0, PCM__PAGE),
        ReadArea(header.slots_offset, 4096),
        ReadArea(header.changes_offset, 4096),
        ReadArea(header.bits_offset, kCapacity / 4),
        ReadArea(header.catalog_offset, 4096),
        ReadArea(header.base_offset, kCapacity * 8),
        ReadArea(header.lanes_offset, kCapacity * 8),
        ReadArea(header.lanes_offset + header.lanes * header.lane_stride, kCapacity * 8),
    };
}

struct Input {
    const uint8_t *data;
    size_t size;
};

/* Takes one patch off the input and writes it; false at its end. */
bool Patch(Input *input) {
    if (input->size < 5)
        return false;
    const Area &area = areas[input->data[0] % areas.size()];
    const size_t wanted = input->data[3] % 16 + 1;
    const size_t room = area.original.size();
    const size_t offset = (input->data[1] + input->data[2] * size_t{256}) % room;
    size_t size = wanted < input->size - 4 ? wanted : input->size - 4;
    size = size < room - offset ? size : room - offset;
    WriteBytes(area.offset + static_cast<off_t>(offset), input->data + 4, size);
    const size_t used = 4 + wanted < input->size ? 4 + wanted : input->size;
    input->data += used;
    input->size -= used;
    return true;
}

void Describe(pcm_store *store) {
    static pcm_process processes[PCM_MAX_PROCESSES];
    pcm_store_info info;
    pcm_activity activity;
    size_t count;
    pcm_store_get_info(store, &info);
    Require(info.cells_used <= info.capacity, "more cells in use than there are");
    Require(info.catalog_bytes <= info.catalog_capacity, "more of the catalog in use than there is");
    pcm_store_list_processes(store, processes, PCM_MAX_PROCESSES, &count);
    std::vector<uint64_t> lanes(info.lanes + info.atomic_lanes);
    pcm_store_get_activity(store, &activity, lanes.data(), lanes.size());
}

void ReadValues(pcm_reader *reader) {
    if (pcm_reader_refresh(reader) != PCM_OK)
        return;
    for (uint32_t i = 0; i < pcm_reader_series_count(reader); i++) {
        const pcm_series_view view = pcm_reader_series(reader, i);
        const pcm_family_definition *family = pcm_reader_family(reader, view.family);
        pcm_number number;
        std::vector<pcm_number> lanes(16);
        std::vector<int64_t> buckets(pcm_definition_bucket_count(family) + 1);
        double sum;
        pcm_reader_value(reader, i, &number);
        pcm_reader_histogram(reader, i, buckets.data(), &sum);
        pcm_reader_lanes(reader, i, lanes.data(), lanes.size());
        for (uint32_t label = 0; label < view.label_count; label++) {
            const pcm_bytes value = pcm_reader_label_value(reader, i, label);
            /* Touches every byte. */
            Require(value.size <= PCM_MAX_STRING && std::string(value.data, value.size).size() == value.size, "label");
        }
    }
}

void Render(pcm::Renderer *renderer) {
    static constexpr pcm::Format kFormats[] = {
        {pcm::Syntax::kText, pcm::Escaping::kUnderscores},
        {pcm::Syntax::kText, pcm::Escaping::kAllowUtf8},
        {pcm::Syntax::kOpenMetrics, pcm::Escaping::kValues},
        {pcm::Syntax::kProtobuf, pcm::Escaping::kDots},
    };
    for (const pcm::Format &format : kFormats) {
        pcm::ByteBuffer buffer;
        const int status = renderer->Render(format, {}, &buffer);
        Require(status == PCM_OK || buffer.size() == 0, "a part of a scrape");
    }
}

/* As a sidecar that scrapes; the rest of the patches comes while it is attached. */
void Read(Input *input) {
    pcm_store *store;
    pcm_reader *reader;
    std::unique_ptr<pcm::Renderer> renderer;
    if (Open(true, &store) != PCM_OK)
        return;
    Require(pcm_reader_create(store, &reader) == PCM_OK, "reader");
    Require(pcm::Renderer::Create(store, &renderer) == PCM_OK, "renderer");
    bool more = true;
    for (int round = 0; round < 3; round++) {
        Describe(store);
        ReadValues(reader);
        Render(renderer.get());
        if (!more)
            break;
        more = Patch(input);
        while (round > 0 && Patch(input))
            continue;
    }
    renderer.reset();
    pcm_reader_destroy(reader);
    pcm_store_close(store);
}

/* As an application that counts. */
void Write() {
    pcm_store *store;
    if (Open(false, &store) != PCM_OK)
        return;
    CountAll(store, "a");
    CountAll(store, "new");
    Describe(store);
    pcm_store_close(store);
}

} // namespace

extern "C" int LLVMFuzzerInitialize(int *, char ***) {
    pcm_store *store;
    const char *parent = std::getenv("TMPDIR");
    directory = std::string(parent == nullptr ? "/dev/shm" : parent) + "/pcm-fuzz-XXXXXX";
    Require(mkdtemp(&directory[0]) != nullptr, "directory");
    path = directory + "/store";
    std::atexit(RemoveDirectory);
    Require(Open(false, &store) == PCM_OK, "open");
    CountAll(store, "a");
    CountAll(store, "b\n\"");
    pcm_store_close(store);
    file = open(path.c_str(), O_RDWR | O_CLOEXEC);
    ReadAreas();
    return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    Input input{data, size};
    for (const Area &area : areas)
        WriteBytes(area.offset, area.original.data(), area.original.size());
    for (unsigned before = size == 0 ? 0 : data[0] >> 4; before > 0; before--)
        Patch(&input);
    Read(&input);
    Write();
    return 0;
}
