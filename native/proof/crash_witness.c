/* See crash_witness.h. */
#include "crash_witness.h"

#include "crash_store.h"

#include <sys/wait.h>
#include <unistd.h>

/* Adds to a gauge whose setter has died: both amounts are seen, and nothing of the set alone. */
static int add_to_gauge(void) {
    pcm_series_id series;
    uint32_t cell;
    int status = series_of(PCM_GAUGE, "old_gauge", "old", &series);
    if (status == PCM_OK)
        status = check_values(41, 3.5, 17);
    if (status == PCM_OK)
        status = pcm_series_cell(store, series, &cell);
    if (status != PCM_OK)
        return status;
    pcm_cell_add(store, cell, 1);
    status = pcm_series_add_double(store, series, 0.25);
    return status == PCM_OK ? check_values(41, 3.5 + 1.25, 17 + 1.25) : status;
}

/* Adds to a series whose remover has died, or to the one that is bound in its place: of that one it finds what it added. */
static int add_to_removed(void) {
    pcm_series_id series;
    double before = 0;
    double after = 0;
    /* It takes the lock, and puts right what was left, before it looks for a series that it has known so far. */
    int status = series_of(PCM_GAUGE, "other_gauge", "new", &series);
    if (status == PCM_OK)
        status = series_of(PCM_COUNTER, "old_total", "gone!", &series);
    if (status == PCM_OK)
        status = value_of("old_total", "gone!", &before);
    if (status == PCM_OK)
        status = pcm_series_add_double(store, series, 0.25);
    if (status == PCM_OK)
        status = value_of("old_total", "gone!", &after);
    return status == PCM_OK && after != before + 0.25 ? PCM_CORRUPT : status;
}

/* In a child: binds what it is to witness, and adds to it when it is told that another process has died. */
static int witness(int in, int out, enum witnessed of) {
    pcm_series_id series;
    pcm_histogram histogram;
    char told;
    int64_t count;
    double before = 0;
    double after = 0;
    int status = open_store(false);
    if (status == PCM_OK && of == WHAT_IS_REMOVED)
        status = series_of(PCM_COUNTER, "old_total", "gone!", &series);
    else if (status == PCM_OK)
        status = series_of(PCM_HISTOGRAM, "old_seconds", "old", &series);
    if (status == PCM_OK && of != WHAT_IS_REMOVED)
        status = pcm_histogram_bind(store, series, &histogram);
    if (write(out, "", 1) != 1 || read(in, &told, 1) != 1 || status != PCM_OK)
        return 1;
    if (of != THE_HISTOGRAM)
        return (of == THE_GAUGE ? add_to_gauge() : add_to_removed()) == PCM_OK ? 0 : 1;
    status = histogram_of("old_seconds", "old", &count, &before);
    if (status == PCM_OK)
        status = pcm_histogram_observe(store, &histogram, 0.125);
    if (status == PCM_OK)
        status = histogram_of("old_seconds", "old", &count, &after);
    return status == PCM_OK && after == before + 0.125 ? 0 : 1;
}

bool start_witness(struct witness *out, enum witnessed of) {
    int to[2];
    int from[2];
    char ready;
    if (pipe(to) != 0 || pipe(from) != 0)
        return false;
    out->pid = fork();
    if (out->pid == 0) {
        close(to[1]);
        _exit(witness(to[0], from[1], of));
    }
    close(to[0]);
    close(from[1]);
    out->to = to[1];
    out->from = from[0];
    return out->pid > 0 && read(out->from, &ready, 1) == 1;
}

bool ask_witness(const struct witness *asked) {
    int status;
    bool told = write(asked->to, "", 1) == 1;
    close(asked->to);
    close(asked->from);
    return told && waitpid(asked->pid, &status, 0) == asked->pid && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}
