/* The store whose users die in crash.c, and what is looked up in it. One at a time is open in a process. */
#ifndef CRASH_STORE_H
#define CRASH_STORE_H

#include "percpu_metrics.h"

#include <stdbool.h>
#include <stdint.h>

extern char path[4096];
extern pcm_store *store;

int open_store(bool persist);

/* The series of a family with one label, made where there is none. */
int series_of(pcm_type type, const char *name, const char *label, pcm_series_id *out);

/* CORRUPT where the old counter has another value, or the old gauge another one than these two. */
int check_values(double total, double gauge, double other_gauge);

/* The number of a series that a reader shows; UINT32_MAX where there is none. */
uint32_t number_of(const pcm_reader *reader, const char *name, const char *label);

/* NOT_FOUND where no reader shows it. */
int value_of(const char *name, const char *label, double *out);

/* The count and the sum of a histogram, which are untouched where there is none. */
int histogram_of(const char *name, const char *label, int64_t *count, double *out);

#endif
