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

TEST("a counter gives its type up where OpenMetrics would give it the name of another family") {
    TemporaryStore store;
    store.Bind(store.Declare({PCM_COUNTER, "jobs_total", "", {}, {}}));
    CHECK_EQUAL(Render(store), "# TYPE jobs counter\njobs_total 0\njobs_created CREATED\n# EOF\n");
    store.Set(store.Bind(store.Declare({PCM_GAUGE, "jobs", "", {}, {}})), 4);
    CHECK_EQUAL(Render(store), "# TYPE jobs_total unknown\njobs_total 0\n# TYPE jobs gauge\njobs 4\n# EOF\n");
}

TEST("names of any UTF-8 stand in quotes, where the format has them") {
    TemporaryStore store;
    const pcm_family_id family = store.Declare({PCM_COUNTER, "http.\"a\"\n_total", "Help.", {"plain", "user.id"}, {}});
    store.Bind(family, {"x", "y"});
    store.Bind(store.Declare({PCM_HISTOGRAM,
                              "gr\xC3\xB6\xC3\x9F"
                              "e",
                              "",
                              {},
                              {1}}));
    CHECK_EQUAL(store.Render(pcm_test::kText100), "# HELP \"http.\\\"a\\\"\\n_total\" Help.\n"
                                                  "# TYPE \"http.\\\"a\\\"\\n_total\" counter\n"
                                                  "{\"http.\\\"a\\\"\\n_total\",plain=\"x\",\"user.id\"=\"y\"} 0\n"
                                                  "# TYPE \"gr\xC3\xB6\xC3\x9F"
                                                  "e\" histogram\n"
                                                  "{\"gr\xC3\xB6\xC3\x9F"
                                                  "e_bucket\",le=\"1\"} 0\n"
                                                  "{\"gr\xC3\xB6\xC3\x9F"
                                                  "e_bucket\",le=\"+Inf\"} 0\n"
                                                  "{\"gr\xC3\xB6\xC3\x9F"
                                                  "e_sum\"} 0\n"
                                                  "{\"gr\xC3\xB6\xC3\x9F"
                                                  "e_count\"} 0\n");
    CHECK(Render(store).find("{\"http.\\\"a\\\"\\n_created\",plain=\"x\",\"user.id\"=\"y\"} ") != std::string::npos);
    CHECK(store.Render().find("\nhttp__a___total{plain=\"x\",user_id=\"y\"} 0\n") != std::string::npos);
}

TEST("names that escaping makes the same stay different, and those that it leaves alone come first") {
    TemporaryStore store;
    store.Bind(store.Declare({PCM_GAUGE, "a.b", "", {"x.y", "x_y"}, {}}), {"1", "2"});
    CHECK_EQUAL(store.Render(), "# TYPE a_b gauge\na_b{U__x_2e_y=\"1\",x_y=\"2\"} 0\n");
    store.Bind(store.Declare({PCM_GAUGE, "a:b", "", {}, {}}));
    store.Bind(store.Declare({PCM_GAUGE, "a-b", "", {}, {}}));
    store.Bind(store.Declare({PCM_GAUGE, "a_b", "", {}, {}}));
    CHECK_EQUAL(store.Render(), "# TYPE U__a_2e_b gauge\nU__a_2e_b{U__x_2e_y=\"1\",x_y=\"2\"} 0\n"
                                "# TYPE a:b gauge\na:b 0\n"
                                "# TYPE U__a_2d_b gauge\nU__a_2d_b 0\n"
                                "# TYPE a_b gauge\na_b 0\n");
}

TEST("a filter lets families pass by any of their names") {
    TemporaryStore store;
    store.Bind(store.Declare({PCM_COUNTER, "n_total", "", {}, {}}));
    store.Bind(store.Declare({PCM_HISTOGRAM, "h", "", {}, {1}}));
    store.Bind(store.Declare({PCM_GAUGE, "a.b", "", {}, {}}));
    const auto types = [&](const std::string &name) {
        pcm::NameFilter filter;
        filter.Add(name);
        const std::string text = store.Render(pcm_test::kText, filter);
        return text.substr(0, text.find('\n'));
    };
    for (const char *name : {"n_total", "n", "n_created"})
        CHECK_EQUAL(types(name), "# TYPE n_total counter");
    for (const char *name : {"h", "h_bucket", "h_sum", "h_count", "h_created"})
        CHECK_EQUAL(types(name), "# TYPE h histogram");
    for (const char *name : {"a.b", "a_b"})
        CHECK_EQUAL(types(name), "# TYPE a_b gauge");
    for (const char *name : {"", "n_sum", "h_total", "a"})
        CHECK_EQUAL(types(name), "");
}
