/* What the core asks of the machine: how many CPUs there can ever be, and which boot this is. */
#ifndef PCM_CPU_H
#define PCM_CPU_H

#include <stdint.h>

/*
 * Highest possible CPU id + 1, from /sys/devices/system/cpu/possible: never from the affinity mask or the CPUs that
 * are online, as a container sees the host's CPU numbers and CPUs can come online later. At least 1.
 */
uint32_t pcm__cpu_lanes(void);

/* The highest number in a list such as "0-3,8-11", or -1 where it is none. */
int64_t pcm__cpu_list_highest(const char *list);

/* The kernel's boot id; all zero where the kernel does not tell. */
void pcm__boot_id(uint8_t out[16]);

/* Unix time in milliseconds. */
uint64_t pcm__now_ms(void);

#endif
