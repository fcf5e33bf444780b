/*
 * A store is shared memory, and whoever is attached to it can write anything to it. Bytes of a real store's catalog are
 * changed at random, always the same way, and scraped: what comes out is an error or a text in the format, line by line.
 */
#include <cstdint>
#include <fcntl.h>
#include <random>
#include <sys/stat.h>
#include <unistd.h>

#include "exposition_check.h"
#include "exposition_store.h"

using pcm_test::TemporaryStore;

namespace {

bool IsNameByte(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == ':';
}

/* Skips a name; false where there is none. */
bool SkipName(const std::string &line, size_t *at) {
    const size_t start = *at;
    while (*at < line.size() && IsNameByte(line[*at]))
        ++*at;
    return *at > start;
}

/* Skips ="text" with its escapes. */
bool SkipLabelValue(const std::string &line, size_t *at) {
    if (line.compare(*at, 2, "=\"") != 0)
        return false;
    for (*at += 2; *at < line.size() && line[*at] != '"'; ++*at) {
        if (line[*at] != '\\')
            continue;
        ++*at;
        if (*at == line.size() || (line[*at] != '\\' && line[*at] != '"' && line[*at] != 'n'))
            return false;
    }
    return (*at)++ < line.size();
}

bool SkipLabels(const std::string &line, size_t *at) {
    if (line[*at] != '{')
        return true;
    do {
        ++*at;
        if (!SkipName(line, at) || !SkipLabelValue(line, at))
            return false;
    } while (line[*at] == ',');
    return line[(*at)++] == '}';
}

bool IsLine(const std::string &line) {
    if (line.compare(0, 7, "# HELP ") == 0 || line.compare(0, 7, "# TYPE ") == 0)
        return true;
    size_t at = 0;
    if (!SkipName(line, &at) || !SkipLabels(line, &at) || line[at] != ' ')
        return false;
    const std::string value = line.substr(at + 1);
    return !value.empty() && value.find_first_not_of("0123456789+-.eInfNa") == std::string::npos;
}

void CheckText(const std::string &text) {
    for (size_t start = 0; start < text.size();) {
        const size_t end = text.find('\n', start);
        CHECK(end != std::string::npos);
        if (end == std::string::npos)
            return;
        const std::string line = text.substr(start, end - start);
        if (!IsLine(line))
            pcm_test::Fail(__FILE__, __LINE__, "no line of the format: " + line);
        start = end + 1;
    }
}

void Fill(TemporaryStore *store) {
    const pcm_family_id counter = store->Declare({PCM_COUNTER, "needle_total", "Counts.", {"method", "route"}, {}});
    store->Add(store->Bind(counter, {"GET", "/a"}), 5);
    store->Add(store->Bind(counter, {"POST", "\"\n\\"}), 6);
    const pcm_family_id histogram = store->Declare({PCM_HISTOGRAM, "h", "Times.", {"x"}, {0.5, 1}});
    store->Observe(store->Bind(histogram, {"y"}), 0.7);
    store->Set(store->Bind(store->Declare({PCM_GAUGE, "g", "", {}, {}})), 0.5);
}

/* Where the file holds a text, which is in its catalog. */
off_t Find(int fd, const std::string &text) {
    struct stat stat;
    if (fstat(fd, &stat) != 0)
        return -1;
    std::string chunk(1 << 20, '\0');
    for (off_t offset = 0; offset < stat.st_size; offset += 1 << 19) {
        const ssize_t size = pread(fd, &chunk[0], chunk.size(), offset);
        const size_t at = size <= 0 ? std::string::npos : std::string(chunk, 0, static_cast<size_t>(size)).find(text);
        if (at != std::string::npos)
            return offset + static_cast<off_t>(at);
    }
    return -1;
}

/* One scrape by a renderer that has not seen the store before. */
int Scrape(pcm_store *store, std::string *text) {
    std::unique_ptr<pcm::Renderer> renderer;
    int status = pcm::Renderer::Create(store, &renderer);
    pcm::ByteBuffer buffer;
    if (status == PCM_OK)
        status = renderer->Render(pcm_test::kText, {}, &buffer);
    if (status == PCM_OK)
        text->assign(buffer.data(), buffer.size());
    return status;
}

} // namespace

TEST("a catalog with changed bytes gives an error or a text in the format, never a crash") {
    constexpr off_t kBefore = 64;
    constexpr size_t kWindow = 768;
    TemporaryStore store;
    Fill(&store);
    const int fd = open(store.path().c_str(), O_RDWR);
    const off_t needle = Find(fd, "needle_total");
    CHECK(needle > kBefore);
    const off_t start = needle - kBefore;
    std::string original(kWindow, '\0');
    CHECK(pread(fd, &original[0], kWindow, start) == static_cast<ssize_t>(kWindow));
    std::mt19937 random(20240301);
    int refused = 0;
    int rendered = 0;
    for (int round = 0; round < 5000; round++) {
        std::string changed = original;
        for (unsigned i = 0; i <= random() % 4; i++)
            changed[random() % kWindow] = static_cast<char>(random());
        CHECK(pwrite(fd, changed.data(), kWindow, start) == static_cast<ssize_t>(kWindow));
        std::string text;
        const int status = Scrape(store.get(), &text);
        CHECK(status == PCM_OK || status == PCM_CORRUPT || status == PCM_NO_MEMORY);
        (status == PCM_OK ? rendered : refused)++;
        CheckText(text);
    }
    CHECK(refused > 0);
    CHECK(rendered > 0);
    CHECK(pwrite(fd, original.data(), kWindow, start) == static_cast<ssize_t>(kWindow));
    std::string text;
    CHECK(Scrape(store.get(), &text) == PCM_OK);
    CHECK_EQUAL(text, store.Render());
    close(fd);
}

TEST("words of a store that hold the extremes are written, and wrap instead of trapping") {
    TemporaryStore store;
    const pcm_family_id family = store.Declare({PCM_HISTOGRAM, "h", "", {}, {1, 2}});
    const pcm_series_id series = store.Bind(family);
    pcm_histogram histogram{};
    CHECK(pcm_histogram_bind(store.get(), series, &histogram) == PCM_OK);
    pcm_cell_add(store.get(), histogram.first_cell, INT64_MAX);
    pcm_cell_add(store.get(), histogram.first_cell + 1, 1);
    CheckText(store.Render());
    CHECK_EQUAL(store.Render(), "# TYPE h histogram\n"
                                "h_bucket{le=\"1\"} 9223372036854775807\n"
                                "h_bucket{le=\"2\"} -9223372036854775808\n"
                                "h_bucket{le=\"+Inf\"} -9223372036854775808\n"
                                "h_sum 0\n"
                                "h_count -9223372036854775808\n");
}
