/*
 * Runs the tests of the exposition in the order of their files and ends with `N passed, N failed`.
 */
#include <cstdio>
#include <cstring>

#include "exposition_check.h"

namespace pcm_test {
namespace {

Test *first = nullptr;
Test **last = &first;
bool failed = false;

std::string Visible(const std::string &text) {
    std::string visible;
    for (const char c : text) {
        const unsigned char byte = static_cast<unsigned char>(c);
        char buffer[8];
        if (c == '\n') {
            visible += "\\n\n#     ";
        } else if (byte < 0x20 || byte >= 0x7F) {
            std::snprintf(buffer, sizeof buffer, "\\x%02X", byte);
            visible += buffer;
        } else {
            visible += c;
        }
    }
    return visible;
}

} // namespace

Test::Test(const char *test_title, void (*test_run)()) : title(test_title), run(test_run) {
    *last = this;
    last = &next;
}

void Fail(const char *file, int line, const std::string &message) {
    failed = true;
    const char *slash = std::strrchr(file, '/');
    std::printf("# %s:%d: %s\n", slash == nullptr ? file : slash + 1, line, message.c_str());
}

void CheckEqual(const char *file, int line, const std::string &actual, const std::string &expected) {
    if (actual != expected)
        Fail(file, line, "is\n#     " + Visible(actual) + "\n# and should be\n#     " + Visible(expected));
}

} // namespace pcm_test

int main() {
    int passed_count = 0;
    int failed_count = 0;
    for (pcm_test::Test *test = pcm_test::first; test != nullptr; test = test->next) {
        pcm_test::failed = false;
        test->run();
        (pcm_test::failed ? failed_count : passed_count)++;
        std::printf("%s %s\n", pcm_test::failed ? "not ok" : "ok", test->title);
        std::fflush(stdout);
    }
    std::printf("%d passed, %d failed\n", passed_count, failed_count);
    return failed_count == 0 && passed_count > 0 ? 0 : 1;
}
