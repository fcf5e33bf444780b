/*
 * Whole scrapes as messages, compared byte by byte with what the wire format says; test/ holds them against a decoder
 * of others.
 */
#include "exposition_check.h"
#include "exposition_store.h"
#include "protobuf_fields.h"

using pcm_test::Double;
using pcm_test::Field;
using pcm_test::kProtobuf;
using pcm_test::TemporaryStore;

namespace {

std::string Label(const std::string &name, const std::string &value) {
    return Field(0x0A, Field(0x0A, name) + Field(0x12, value));
}

} // namespace

TEST("a family without series is left out of the messages") {
    TemporaryStore store;
    store.Declare({PCM_GAUGE, "g", "", {"l"}, {}});
    store.Declare({PCM_HISTOGRAM, "h", "", {}, {1}});
    CHECK_EQUAL(store.Render(kProtobuf), "");
}

TEST("a gauge is a message whose length goes before it") {
    TemporaryStore store;
    const pcm_family_id family = store.Declare({PCM_GAUGE, "g_bytes", "Help.", {"l", "m"}, {}, "bytes"});
    store.Set(store.Bind(family, {"x", "\xFF"}), -0.5);
    const std::string metric = Label("l", "x") + Label("m", "\xEF\xBF\xBD") + Field(0x12, Double(0x09, -0.5));
    const std::string body = Field(0x0A, "g_bytes") + Field(0x12, "Help.") + std::string("\x18\x01", 2) +
                             Field(0x2A, "bytes") + Field(0x22, metric);
    CHECK_EQUAL(store.Render(kProtobuf), static_cast<char>(body.size()) + body);
}

TEST("a counter keeps its name, and has its creation") {
    TemporaryStore store;
    store.Add(store.Bind(store.Declare({PCM_COUNTER, "n_total", "", {}, {}})), 7);
    const std::string message = store.Render(kProtobuf);
    const size_t at = message.find(Double(0x09, 7));
    CHECK(at != std::string::npos);
    /* Seconds take five bytes until 2106; nanoseconds take one where they are 0, else up to five. */
    const size_t rest = message.size() - at - 9;
    CHECK(rest >= 2 + 8 && rest <= 2 + 12);
    CHECK(message[at + 9] == 0x1A);
    CHECK(message[0] == static_cast<char>(message.size() - 1));
    CHECK_EQUAL(message.substr(1, 9), Field(0x0A, "n_total"));
}

TEST("counts of a histogram are as long as they need, and so are the lengths around them") {
    TemporaryStore store;
    const pcm_family_id family = store.Declare({PCM_HISTOGRAM, "h", "", {}, {0.5, 2}});
    const pcm_series_id series = store.Bind(family);
    store.Observe(series, 0.5);
    for (int i = 0; i < 200; i++)
        store.Observe(series, 1);
    store.Observe(series, 3);
    const std::string first = Field(0x1A, std::string("\x08\x01", 2) + Double(0x11, 0.5));
    const std::string second = Field(0x1A, std::string("\x08\xC9\x01", 3) + Double(0x11, 2));
    const std::string fields = std::string("\x08\xCA\x01", 3) + Double(0x11, 203.5) + first + second;
    const std::string message = store.Render(kProtobuf);
    CHECK(message.find(fields) != std::string::npos);
    CHECK(message.size() < 128 && message[0] == static_cast<char>(message.size() - 1));
    store.Observe(series, 1);
    CHECK(store.Render(kProtobuf).size() == message.size());
}
