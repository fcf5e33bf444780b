/*
 * Checks for the tests of the core. A test is a function that is listed in core_main.c; CHECK notes a failure and
 * returns from it. Each test gets a directory of its own in shared memory.
 */
#ifndef CORE_CHECK_H
#define CORE_CHECK_H

#include "percpu_metrics.h"

#include <stdio.h>
#include <string.h>

extern int check_failed;
/* Set by a test that cannot test anything here: the reason. */
extern const char *check_skipped;
extern char check_directory[];

#define CHECK(condition)                                                                                               \
    do {                                                                                                               \
        if (!(condition)) {                                                                                            \
            printf("# %s:%d: %s\n", __FILE__, __LINE__, #condition);                                                   \
            check_failed = 1;                                                                                          \
            return;                                                                                                    \
        }                                                                                                              \
    } while (0)

#define CHECK_STATUS(expected, call)                                                                                   \
    do {                                                                                                               \
        int status_ = (call);                                                                                          \
        if (status_ != (expected)) {                                                                                   \
            printf("# %s:%d: %s gave %s\n", __FILE__, __LINE__, #call, pcm_status_name(status_));                      \
            check_failed = 1;                                                                                          \
            return;                                                                                                    \
        }                                                                                                              \
    } while (0)

static inline pcm_bytes bytes(const char *text) {
    return (pcm_bytes){text, strlen(text)};
}

/* Path of a file in the test's directory; static storage. */
const char *check_path(const char *name);

/* Opens `name` in the test's directory with these options, whose path is set here. */
int check_open(const char *name, pcm_open_options options, pcm_store **out);

/* A series of a family with at most one label, "label". */
int check_series(pcm_store *store, pcm_type type, const char *name, const char *label, pcm_series_id *out);
int check_counter(pcm_store *store, const char *name, uint32_t *cell);

/* A number of repetitions, times PCM_TEST_SCALE where that is set: slow machines do less of the same. At least 1. */
int check_count(int count);

/* The value of the only series of a family, read by a new reader. */
int check_value(pcm_store *store, const char *name, pcm_number *out);

/* Overwrites bytes of a file in the test's directory. */
void check_patch(const char *name, long offset, const void *data, size_t size);

/* Makes gauges with fractions until there is no room for one more: that refusal, and the last one that there was room for. */
int check_fill(pcm_store *store, pcm_series_id *last);

/* How much there was no room for, as the store has counted it. */
uint64_t check_refusals(const pcm_store *store);

/* The lowest or highest CPU that this process may run on; moves the calling thread to one. */
int check_cpu(bool highest);
void check_run_on(int cpu);

/* Waits for a child: what it ended with, -1 where there is none or a signal ended it; whether that is 0. */
int check_child_status(int pid);
bool check_child(int pid);

#define TESTS(X)                                                                                                       \
    X(status_codes_have_names_and_messages)                                                                            \
    X(the_mode_in_force_is_the_expected_one)                                                                           \
    X(what_a_section_is_entered_with_has_room_in_a_word)                                                               \
    X(a_store_without_an_entry_counts_in_critical_sections)                                                            \
    X(cpu_lists_are_read_to_their_highest_id)                                                                          \
    X(a_new_store_is_private_and_reserved)                                                                             \
    X(a_store_opened_twice_by_a_process_is_one)                                                                        \
    X(another_process_attaches_and_sees_the_same_series)                                                               \
    X(files_that_are_no_stores_are_refused)                                                                            \
    X(paths_that_are_not_regular_files_are_refused)                                                                    \
    X(read_only_needs_a_store_and_changes_nothing)                                                                     \
    X(another_back_end_than_the_files_is_refused)                                                                      \
    X(an_ephemeral_store_goes_with_its_last_process)                                                                   \
    X(a_process_that_exits_gives_its_stores_back)                                                                      \
    X(stores_of_killed_processes_are_swept)                                                                            \
    X(a_store_of_another_boot_is_refused_or_carried_over)                                                              \
    X(families_are_found_again_or_conflict)                                                                            \
    X(invalid_definitions_are_refused)                                                                                 \
    X(names_that_lines_of_two_families_would_have_are_refused)                                                         \
    X(names_that_only_look_like_those_of_lines_are_free)                                                               \
    X(names_that_met_before_they_were_refused_are_kept)                                                                \
    X(label_values_do_not_collide)                                                                                     \
    X(integers_are_exact_to_the_last_bit)                                                                              \
    X(integers_reach_both_ends_of_their_range)                                                                         \
    X(fractions_go_to_a_double_cell)                                                                                   \
    X(a_gauge_reads_back_what_was_set)                                                                                 \
    X(a_set_cancels_the_fractions_of_all_lanes)                                                                        \
    X(a_set_makes_up_for_amounts_that_are_too_large)                                                                   \
    X(a_gauge_that_is_only_set_takes_no_cell)                                                                          \
    X(histograms_count_into_the_right_bucket)                                                                          \
    X(amounts_that_are_not_finite_change_nothing)                                                                      \
    X(lanes_add_up_to_the_value)                                                                                       \
    X(every_lane_counts_however_many_there_are)                                                                        \
    X(what_lanes_have_counted_is_told_without_gauges)                                                                  \
    X(an_exhausted_capacity_leaves_the_rest_alone)                                                                     \
    X(what_is_refused_takes_nothing)                                                                                   \
    X(several_series_are_made_together)                                                                                \
    X(where_there_is_no_room_for_all_none_is_made)                                                                     \
    X(what_has_limits_is_left_out_where_there_is_no_room)                                                              \
    X(what_has_limits_takes_no_room_that_others_need)                                                                  \
    X(a_reader_that_has_read_before_finds_each_change)                                                                 \
    X(a_reader_looks_at_records_where_something_may_have_changed)                                                      \
    X(a_counter_that_is_changed_after_the_pass_is_read_whole)                                                          \
    X(a_turn_is_odd_while_the_lock_is_held)                                                                            \
    X(a_full_file_system_is_an_error_before_it_is_a_fault)                                                             \
    X(every_cpu_goes_on_counting_in_a_full_store)                                                                      \
    X(every_back_end_counts_exactly_with_six_threads_per_cpu)                                                          \
    X(processes_count_exactly_on_one_store)                                                                            \
    X(a_killed_process_leaves_its_counts_and_no_lock)                                                                  \
    X(parent_and_forked_child_create_series_apart)                                                                     \
    X(readers_never_see_a_counter_go_down)                                                                             \
    X(cpus_without_a_lane_count_exactly)                                                                               \
    X(readers_see_all_or_nothing_of_a_set)                                                                             \
    X(gauges_are_set_together_or_not_at_all)                                                                           \
    X(a_reader_waits_for_a_set_that_has_begun)                                                                         \
    X(a_reader_waits_for_a_reset_as_long_as_the_lock_is_held)                                                          \
    X(a_forked_child_waits_for_a_reset_of_its_parent)                                                                  \
    X(a_reader_does_not_wait_for_changes_that_the_dead_have_left)                                                      \
    X(a_set_after_the_pass_is_seen_whole)                                                                              \
    X(a_reset_after_the_pass_is_seen_whole)                                                                            \
    X(a_setter_that_died_half_way_stops_no_reader)                                                                     \
    X(a_removed_series_is_gone_and_begins_anew)                                                                        \
    X(cells_and_records_are_used_again_when_all_have_moved_on)                                                         \
    X(label_values_of_a_removed_series_stay_until_all_have_moved_on)                                                   \
    X(cells_of_gauges_and_histograms_are_used_again_from_zero)                                                         \
    X(a_removal_is_seen_by_readers_and_other_processes)                                                                \
    X(a_new_series_leaves_what_readers_have_as_it_was)                                                                 \
    X(a_dead_process_holds_nothing_up)                                                                                 \
    X(what_belongs_to_a_dead_process_is_left_out_and_removed)                                                          \
    X(the_next_process_in_a_slot_is_not_the_owner)                                                                     \
    X(who_binds_what_a_dead_process_owned_begins_anew)                                                                 \
    X(what_belongs_to_a_process_goes_when_it_closes)                                                                   \
    X(owners_of_noise_are_dead)                                                                                        \
    X(gauges_of_living_processes_are_read_as_one)                                                                      \
    X(each_process_has_one_of_its_own)                                                                                 \
    X(what_is_aggregated_is_removed_and_reset_as_one)                                                                  \
    X(aggregates_are_exact_and_nan_gives_way)                                                                          \
    X(lanes_of_an_aggregate_are_those_of_all_processes)                                                                \
    X(definitions_of_aggregates_are_checked)                                                                           \
    X(a_forked_child_lets_go_of_everything)                                                                            \
    X(threads_that_open_declare_remove_and_close_do_not_meet)                                                          \
    X(a_reset_brings_every_kind_back_to_zero)                                                                          \
    X(resets_while_others_count_never_show_less_than_zero)                                                             \
    X(what_comes_after_a_reset_is_as_exact_as_at_first)                                                                \
    X(a_reset_is_found_by_histograms_that_were_bound_before)                                                           \
    X(cells_that_sets_give_away_are_used_again_when_all_have_moved_on)                                                 \
    X(sets_that_nobody_moves_on_from_take_no_more_than_a_part_of_the_cells)                                            \
    X(sets_are_exact_again_when_too_many_cells_have_waited)                                                            \
    X(a_sum_that_overflowed_in_a_full_store_is_reset_or_stays)                                                         \
    X(a_family_is_reset_but_for_what_there_is_no_room_for)                                                             \
    X(the_lock_is_to_be_had_while_a_family_is_reset)                                                                   \
    X(no_observation_is_lost_or_counted_twice_beside_resets)                                                           \
    X(what_a_dead_process_left_is_found)                                                                               \
    X(an_exemplar_is_kept_for_each_bucket)                                                                             \
    X(what_is_no_exemplar_is_refused)                                                                                  \
    X(exemplars_go_with_a_reset_and_a_removal)                                                                         \
    X(exemplars_of_several_writers_are_whole)                                                                          \
    X(a_writer_that_died_holds_no_exemplar_up_for_long)                                                                \
    X(exemplars_of_noise_are_left_out)                                                                                 \
    X(records_that_later_families_use_again_are_read_from_the_start)                                                   \
    X(removals_are_refused_where_nothing_may_be_changed)                                                               \
    X(a_truncated_file_breaks_the_store_and_not_the_process)                                                           \
    X(a_reset_that_was_left_without_cells_is_refused)                                                                  \
    X(a_store_that_met_a_hole_stays_broken_when_its_file_is_put_back)                                                  \
    X(a_handler_for_sigbus_that_others_replace_comes_back)                                                             \
    X(a_store_that_is_opened_once_more_gets_its_handler_back)                                                          \
    X(children_that_are_forked_while_the_handler_comes_back_open_stores)                                               \
    X(a_catalog_of_noise_is_refused)

#define X(name) void name(void);
TESTS(X)
#undef X

#endif
