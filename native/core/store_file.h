/*
 * The store as a file, before it is mapped: its geometry, how it is made so that nobody ever sees half of one, and how
 * a file that is there is checked.
 */
#ifndef PCM_STORE_FILE_H
#define PCM_STORE_FILE_H

#include "store.h"

/* Offsets and sizes from the numbers that are chosen: backend, lanes, atomic_lanes, cell_bytes, capacity. */
void pcm__geometry_compute(struct pcm__geometry *geometry);

/* The geometry of a new store. ARGUMENT. */
int pcm__geometry_choose(const pcm_open_options *options, struct pcm__geometry *out);

/*
 * Makes a store file at a path that has none: under no name, or a temporary one, until it is complete. Where it fails
 * because something has the name by now, `exists` says so. ARGUMENT, NOT_FOUND (the directory), PERMISSION, NO_SPACE,
 * SYSTEM.
 */
int pcm__store_file_create(const pcm_open_options *options, bool *exists);

/* Opens a path without following a last symbolic link, and refuses what is no regular file. */
int pcm__store_file_open(const char *path, bool read_only, int *fd);

/*
 * Checks the header of a file. `geometry` is filled for PCM_OK, PCM_OTHER_BOOT and PCM_BROKEN. NOT_A_STORE, VERSION,
 * OTHER_BOOT, CORRUPT, BROKEN, SYSTEM.
 */
int pcm__store_file_check(int fd, struct pcm__geometry *geometry, bool *ephemeral);

/* Whether a path names the file that is open: another one may have taken its name. */
bool pcm__store_file_has_path(int fd, const char *path);

/* Status for what errno says about a path. */
int pcm__path_status(void);

#endif
