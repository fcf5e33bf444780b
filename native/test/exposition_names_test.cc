/*
 * Names that escaping makes the same, and names of samples that meet those of other families: no name of a scrape is
 * that of two families.
 */
#include <map>
#include <regex>
#include <sstream>

#include "exposition_check.h"
#include "exposition_store.h"

using pcm_test::Definition;
using pcm_test::kOpenMetrics;
using pcm_test::kText;
using pcm_test::kText100;
using pcm_test::TemporaryStore;

namespace {

constexpr pcm::Format kOpenMetricsUnderscores{pcm::Syntax::kOpenMetrics, pcm::Escaping::kUnderscores};
constexpr pcm::Format kTextDots{pcm::Syntax::kText, pcm::Escaping::kDots};

/* Declares a family with one series. */
void Add(TemporaryStore &store, pcm_type type, const std::string &name) {
    store.Bind(
        store.Declare({type, name, "", {}, type == PCM_HISTOGRAM ? std::vector<double>{1} : std::vector<double>{}}));
}

/* The TYPE lines of a scrape, without "# TYPE ". */
std::vector<std::string> Types(const std::string &scrape) {
    std::vector<std::string> types;
    std::istringstream lines(scrape);
    for (std::string line; std::getline(lines, line);)
        if (line.compare(0, 7, "# TYPE ") == 0)
            types.push_back(line.substr(7));
    return types;
}

/* The first name that is in the lines of two families, or stands for two; empty where there is none. */
std::string SharedName(const std::string &scrape) {
    std::map<std::string, size_t> owners;
    std::istringstream lines(scrape);
    size_t family = 0;
    for (std::string line; std::getline(lines, line);) {
        const bool is_heading = line.compare(0, 7, "# TYPE ") == 0;
        if (!is_heading && line[0] == '#')
            continue;
        family += is_heading ? 1 : 0;
        const size_t begin = is_heading ? 7 : 0;
        const std::string name = line.substr(begin, line.find_first_of(" {", begin) - begin);
        if (owners.emplace(name, family).first->second != family)
            return name;
    }
    return {};
}

using Strings = std::vector<std::string>;

} // namespace

TEST("a changed name gives way where a sample of it would be another family") {
    TemporaryStore store;
    Add(store, PCM_HISTOGRAM, "http.latency");
    Add(store, PCM_GAUGE, "http_latency_count");
    CHECK(Types(store.Render()) == (Strings{"U__http_2e_latency histogram", "http_latency_count gauge"}));
    CHECK_EQUAL(SharedName(store.Render()), "");
    CHECK(Types(store.Render(kText100)) == (Strings{"\"http.latency\" histogram", "http_latency_count gauge"}));
}

TEST("a changed name gives way where it would be a sample of another family") {
    TemporaryStore store;
    Add(store, PCM_GAUGE, "lat.sum");
    CHECK(Types(store.Render()) == Strings{"lat_sum gauge"});
    Add(store, PCM_HISTOGRAM, "lat");
    CHECK(Types(store.Render()) == (Strings{"U__lat_2e_sum gauge", "lat histogram"}));
}

TEST("of two changed names the later one gives way, and both have the same name in all formats") {
    TemporaryStore store;
    Add(store, PCM_HISTOGRAM, "a.b");
    Add(store, PCM_GAUGE, "a_b.created");
    for (const pcm::Format format : {kText, kOpenMetricsUnderscores})
        CHECK(Types(store.Render(format)) == (Strings{"a_b histogram", "U__a__b_2e_created gauge"}));
}

TEST("a counter whose creation would be another family's name is unknown in OpenMetrics") {
    TemporaryStore store;
    Add(store, PCM_COUNTER, "w.v_total");
    CHECK(Types(store.Render(kOpenMetricsUnderscores)) == Strings{"w_v counter"});
    Add(store, PCM_GAUGE, "w_v_created");
    const std::string scrape = store.Render(kOpenMetricsUnderscores);
    CHECK(Types(scrape) == (Strings{"w_v_total unknown", "w_v_created gauge"}));
    CHECK_EQUAL(SharedName(scrape), "");
    CHECK(Types(store.Render()) == (Strings{"w_v_total counter", "w_v_created gauge"}));
}

TEST("OpenMetrics gives a name without its ending to one family only") {
    TemporaryStore store;
    Add(store, PCM_COUNTER, "x_total");
    Add(store, PCM_INFO, "x_info");
    Add(store, PCM_COUNTER, "a.b_total");
    Add(store, PCM_GAUGE, "a.b");
    Add(store, PCM_HISTOGRAM, "h");
    Add(store, PCM_COUNTER, "h_count_total");
    const std::string scrape = store.Render(kOpenMetricsUnderscores);
    CHECK(Types(scrape) == (Strings{"x counter", "x_info gauge", "a_b_total unknown", "a_b gauge", "h histogram",
                                    "h_count_total unknown"}));
    CHECK_EQUAL(SharedName(scrape), "");
}

TEST("plain names go first under a scheme that changes them") {
    TemporaryStore store;
    Add(store, PCM_GAUGE, "a?b");
    Add(store, PCM_GAUGE, "a_b");
    CHECK(Types(store.Render(kTextDots)) == (Strings{"U__a_3f_b gauge", "a__b gauge"}));
}

TEST("what a family is asked for by are its names in any format, and no others") {
    TemporaryStore store;
    Add(store, PCM_COUNTER, "n.total");
    Add(store, PCM_COUNTER, "jobs_total");
    Add(store, PCM_HISTOGRAM, "lat");
    Add(store, PCM_GAUGE, "queue_count");
    const auto asked = [&](const std::string &name) {
        pcm::NameFilter filter;
        filter.Add(name);
        return Types(store.Render(kText, filter));
    };
    for (const char *name : {"jobs", "jobs_total", "jobs_created"})
        CHECK(asked(name) == Strings{"jobs_total counter"});
    for (const char *name : {"lat", "lat_bucket", "lat_sum", "lat_count", "lat_created"})
        CHECK(asked(name) == Strings{"lat histogram"});
    for (const char *name : {"n.total", "n_total", "n"})
        CHECK(asked(name) == Strings{"n_total counter"});
    for (const char *name : {"queue", "jobs_total_total", "lat_total", "queue_count_sum"})
        CHECK(asked(name).empty());
}
