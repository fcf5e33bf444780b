/*
 * The mode in force. On a machine whose mode is known, PCM_TEST_REGISTRATION says it (libc, self or none): a suite that
 * passes with a silent fallback would prove nothing about critical sections.
 */
#include "core_check.h"

#include <stdlib.h>

static const char *const names[] = {
    [PCM_REGISTRATION_LIBC] = "libc", [PCM_REGISTRATION_SELF] = "self", [PCM_REGISTRATION_NONE] = "none"};

void the_mode_in_force_is_the_expected_one(void) {
    pcm_store *store;
    pcm_mode mode;
    pcm_process process;
    uint32_t cell;
    size_t count;
    const char *expected = getenv("PCM_TEST_REGISTRATION");
    CHECK_STATUS(PCM_OK, check_open("a", (pcm_open_options){0}, &store));
    CHECK_STATUS(PCM_OK, check_counter(store, "c_total", &cell));
    pcm_cell_add(store, cell, 1);
    pcm_thread_get_mode(store, &mode);
    printf("# registration %s: %s\n", names[mode.registration], mode.reason);
    CHECK(expected == NULL || strcmp(expected, names[mode.registration]) == 0);
    CHECK((mode.backend == PCM_BACKEND_RSEQ) == (mode.registration != PCM_REGISTRATION_NONE));
    CHECK_STATUS(PCM_OK, pcm_store_list_processes(store, &process, 1, &count));
    CHECK(count == 1 && process.registration == mode.registration);
    CHECK(mode.backend == PCM_BACKEND_RSEQ || process.fallbacks > 0);
    pcm_store_close(store);
}
