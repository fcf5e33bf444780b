/*
 * Numbers and escapes by themselves, without a store.
 */
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <random>

#include "escape.h"
#include "exposition_check.h"
#include "name-escaping.h"
#include "number-format.h"

namespace {

std::string Real(double value) {
    char text[pcm::kMaxNumberSize];
    return {text, pcm::FormatReal(text, value)};
}

std::string Bound(double value) {
    char text[pcm::kMaxNumberSize];
    return {text, pcm::FormatBound(text, value)};
}

std::string Integer(int64_t value) {
    char text[pcm::kMaxNumberSize];
    return {text, pcm::FormatInteger(text, value)};
}

std::string LabelValue(const std::string &text) {
    std::string out;
    pcm::AppendQuoted(&out, {text.data(), text.size()});
    return out;
}

std::string Escaped(const std::string &text, pcm::Escaping escaping, pcm::NameKind kind = pcm::NameKind::kMetric) {
    return pcm::EscapeName({text.data(), text.size()}, kind, escaping);
}

std::string Help(const std::string &text) {
    std::string out;
    pcm::AppendHelp(&out, {text.data(), text.size()});
    return out;
}

} // namespace

TEST("integers are exact to both ends of 64 bits") {
    CHECK_EQUAL(Integer(0), "0");
    CHECK_EQUAL(Integer(9), "9");
    CHECK_EQUAL(Integer(10), "10");
    CHECK_EQUAL(Integer(-1), "-1");
    CHECK_EQUAL(Integer(std::numeric_limits<int64_t>::max()), "9223372036854775807");
    CHECK_EQUAL(Integer(std::numeric_limits<int64_t>::min()), "-9223372036854775808");
}

TEST("doubles are the shortest text that reads back as the same double") {
    CHECK_EQUAL(Real(0.1), "0.1");
    CHECK_EQUAL(Real(0.1 + 0.2), "0.30000000000000004");
    CHECK_EQUAL(Real(1e21), "1e+21");
    CHECK_EQUAL(Real(5e-324), "5e-324");
    CHECK_EQUAL(Real(-0.0), "-0");
    CHECK_EQUAL(Real(std::numeric_limits<double>::lowest()), "-1.7976931348623157e+308");
    CHECK_EQUAL(Real(-2.2250738585072014e-308), "-2.2250738585072014e-308");
}

TEST("what is not finite has the names that Prometheus reads") {
    CHECK_EQUAL(Real(std::nan("")), "NaN");
    CHECK_EQUAL(Real(-std::nan("")), "NaN");
    CHECK_EQUAL(Real(std::numeric_limits<double>::infinity()), "+Inf");
    CHECK_EQUAL(Real(-std::numeric_limits<double>::infinity()), "-Inf");
    CHECK_EQUAL(Bound(std::numeric_limits<double>::infinity()), "+Inf");
}

TEST("any double survives being written and read") {
    std::mt19937_64 random(20240229);
    for (int i = 0; i < 20000; i++) {
        const uint64_t bits = random();
        double value;
        std::memcpy(&value, &bits, sizeof value);
        if (!std::isfinite(value))
            continue;
        const std::string text = Real(value);
        CHECK(std::strtod(text.c_str(), nullptr) == value);
        CHECK(std::strtod(Bound(value).c_str(), nullptr) == value);
        CHECK(text.size() <= pcm::kMaxNumberSize);
    }
}

TEST("bounds have the text that Go's client gives them") {
    CHECK_EQUAL(Bound(0.005), "0.005");
    CHECK_EQUAL(Bound(1), "1");
    CHECK_EQUAL(Bound(10), "10");
    CHECK_EQUAL(Bound(2.5), "2.5");
    CHECK_EQUAL(Bound(100000), "100000");
    CHECK_EQUAL(Bound(123456.75), "123456.75");
    CHECK_EQUAL(Bound(999999.5), "999999.5");
    CHECK_EQUAL(Bound(1000000), "1e+06");
    CHECK_EQUAL(Bound(2500000), "2.5e+06");
    CHECK_EQUAL(Bound(0.0001), "0.0001");
    CHECK_EQUAL(Bound(0.00001), "1e-05");
    CHECK_EQUAL(Bound(0), "0");
    CHECK_EQUAL(Bound(-2.5), "-2.5");
    CHECK_EQUAL(Bound(1e300), "1e+300");
    CHECK_EQUAL(Bound(5e-324), "5e-324");
}

TEST("label values escape the backslash, the quote and the line feed, and nothing else") {
    CHECK_EQUAL(LabelValue(""), "");
    CHECK_EQUAL(LabelValue("C:\\DIR\\FILE.TXT"), "C:\\\\DIR\\\\FILE.TXT");
    CHECK_EQUAL(LabelValue("say \"hi\"\n"), "say \\\"hi\\\"\\n");
    CHECK_EQUAL(LabelValue("a\tb\r{},="), "a\tb\r{},=");
    CHECK_EQUAL(LabelValue(std::string("a\0b", 3)), std::string("a\0b", 3));
}

TEST("help escapes the backslash and the line feed, and leaves quotes alone") {
    CHECK_EQUAL(Help("first\nsecond \\ \"third\""), "first\\nsecond \\\\ \"third\"");
}

TEST("well-formed UTF-8 of every length passes unchanged") {
    const std::string text = "z \x7F \xC2\x80 \xDF\xBF \xE0\xA0\x80 \xED\x9F\xBF \xEE\x80\x80 \xEF\xBF\xBF "
                             "\xF0\x90\x80\x80 \xF4\x8F\xBF\xBF";
    CHECK_EQUAL(LabelValue(text), text);
    CHECK_EQUAL(Help(text), text);
}

TEST("ill-formed UTF-8 is replaced, one character for each longest part of a sequence") {
    const std::string no = "\xEF\xBF\xBD";
    CHECK_EQUAL(LabelValue("a\x80z"), "a" + no + "z");
    CHECK_EQUAL(LabelValue("\xC0\xAF"), no + no);          /* an overlong slash */
    CHECK_EQUAL(LabelValue("\xE0\x80\x80"), no + no + no); /* overlong */
    CHECK_EQUAL(LabelValue("\xED\xA0\x80"), no + no + no); /* a surrogate */
    CHECK_EQUAL(LabelValue("\xF4\x90\x80\x80"), no + no + no + no);
    CHECK_EQUAL(LabelValue("\xF1\x80\x80\x41"), no + "A"); /* three bytes of four */
    CHECK_EQUAL(LabelValue("\xE1\x80\xC2"), no + no);
    CHECK_EQUAL(LabelValue("\xFF\"\n"), no + "\\\"\\n");
    CHECK_EQUAL(LabelValue("\xE2\x82"), no);                 /* cut off at the end */
    CHECK_EQUAL(LabelValue("\xE2\"\xAC"), no + "\\\"" + no); /* a quote cannot hide in a sequence */
}

TEST("names are escaped as Prometheus does it") {
    using pcm::Escaping;
    const auto label = pcm::NameKind::kLabel;
    CHECK_EQUAL(Escaped("http.server_time", Escaping::kUnderscores), "http_server_time");
    CHECK_EQUAL(Escaped("http.server_time", Escaping::kDots), "http_dot_server__time");
    CHECK_EQUAL(Escaped("http.server_time", Escaping::kValues), "U__http_2e_server__time");
    CHECK_EQUAL(Escaped("http.server_time", Escaping::kAllowUtf8), "http.server_time");
    CHECK_EQUAL(Escaped("plain_name:1", Escaping::kUnderscores), "plain_name:1");
    CHECK_EQUAL(Escaped("plain_name:1", Escaping::kDots), "plain__name:1");
    CHECK_EQUAL(Escaped("plain_name:1", Escaping::kValues), "plain_name:1");
    CHECK_EQUAL(Escaped("0day", Escaping::kUnderscores), "_day");
    CHECK_EQUAL(Escaped("0day", Escaping::kValues), "U___30_day");
    CHECK_EQUAL(Escaped("label:x", Escaping::kUnderscores, label), "label_x");
    CHECK_EQUAL(Escaped("label:x", Escaping::kValues, label), "U__label_3a_x");
    CHECK_EQUAL(Escaped("caf\xC3\xA9 \xF0\x9F\x98\x80", Escaping::kUnderscores), "caf___");
    CHECK_EQUAL(Escaped("caf\xC3\xA9 \xF0\x9F\x98\x80", Escaping::kDots), "caf______");
    CHECK_EQUAL(Escaped("caf\xC3\xA9 \xF0\x9F\x98\x80", Escaping::kValues), "U__caf_e9__20__1f600_");
    CHECK_EQUAL(Escaped("bad\xFF", Escaping::kAllowUtf8), "bad\xEF\xBF\xBD");
}
