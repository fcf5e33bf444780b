/*
 * What is done to series that are there: exemplars are kept for one, one is removed by a living process, a family is reset,
 * and all series of one are removed. Each with what is there before, what the next process must find, and what it must
 * find once it has done the same to its end.
 */
#ifndef CRASH_SERIES_H
#define CRASH_SERIES_H

int prepare_exemplars(void);
int keep_it(void);
int find_exemplars(void);
int see_exemplars(void);

int prepare_removal(void);
int remove_it(void);
int find_removal(void);
int see_removal(void);

int prepare_family(void);

int reset_all(void);
int find_reset(void);
int see_reset(void);

int remove_all(void);
int find_rest(void);
int see_nothing(void);

#endif
