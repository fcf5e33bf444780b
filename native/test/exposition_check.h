/*
 * The few lines of a test framework that the exposition's tests need. A test has a title, which is a sentence about
 * behaviour; CHECK and CHECK_EQUAL report the place and go on; the program prints `ok` or `not ok` for each test.
 */
#ifndef PCM_TEST_EXPOSITION_CHECK_H_
#define PCM_TEST_EXPOSITION_CHECK_H_

#include <string>

namespace pcm_test {

struct Test {
    Test(const char *title, void (*run)());

    const char *title;
    void (*run)();
    Test *next = nullptr;
};

/* Marks the running test as failed. */
void Fail(const char *file, int line, const std::string &message);

/* Compares texts and shows both, with what cannot be seen escaped. */
void CheckEqual(const char *file, int line, const std::string &actual, const std::string &expected);

} // namespace pcm_test

#define PCM_TEST_JOIN_(a, b) a##b
#define PCM_TEST_JOIN(a, b)  PCM_TEST_JOIN_(a, b)
#define TEST(title)                                                                                                    \
    static void PCM_TEST_JOIN(Run, __LINE__)();                                                                        \
    static pcm_test::Test PCM_TEST_JOIN(test, __LINE__)(title, PCM_TEST_JOIN(Run, __LINE__));                          \
    static void PCM_TEST_JOIN(Run, __LINE__)()

#define CHECK(condition)              ((condition) ? (void)0 : pcm_test::Fail(__FILE__, __LINE__, #condition))
#define CHECK_EQUAL(actual, expected) pcm_test::CheckEqual(__FILE__, __LINE__, actual, expected)

#endif
