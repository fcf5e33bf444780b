/*
 * Exemplars in OpenMetrics and as messages, and nowhere else. Their times and those of creation are replaced by TIME;
 * test/integration/exemplars.test.ts holds both formats against readers of others.
 */
#include <cmath>
#include <regex>

#include "exposition_check.h"
#include "exposition_store.h"
#include "protobuf_fields.h"

using pcm_test::Double;
using pcm_test::Field;
using pcm_test::kOpenMetrics;
using pcm_test::kProtobuf;
using pcm_test::kText;
using pcm_test::TemporaryStore;

namespace {

std::string Render(TemporaryStore &store, pcm::Format format = kOpenMetrics) {
    static const std::regex time(" [0-9]{10}\\.[0-9]{3}\\n");
    return std::regex_replace(store.Render(format), time, " TIME\n");
}

/* An exemplar whose only label is `a`. */
void Put(TemporaryStore &store, pcm_series_id series, double value, const std::string &text) {
    uint32_t life = 0;
    const pcm_bytes name{"a", 1};
    const pcm_bytes label{text.data(), text.size()};
    CHECK(pcm_series_keep_exemplars(store.get(), series, &life) == PCM_OK);
    CHECK(pcm_exemplar_put(store.get(), series, life, value, &name, &label, 1) == PCM_OK);
}

/* Without its time. */
std::string Exemplar(const std::string &text, double value) {
    return Field(0x0A, Field(0x0A, "a") + Field(0x12, text)) + Double(0x11, value);
}

} // namespace

TEST("exemplars stand behind counters and buckets in OpenMetrics, and change from scrape to scrape") {
    TemporaryStore store;
    const pcm_family_id counters = store.Declare({PCM_COUNTER, "c_total", "", {"l"}, {}});
    const pcm_series_id first = store.Bind(counters, {"x"});
    const pcm_series_id second = store.Bind(counters, {"y"});
    const pcm_series_id buckets = store.Bind(store.Declare({PCM_HISTOGRAM, "h", "", {}, {0.5, 1}}));
    Put(store, second, 2, "\"\\\n");
    Put(store, buckets, 0.75, "trace");
    Put(store, buckets, 99, "\xFF");
    CHECK_EQUAL(Render(store), "# TYPE c counter\n"
                               "c_total{l=\"x\"} 0\n"
                               "c_created{l=\"x\"} TIME\n"
                               "c_total{l=\"y\"} 0 # {a=\"\\\"\\\\\\n\"} 2 TIME\n"
                               "c_created{l=\"y\"} TIME\n"
                               "# TYPE h histogram\n"
                               "h_bucket{le=\"0.5\"} 0\n"
                               "h_bucket{le=\"1.0\"} 0 # {a=\"trace\"} 0.75 TIME\n"
                               "h_bucket{le=\"+Inf\"} 0 # {a=\"\xEF\xBF\xBD\"} 99 TIME\n"
                               "h_sum 0\n"
                               "h_count 0\n"
                               "h_created TIME\n"
                               "# EOF\n");
    Put(store, first, 1, "new");
    CHECK(Render(store).find("c_total{l=\"x\"} 0 # {a=\"new\"} 1 TIME\n") != std::string::npos);
    CHECK(Render(store, kText).find("# {") == std::string::npos);
}

TEST("a line that is no counter in OpenMetrics has no exemplar") {
    TemporaryStore store;
    Put(store, store.Bind(store.Declare({PCM_COUNTER, "jobs", "", {}, {}})), 1, "x");
    CHECK_EQUAL(Render(store), "# TYPE jobs unknown\njobs 0\n# EOF\n");
}

TEST("exemplars are fields of counters and buckets, that of +Inf has a bucket for it") {
    TemporaryStore store;
    const pcm_family_id counters = store.Declare({PCM_COUNTER, "c_total", "", {"l"}, {}});
    const pcm_series_id first = store.Bind(counters, {"x"});
    const pcm_series_id second = store.Bind(counters, {"y"});
    const pcm_series_id buckets = store.Bind(store.Declare({PCM_HISTOGRAM, "h", "", {}, {0.5}}));
    store.Add(first, 3);
    store.Add(second, 4);
    Put(store, second, 2, std::string(100, 't'));
    Put(store, buckets, 0.25, "low");
    Put(store, buckets, 99, "far");
    const std::string with = store.Render(kProtobuf);
    CHECK(with.find(Exemplar("low", 0.25)) != std::string::npos);
    const std::string infinite = std::string("\x08\x00", 2) + Double(0x11, INFINITY);
    const size_t at = with.find(infinite);
    CHECK(at != std::string::npos);
    CHECK(with.compare(at + infinite.size() + 2, 1, "\x0A") == 0);
    CHECK(with.find(Exemplar("far", 99), at) == at + infinite.size() + 2);
    CHECK(with.find(Double(0x09, 3)) != std::string::npos);
    CHECK(with.find(Exemplar(std::string(100, 't'), 2)) != std::string::npos);
    store.Add(first, 1000);
    CHECK(store.Render(kProtobuf).size() == with.size());
}
