/* Making a sound store, and writing to any store; see fuzz_calls.h. */
#include "fuzz_calls.h"

#include <csignal>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <iterator>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

namespace fuzz {

namespace {

/* Beyond what a reader has room for, with what it has to spare. */
constexpr uint64_t kCapacity = 2048;
constexpr uint32_t kLanes = 2;

struct Family {
    pcm_type type;
    const char *name;
    bool per_process;
    pcm_aggregation aggregation;
    bool negative;
};

constexpr Family kFamilies[] = {
    {PCM_COUNTER, "c_total", false, PCM_AGGREGATION_NONE, false},
    {PCM_GAUGE, "g", false, PCM_AGGREGATION_NONE, false},
    {PCM_HISTOGRAM, "h", false, PCM_AGGREGATION_NONE, false},
    {PCM_NATIVE_HISTOGRAM, "n", false, PCM_AGGREGATION_NONE, false},
    {PCM_NATIVE_HISTOGRAM, "m", true, PCM_AGGREGATION_NONE, true},
    {PCM_SUMMARY, "s", false, PCM_AGGREGATION_NONE, false},
    {PCM_UNTYPED, "u", false, PCM_AGGREGATION_NONE, false},
    {PCM_INFO, "i_info", false, PCM_AGGREGATION_NONE, false},
    {PCM_STATE_SET, "state", false, PCM_AGGREGATION_NONE, false},
    {PCM_COUNTER, "p_total", true, PCM_AGGREGATION_NONE, false},
    {PCM_HISTOGRAM, "q", true, PCM_AGGREGATION_NONE, false},
    {PCM_GAUGE, "sum", false, PCM_AGGREGATION_SUM, false},
    {PCM_GAUGE, "min", false, PCM_AGGREGATION_MIN, false},
    {PCM_GAUGE, "max", false, PCM_AGGREGATION_MAX, false},
    {PCM_GAUGE, "average", false, PCM_AGGREGATION_AVERAGE, false},
};

pcm_bytes Bytes(const char *text) {
    return {text, std::strlen(text)};
}

/* Of any store, so that every error may come. */
int Declare(pcm_store *store, const Family &family, pcm_family_id *out) {
    static const double bounds[] = {0.5, 1, 2};
    static const double range[] = {0.25, 16, 0.5, 0.99};
    const pcm_bytes label = Bytes(family.type == PCM_STATE_SET ? family.name : "label");
    pcm_family_definition definition{};
    definition.type = family.type;
    definition.name = Bytes(family.name);
    definition.help = Bytes("Help.");
    definition.unit = Bytes("");
    definition.label_names = &label;
    definition.label_count = 1;
    definition.per_process = family.per_process;
    definition.aggregation = family.aggregation;
    definition.negative = family.negative;
    if (family.type == PCM_HISTOGRAM) {
        definition.bounds = bounds;
        definition.bound_count = 3;
    } else if (family.type == PCM_NATIVE_HISTOGRAM || family.type == PCM_SUMMARY) {
        definition.bounds = range;
        definition.bound_count = family.type == PCM_SUMMARY ? 4 : 2;
        definition.schema = 1;
    }
    return pcm_family_declare(store, &definition, out);
}

void PutExemplar(pcm_store *store, pcm_series_id series) {
    const pcm_bytes name = Bytes("trace");
    const pcm_bytes value = Bytes("0123456789abcdef");
    uint32_t life;
    if (pcm_series_keep_exemplars(store, series, &life) == PCM_OK)
        pcm_exemplar_put(store, series, life, 0.7, &name, &value, 1);
}

int CountOne(pcm_store *store, const Family &kind, const char *value) {
    pcm_family_id family;
    pcm_series_id series;
    pcm_histogram histogram;
    uint32_t cell;
    const pcm_bytes label = Bytes(value);
    int status = Declare(store, kind, &family);
    if (status == PCM_OK)
        status = pcm_series_bind_within(store, family, &label, 1, {100, 1000}, &series);
    if (status != PCM_OK)
        return status;
    if (pcm_histogram_bind(store, series, &histogram) == PCM_OK)
        for (const double amount : {0.7, -3.0, 1e300, 0.0})
            pcm_histogram_observe(store, &histogram, amount);
    if (pcm_series_cell(store, series, &cell) == PCM_OK)
        pcm_cell_add(store, cell, 3);
    if (kind.type == PCM_GAUGE || kind.type == PCM_STATE_SET)
        pcm_gauge_set(store, series, 1);
    pcm_series_add_double(store, series, 0.25);
    PutExemplar(store, series);
    return PCM_OK;
}

/* Series of all families at once, each with all the cells that it may have. */
void BindAll(pcm_store *store, const char *value) {
    const pcm_bytes label = Bytes(value);
    std::vector<pcm_series_request> requests;
    std::vector<pcm_series_id> series(std::size(kFamilies));
    uint32_t failed;
    pcm_family_id family;
    for (const Family &kind : kFamilies)
        if (Declare(store, kind, &family) == PCM_OK)
            requests.push_back({family, &label, 1, {true, true}});
    pcm_series_bind_all(store, requests.data(), static_cast<uint32_t>(requests.size()), series.data(), &failed);
}

bool CountAll(pcm_store *store, const char *value) {
    bool all = true;
    for (const Family &family : kFamilies)
        all = CountOne(store, family, value) == PCM_OK && all;
    return all;
}

/* What changes bases, lives and links. */
void ResetAll(pcm_store *store, const char *value) {
    const pcm_bytes label = Bytes(value);
    pcm_family_id id;
    pcm_series_id series;
    for (const Family &family : kFamilies) {
        pcm_family_definition found;
        if (pcm_family_find(store, Bytes(family.name), &id, &found) != PCM_OK)
            continue;
        if (pcm_series_find(store, id, &label, 1, &series) == PCM_OK)
            pcm_series_reset(store, series);
        pcm_family_reset(store, id);
    }
}

void RemoveAll(pcm_store *store, const char *value) {
    const pcm_bytes label = Bytes(value);
    pcm_family_id id;
    pcm_series_id series;
    for (const Family &family : kFamilies)
        if (Declare(store, family, &id) == PCM_OK && pcm_series_find(store, id, &label, 1, &series) == PCM_OK)
            pcm_series_remove(store, series);
}

/* As a thread that keeps series: lets go of what was removed, so that it is used again. */
void MoveOn(pcm_holder *holder) {
    static pcm_series_id removed[PCM_MAX_REMOVALS];
    size_t count;
    bool all;
    if (holder == nullptr || !pcm_holder_is_behind(holder))
        return;
    pcm_holder_look(holder, removed, PCM_MAX_REMOVALS, &count, &all);
    Require(count <= PCM_MAX_REMOVALS, "more removals than there is room for");
    pcm_holder_move_on(holder);
}

int OpenForWriting(const std::string &path, pcm_store **out) {
    pcm_open_options options{};
    options.path = path.c_str();
    options.capacity = kCapacity;
    options.lanes = kLanes;
    options.persist = true;
    return pcm_store_open(&options, out);
}

/*
 * Says of all slots that their processes have let go of whatever was removed and will be: the one that stays does nothing
 * more, and nothing would ever be used again.
 */
void LetGo(const std::string &path) {
    pcm__header header;
    const uint64_t all = UINT64_MAX;
    const int file = open(path.c_str(), O_RDWR | O_CLOEXEC);
    Require(pread(file, &header, sizeof header, 0) == sizeof header, "the header cannot be read");
    for (uint64_t number = 0; number < header.slots_used; number++) {
        const uint64_t offset = header.slots_offset + number * sizeof(pcm__slot) + offsetof(pcm__slot, moved_on);
        Require(pwrite(file, &all, sizeof all, static_cast<off_t>(offset)) == sizeof all, "a slot cannot be written");
    }
    close(file);
}

/* A process that counts, then is killed or stays; returns once it has counted. */
void StartProcess(const std::string &path, bool stays) {
    int ends[2];
    char byte;
    Require(pipe(ends) == 0, "pipe");
    const pid_t child = fork();
    Require(child >= 0, "fork");
    if (child == 0) {
        pcm_store *store;
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (OpenForWriting(path, &store) != PCM_OK || !CountAll(store, "a") || write(ends[1], "", 1) != 1)
            _exit(1);
        while (stays)
            pause();
        kill(getpid(), SIGKILL);
    }
    close(ends[1]);
    Require(read(ends[0], &byte, 1) == 1, "a process that counts");
    close(ends[0]);
    if (!stays)
        waitpid(child, nullptr, 0);
}

void CountAndRead(pcm_store *store, pcm_reader *reader, pcm_holder *holder, File *file, Input *input) {
    CountAll(store, "a");
    file->Change(input);
    ReadValues(reader);
    Describe(store);
    ResetAll(store, "a");
    file->Change(input);
    RemoveAll(store, "a");
    MoveOn(holder);
    file->Change(input);
    pcm_store_remove_orphans(store);
    BindAll(store, "together");
    CountAll(store, "new");
    MoveOn(holder);
    file->Change(input);
    pcm_family_id family;
    if (Declare(store, kFamilies[0], &family) == PCM_OK)
        pcm_family_remove_all(store, family);
    MoveOn(holder);
    CountAll(store, "newer");
    ReadValues(reader);
    Describe(store);
}

} // namespace

void MakeStore(const std::string &path) {
    pcm_store *store;
    Require(OpenForWriting(path, &store) == PCM_OK, "the store cannot be made");
    Require(CountAll(store, "gone"), "a series cannot be made");
    RemoveAll(store, "gone");
    Require(CountAll(store, "a") && CountAll(store, "b\n\""), "a series cannot be made");
    ResetAll(store, "b\n\"");
    RemoveAll(store, "b\n\"");
    StartProcess(path, false);
    StartProcess(path, true);
    pcm_store_close(store);
    LetGo(path);
}

void Count(const std::string &path, File *file, Input *input) {
    pcm_store *store;
    pcm_reader *reader;
    pcm_holder *holder;
    if (OpenForWriting(path, &store) == PCM_OK) {
        Require(pcm_reader_create(store, &reader) == PCM_OK, "reader");
        if (pcm_holder_create(store, &holder) != PCM_OK)
            holder = nullptr;
        CountAndRead(store, reader, holder, file, input);
        if (holder != nullptr)
            pcm_holder_destroy(holder);
        pcm_reader_destroy(reader);
        pcm_store_close(store);
    }
    pcm_store_sweep(path.substr(0, path.rfind('/')).c_str(), nullptr);
}

} // namespace fuzz
