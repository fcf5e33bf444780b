/* Counts the points at which a process can die half-way, and lets it die at one of them. See crash_points.c. */
#ifndef PCM_PROOF_CRASH_POINTS_H
#define PCM_PROOF_CRASH_POINTS_H

#include <stdint.h>

/* From now on points are counted from 1; at this number the process is killed, at 0 it never is. */
void crash_points_arm(uint64_t number);

/* How many were passed. */
uint64_t crash_points_disarm(void);

#endif
