/*
 * Whole scrapes of real stores.
 */
#include <cmath>
#include <limits>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "exposition_check.h"
#include "exposition_store.h"

using pcm_test::TemporaryStore;

namespace {

/* Times that somebody gave way. */
int times_given_way = 0;
/* Whether each of them takes as long as beside others that do not. */
bool others_are_busy = false;

/* Those of a scrape, which is not the first in its format. */
int TimesGivenWay(TemporaryStore *store, pcm::Format format) {
    store->Render(format);
    times_given_way = 0;
    store->Render(format);
    return times_given_way;
}

constexpr double kInfinity = std::numeric_limits<double>::infinity();

/* The value of a gauge in a scrape: what stands behind its name. */
std::string GaugeText(double value) {
    TemporaryStore store;
    store.Set(store.Bind(store.Declare({PCM_GAUGE, "g", "", {}, {}})), value);
    const std::string text = store.Render();
    const size_t at = text.find("\ng ");
    return at == std::string::npos ? text : text.substr(at + 3);
}

/* The most memory that this process ever had resident. */
long PeakKilobytes() {
    struct rusage usage {};
    getrusage(RUSAGE_SELF, &usage);
    return usage.ru_maxrss;
}

} // namespace

/* In the place of the C library's. */
extern "C" int sched_yield() noexcept {
    times_given_way++;
    if (others_are_busy)
        usleep(4000);
    return static_cast<int>(syscall(SYS_sched_yield));
}

TEST("a scrape gives way while it sums, while it looks at the series, and while it writes") {
    constexpr uint64_t kNumbers = 8192;
    constexpr uint64_t kHistograms = 1024;
    TemporaryStore store(65536);
    const pcm_family_id gauges = store.Declare({PCM_GAUGE, "g", "", {"l"}, {}});
    for (uint64_t i = 0; i < kNumbers; i++)
        store.Add(store.Bind(gauges, {std::to_string(i)}), 1);
    /* Twice among so many series, and twice among so many numbers; half of a time is left over of so many cells. */
    for (const pcm::Format format : {pcm_test::kText, pcm_test::kProtobuf})
        CHECK_EQUAL(std::to_string(TimesGivenWay(&store, format)), "4");
    const pcm_family_id histograms = store.Declare({PCM_HISTOGRAM, "h", "", {"l"}, {1, 2, 3, 4, 5, 6, 7}});
    for (uint64_t i = 0; i < kHistograms; i++)
        store.Observe(store.Bind(histograms, {std::to_string(i)}), 1);
    /* Once more among so many cells, and twice among so many histograms. */
    for (const pcm::Format format : {pcm_test::kText, pcm_test::kProtobuf})
        CHECK_EQUAL(std::to_string(TimesGivenWay(&store, format)), "7");
    /* Who is kept waiting for long each time, waits for 10 ms altogether. */
    others_are_busy = true;
    const int given_way = TimesGivenWay(&store, pcm_test::kText);
    others_are_busy = false;
    CHECK(given_way >= 1 && given_way <= 3);
}

TEST("a scrape of a small store waits for nobody, however many families it has") {
    constexpr uint64_t kFamilies = 200;
    TemporaryStore store;
    for (uint64_t i = 0; i < kFamilies; i++) {
        store.Set(store.Bind(store.Declare({PCM_GAUGE, "g" + std::to_string(i), "", {}, {}})), 1);
        store.Add(store.Bind(store.Declare({PCM_COUNTER, "c" + std::to_string(i), "", {}, {}})), 1);
    }
    const pcm_family_id histogram = store.Declare({PCM_HISTOGRAM, "h", "", {}, {1, 2}});
    store.Observe(store.Bind(histogram), 1);
    for (const pcm::Format format : {pcm_test::kText, pcm_test::kProtobuf})
        CHECK_EQUAL(std::to_string(TimesGivenWay(&store, format)), "0");
}

TEST("an empty store renders as nothing") {
    TemporaryStore store;
    CHECK_EQUAL(store.Render(), "");
}

TEST("a counter has its HELP, its TYPE and a line for each series") {
    TemporaryStore store;
    const pcm_family_id family = store.Declare({PCM_COUNTER, "requests_total", "Requests.", {"method", "route"}, {}});
    store.Add(store.Bind(family, {"GET", "/"}), 3);
    store.Add(store.Bind(family, {"POST", "/x"}), std::numeric_limits<int64_t>::max());
    store.Bind(family, {"PUT", ""});
    CHECK_EQUAL(store.Render(), "# HELP requests_total Requests.\n"
                                "# TYPE requests_total counter\n"
                                "requests_total{method=\"GET\",route=\"/\"} 3\n"
                                "requests_total{method=\"POST\",route=\"/x\"} 9223372036854775807\n"
                                "requests_total{method=\"PUT\",route=\"\"} 0\n");
}

TEST("a family without series still says what it is, and an empty help has no line") {
    TemporaryStore store;
    store.Declare({PCM_GAUGE, "temperature_celsius", "Now.", {"room"}, {}});
    store.Declare({PCM_HISTOGRAM, "size_bytes", "", {}, {1}});
    CHECK_EQUAL(store.Render(), "# HELP temperature_celsius Now.\n"
                                "# TYPE temperature_celsius gauge\n"
                                "# TYPE size_bytes histogram\n");
}

TEST("a histogram's buckets are cumulated and end in its count") {
    TemporaryStore store;
    const pcm_family_id family = store.Declare({PCM_HISTOGRAM, "seconds", "Time.", {"code"}, {0.005, 1, 1e6}});
    const pcm_series_id series = store.Bind(family, {"200"});
    for (const double value : {0.001, 0.005, 0.25, 0.5, 2e6})
        store.Observe(series, value);
    CHECK_EQUAL(store.Render(), "# HELP seconds Time.\n"
                                "# TYPE seconds histogram\n"
                                "seconds_bucket{code=\"200\",le=\"0.005\"} 2\n"
                                "seconds_bucket{code=\"200\",le=\"1\"} 4\n"
                                "seconds_bucket{code=\"200\",le=\"1e+06\"} 4\n"
                                "seconds_bucket{code=\"200\",le=\"+Inf\"} 5\n"
                                "seconds_sum{code=\"200\"} 2000000.756\n"
                                "seconds_count{code=\"200\"} 5\n");
}

TEST("a histogram without labels and without observations has le alone and zeros") {
    TemporaryStore store;
    store.Bind(store.Declare({PCM_HISTOGRAM, "h", "", {}, {1}}));
    CHECK_EQUAL(store.Render(), "# TYPE h histogram\n"
                                "h_bucket{le=\"1\"} 0\n"
                                "h_bucket{le=\"+Inf\"} 0\n"
                                "h_sum 0\n"
                                "h_count 0\n");
}

TEST("series stay together and families keep the order of their creation, however they were created") {
    TemporaryStore store;
    const pcm_family_id a = store.Declare({PCM_COUNTER, "a_total", "", {"l"}, {}});
    const pcm_family_id b = store.Declare({PCM_COUNTER, "b_total", "", {"l"}, {}});
    store.Bind(b, {"1"});
    store.Bind(a, {"1"});
    store.Bind(b, {"2"});
    const std::string first = store.Render();
    store.Declare({PCM_COUNTER, "c_total", "", {}, {}});
    store.Add(store.Bind(a, {"2"}), 7);
    CHECK_EQUAL(first, "# TYPE a_total counter\na_total{l=\"1\"} 0\n"
                       "# TYPE b_total counter\nb_total{l=\"1\"} 0\nb_total{l=\"2\"} 0\n");
    CHECK_EQUAL(store.Render(), "# TYPE a_total counter\na_total{l=\"1\"} 0\na_total{l=\"2\"} 7\n"
                                "# TYPE b_total counter\nb_total{l=\"1\"} 0\nb_total{l=\"2\"} 0\n"
                                "# TYPE c_total counter\n");
}

TEST("a scrape shows what was counted since the one before") {
    TemporaryStore store;
    const pcm_series_id series = store.Bind(store.Declare({PCM_COUNTER, "n_total", "", {}, {}}));
    for (int i = 1; i <= 20; i++) {
        store.Add(series, 1);
        CHECK_EQUAL(store.Render(), "# TYPE n_total counter\nn_total " + std::to_string(i) + "\n");
    }
}

TEST("each series of many has its own value, whatever the length of its line") {
    TemporaryStore store;
    const pcm_family_id family = store.Declare({PCM_COUNTER, "n_total", "", {"l"}, {}});
    std::string expected = "# TYPE n_total counter\n";
    for (int i = 0; i < 200; i++) {
        const std::string label(static_cast<size_t>(i) % 70, 'x');
        const int64_t value = int64_t{i} * i * i;
        store.Add(store.Bind(family, {label + std::to_string(i)}), value);
        expected += "n_total{l=\"" + label + std::to_string(i) + "\"} " + std::to_string(value) + "\n";
        CHECK_EQUAL(store.Render(), expected);
    }
}

TEST("hostile text in help and label values stays within its line") {
    TemporaryStore store;
    const pcm_family_id family = store.Declare({PCM_COUNTER, "x_total", "one\ntwo \\ \"three\"\xFF", {"l"}, {}});
    store.Bind(family, {"\"} 1\nevil_total 5\n#"});
    store.Bind(family, {"\\\xC3"});
    CHECK_EQUAL(store.Render(), "# HELP x_total one\\ntwo \\\\ \"three\"\xEF\xBF\xBD\n"
                                "# TYPE x_total counter\n"
                                "x_total{l=\"\\\"} 1\\nevil_total 5\\n#\"} 0\n"
                                "x_total{l=\"\\\\\xEF\xBF\xBD\"} 0\n");
}

TEST("a gauge may be anything that a double can be") {
    CHECK_EQUAL(GaugeText(std::nan("")), "NaN\n");
    CHECK_EQUAL(GaugeText(kInfinity), "+Inf\n");
    CHECK_EQUAL(GaugeText(-kInfinity), "-Inf\n");
    CHECK_EQUAL(GaugeText(0.1), "0.1\n");
    CHECK_EQUAL(GaugeText(1e21), "1e+21\n");
    CHECK_EQUAL(GaugeText(5e-324), "5e-324\n");
    CHECK_EQUAL(GaugeText(-2), "-2\n");
    CHECK(GaugeText(-0.0) == "-0\n" || GaugeText(-0.0) == "0\n");
}

TEST("integers and fractions of one counter add up") {
    TemporaryStore store;
    const pcm_series_id series = store.Bind(store.Declare({PCM_COUNTER, "joules_total", "", {}, {}}));
    store.Add(series, 2);
    store.AddDouble(series, 0.25);
    CHECK_EQUAL(store.Render(), "# TYPE joules_total counter\njoules_total 2.25\n");
}

TEST("what is appended to a buffer leaves what is in it") {
    TemporaryStore store;
    store.Declare({PCM_GAUGE, "g", "", {}, {}});
    std::unique_ptr<pcm::Renderer> renderer;
    CHECK(pcm::Renderer::Create(store.get(), &renderer) == PCM_OK);
    pcm::ByteBuffer buffer;
    CHECK(renderer->Render(pcm_test::kText, {}, &buffer) == PCM_OK);
    CHECK(renderer->Render(pcm_test::kText, {}, &buffer) == PCM_OK);
    CHECK_EQUAL(std::string(buffer.data(), buffer.size()), "# TYPE g gauge\n# TYPE g gauge\n");
}

TEST("label values of the greatest length fit") {
    TemporaryStore store;
    const pcm_family_id family = store.Declare({PCM_HISTOGRAM, "h", "", {"a", "b"}, {1}});
    const std::string quotes(65535, '"');
    std::string escaped;
    for (size_t i = 0; i < quotes.size(); i++)
        escaped += "\\\"";
    store.Bind(family, {quotes, quotes});
    const std::string labels = "a=\"" + escaped + "\",b=\"" + escaped + "\"";
    CHECK(store.Render() == "# TYPE h histogram\n"
                            "h_bucket{" +
                                labels +
                                ",le=\"1\"} 0\n"
                                "h_bucket{" +
                                labels +
                                ",le=\"+Inf\"} 0\n"
                                "h_sum{" +
                                labels +
                                "} 0\n"
                                "h_count{" +
                                labels + "} 0\n");
}

TEST("a text that would be too large is refused, and memory is not taken for it") {
    TemporaryStore store;
    std::vector<double> bounds;
    for (int i = 0; i < 512; i++)
        bounds.push_back(i);
    std::vector<std::string> names;
    for (int i = 0; i < 16; i++)
        names.push_back("l" + std::to_string(i));
    const pcm_family_id family = store.Declare({PCM_HISTOGRAM, "h", "", names, bounds});
    store.Bind(family, std::vector<std::string>(16, std::string(65535, '"')));
    std::unique_ptr<pcm::Renderer> renderer;
    CHECK(pcm::Renderer::Create(store.get(), &renderer) == PCM_OK);
    pcm::ByteBuffer buffer;
    const long before = PeakKilobytes();
    CHECK(renderer->Render(pcm_test::kText, {}, &buffer) == PCM_NO_MEMORY);
    CHECK(buffer.size() == 0);
    CHECK(PeakKilobytes() - before < 64 * 1024);
}
