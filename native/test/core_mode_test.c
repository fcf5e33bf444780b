/*
 * The mode in force. On a machine whose mode is known, PCM_TEST_REGISTRATION says it (libc, self or none): a suite that
 * passes with a silent fallback would prove nothing about critical sections.
 */
#include "core_check.h"
#include "hot.h"

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

void what_a_section_is_entered_with_has_room_in_a_word(void) {
    static const struct {
        intptr_t area;
        uint32_t lanes;
        uint64_t stride;
    } held[] = {
        {64, 2, 4096},
        {-160, 1, 4096},
        {(1 << 23) - 8, PCM_MAX_LANES, (uint64_t)PCM_MAX_CAPACITY * 8},
        {-(1 << 23), INT16_MAX, (UINT64_C(1) << 31) - 4096},
        {0, 3, 8192},
    };
    for (size_t i = 0; i < sizeof held / sizeof *held; i++) {
        uint64_t entry = pcm__hot_pack(held[i].area, held[i].lanes, held[i].stride);
        CHECK(entry != 0);
        CHECK(pcm__hot_area(entry) == held[i].area);
        CHECK(pcm__hot_lanes(entry) == held[i].lanes);
        CHECK(pcm__hot_stride(entry) == held[i].stride);
    }
    CHECK(pcm__hot_pack(64, 0, 4096) == 0);
    CHECK(pcm__hot_pack(1 << 23, 2, 4096) == 0);
    CHECK(pcm__hot_pack(-(1 << 23) - 8, 2, 4096) == 0);
    CHECK(pcm__hot_pack(64, INT16_MAX + 1, 4096) == 0);
    CHECK(pcm__hot_pack(64, 2, 4097) == 0);
    CHECK(pcm__hot_pack(64, 2, UINT64_C(1) << 31) == 0);
}

/* As with an area of libc that is too far away for the word. */
void a_store_without_an_entry_counts_in_critical_sections(void) {
    pcm_store *store;
    pcm_mode mode;
    pcm_process process;
    pcm_reader *reader;
    pcm_number number = {0};
    uint32_t cell;
    size_t count;
    CHECK_STATUS(PCM_OK, check_open("a", (pcm_open_options){0}, &store));
    CHECK_STATUS(PCM_OK, check_counter(store, "c_total", &cell));
    pcm_thread_get_mode(store, &mode);
    ((struct pcm__hot *)store)->entry = 0;
    for (int i = 0; i < 1000; i++)
        pcm_cell_add(store, cell, 1);
    CHECK_STATUS(PCM_OK, pcm_reader_create(store, &reader));
    CHECK_STATUS(PCM_OK, pcm_reader_refresh(reader));
    CHECK_STATUS(PCM_OK, pcm_reader_value(reader, 0, &number));
    CHECK(number.integer == 1000);
    CHECK_STATUS(PCM_OK, pcm_store_list_processes(store, &process, 1, &count));
    CHECK((process.fallbacks == 0) == (mode.backend == PCM_BACKEND_RSEQ));
    pcm_reader_destroy(reader);
    pcm_store_close(store);
}
