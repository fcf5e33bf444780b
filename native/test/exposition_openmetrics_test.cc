/*
 * Whole scrapes in OpenMetrics 1.0.0. The time at which a series was created is replaced by CREATED.
 */
#include <regex>

#include "exposition_check.h"
#include "exposition_store.h"

using pcm_test::kOpenMetrics;
using pcm_test::TemporaryStore;

namespace {

std::string Render(TemporaryStore &store) {
    static const std::regex created("(_created(\\{[^\\n]*\\})?) [0-9]{10}\\.[0-9]{3}\\n");
    return std::regex_replace(store.Render(kOpenMetrics), created, "$1 CREATED\n");
}

} // namespace

TEST("OpenMetrics of an empty store is its end alone") {
    TemporaryStore store;
    CHECK_EQUAL(Render(store), "# EOF\n");
}

TEST("a counter in OpenMetrics has its family's name without _total, its unit, and its creation") {
    TemporaryStore store;
    const pcm_family_id family =
        store.Declare({PCM_COUNTER, "cpu_seconds_total", "A \"quoted\"\\\nhelp.", {"core"}, {}, "seconds"});
    store.Add(store.Bind(family, {"0"}), 3);
    store.Bind(family, {"1"});
    CHECK_EQUAL(Render(store), "# HELP cpu_seconds A \\\"quoted\\\"\\\\\\nhelp.\n"
                               "# TYPE cpu_seconds counter\n"
                               "# UNIT cpu_seconds seconds\n"
                               "cpu_seconds_total{core=\"0\"} 3\n"
                               "cpu_seconds_created{core=\"0\"} CREATED\n"
                               "cpu_seconds_total{core=\"1\"} 0\n"
                               "cpu_seconds_created{core=\"1\"} CREATED\n"
                               "# EOF\n");
}

TEST("in OpenMetrics a counter without _total keeps the name of its series and is unknown") {
    TemporaryStore store;
    store.Add(store.Bind(store.Declare({PCM_COUNTER, "jobs", "", {}, {}, "jobs"})), 1);
    store.Bind(store.Declare({PCM_COUNTER, "_total", "", {}, {}}));
    CHECK_EQUAL(Render(store), "# TYPE jobs unknown\njobs 1\n# TYPE _total unknown\n_total 0\n# EOF\n");
}

TEST("a gauge in OpenMetrics has no creation, and a unit only where its name ends with it") {
    TemporaryStore store;
    store.Set(store.Bind(store.Declare({PCM_GAUGE, "a_bytes", "", {}, {}, "bytes"})), 0.5);
    store.Set(store.Bind(store.Declare({PCM_GAUGE, "b_total", "", {}, {}, "bytes"})), -1);
    CHECK_EQUAL(Render(store), "# TYPE a_bytes gauge\n# UNIT a_bytes bytes\na_bytes 0.5\n"
                               "# TYPE b_total gauge\nb_total -1\n# EOF\n");
}

TEST("bounds of a histogram in OpenMetrics are fractions") {
    TemporaryStore store;
    const pcm_family_id family = store.Declare({PCM_HISTOGRAM, "seconds", "Time.", {"code"}, {0.5, 1, 1e6}});
    store.Observe(store.Bind(family, {"200"}), 0.25);
    CHECK_EQUAL(Render(store), "# HELP seconds Time.\n"
                               "# TYPE seconds histogram\n"
                               "seconds_bucket{code=\"200\",le=\"0.5\"} 1\n"
                               "seconds_bucket{code=\"200\",le=\"1.0\"} 1\n"
                               "seconds_bucket{code=\"200\",le=\"1e+06\"} 1\n"
                               "seconds_bucket{code=\"200\",le=\"+Inf\"} 1\n"
                               "seconds_sum{code=\"200\"} 0.25\n"
                               "seconds_count{code=\"200\"} 1\n"
                               "seconds_created{code=\"200\"} CREATED\n"
                               "# EOF\n");
}

TEST("a histogram with a negative bound has neither sum nor count in OpenMetrics, which forbids them") {
    TemporaryStore store;
    store.Observe(store.Bind(store.Declare({PCM_HISTOGRAM, "h", "", {}, {-1, 1}})), 0);
    CHECK_EQUAL(Render(store), "# TYPE h histogram\n"
                               "h_bucket{le=\"-1.0\"} 0\n"
                               "h_bucket{le=\"1.0\"} 1\n"
                               "h_bucket{le=\"+Inf\"} 1\n"
                               "h_created CREATED\n"
                               "# EOF\n");
}

TEST("a scrape in one format leaves those in others as they are") {
    TemporaryStore store;
    const pcm_series_id series = store.Bind(store.Declare({PCM_COUNTER, "n_total", "", {}, {}}));
    const std::string text = "# TYPE n_total counter\nn_total ";
    const std::string open_metrics = "# TYPE n counter\nn_total ";
    for (int i = 1; i <= 10; i++) {
        store.Add(series, 1);
        CHECK_EQUAL(store.Render(), text + std::to_string(i) + "\n");
        CHECK_EQUAL(Render(store), open_metrics + std::to_string(i) + "\nn_created CREATED\n# EOF\n");
        CHECK(store.Render(pcm_test::kProtobuf).size() > 20);
        CHECK_EQUAL(store.Render({pcm::Syntax::kText, pcm::Escaping::kDots}),
                    "# TYPE n__total counter\nn__total " + std::to_string(i) + "\n");
        CHECK_EQUAL(store.Render({pcm::Syntax::kText, pcm::Escaping::kValues}), text + std::to_string(i) + "\n");
    }
}
