/* See store_file.h. */
#include "store_file.h"

#include "cpu.h"
#include "reserve.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Catalog bytes per cell of capacity: a counter with a few labels takes about half of it. */
#define CATALOG_BYTES_PER_CELL 192u
#define SMALLEST_CATALOG       (1u << 20)
#define MOST_ATOMIC_LANES      4u
/* One granule for each kind of cells: in less, nothing could ever be stored that needs both. */
#define SMALLEST_CAPACITY ((uint64_t)2 * PCM__CELL_GRANULE)
#define CACHE_LINE        64u

static uint64_t round_up(uint64_t value, uint64_t multiple) {
    return (value + multiple - 1) / multiple * multiple;
}

void pcm__geometry_compute(struct pcm__geometry *geometry) {
    uint64_t catalog = geometry->capacity * CATALOG_BYTES_PER_CELL;
    geometry->catalog_capacity = round_up(catalog > SMALLEST_CATALOG ? catalog : SMALLEST_CATALOG, PCM__PAGE);
    geometry->lane_stride = geometry->capacity * geometry->cell_bytes;
    geometry->slots_offset = PCM__PAGE;
    geometry->changes_offset = geometry->slots_offset + PCM_MAX_PROCESSES * sizeof(struct pcm__slot);
    geometry->bits_offset = geometry->changes_offset + PCM__CHANGES * sizeof(uint64_t);
    geometry->catalog_offset = geometry->bits_offset + round_up(geometry->capacity / 8 * 2, PCM__PAGE);
    geometry->base_offset = geometry->catalog_offset + geometry->catalog_capacity;
    geometry->lanes_offset = geometry->base_offset + geometry->capacity * sizeof(uint64_t);
    geometry->file_bytes = geometry->lanes_offset +
                           (uint64_t)(geometry->lanes + geometry->atomic_lanes) * geometry->lane_stride + PCM__PAGE;
}

/* Whether numbers of a file are ones that a store can have; nothing of the sums above overflows then. */
static bool geometry_is_possible(const struct pcm__geometry *geometry) {
    bool per_cpu = geometry->backend == PCM_BACKEND_RSEQ || geometry->backend == PCM_BACKEND_PERCPU_ATOMIC;
    bool padded = geometry->backend == PCM_BACKEND_ATOMIC_PADDED;
    return geometry->backend >= PCM_BACKEND_RSEQ && geometry->backend <= PCM_BACKEND_ATOMIC_PADDED &&
           geometry->capacity >= PCM__CELL_GRANULE && geometry->capacity <= PCM_MAX_CAPACITY &&
           geometry->capacity % PCM__CELL_GRANULE == 0 && geometry->lanes <= PCM_MAX_LANES &&
           (geometry->lanes > 0) == per_cpu && geometry->atomic_lanes >= 1 &&
           geometry->atomic_lanes <= MOST_ATOMIC_LANES &&
           geometry->cell_bytes == (padded ? CACHE_LINE : sizeof(uint64_t));
}

int pcm__geometry_choose(const pcm_open_options *options, struct pcm__geometry *out) {
    uint32_t backend = options->backend == PCM_BACKEND_DEFAULT ? PCM_BACKEND_RSEQ : options->backend;
    uint64_t capacity = options->capacity == 0 ? PCM_DEFAULT_CAPACITY : options->capacity;
    uint32_t lanes = options->lanes == 0 ? pcm__cpu_lanes() : options->lanes;
    bool per_cpu = backend == PCM_BACKEND_RSEQ || backend == PCM_BACKEND_PERCPU_ATOMIC;
    if (capacity > PCM_MAX_CAPACITY || options->lanes > PCM_MAX_LANES)
        return PCM_ARGUMENT;
    lanes = lanes < PCM_MAX_LANES ? lanes : PCM_MAX_LANES;
    struct pcm__geometry geometry = {
        .backend = backend,
        .lanes = per_cpu ? lanes : 0,
        .atomic_lanes = !per_cpu                    ? 1
                        : lanes < MOST_ATOMIC_LANES ? lanes
                                                    : MOST_ATOMIC_LANES,
        .cell_bytes = backend == PCM_BACKEND_ATOMIC_PADDED ? CACHE_LINE : sizeof(uint64_t),
        .capacity = round_up(capacity < SMALLEST_CAPACITY ? SMALLEST_CAPACITY : capacity, PCM__CELL_GRANULE),
    };
    if (!geometry_is_possible(&geometry))
        return PCM_ARGUMENT;
    pcm__geometry_compute(&geometry);
    *out = geometry;
    return PCM_OK;
}

int pcm__path_status(void) {
    switch (errno) {
    case ENOENT:
    case ENOTDIR:
        return PCM_NOT_FOUND;
    case EACCES:
    case EPERM:
    case EROFS:
        return PCM_PERMISSION;
    case ELOOP:
    case EISDIR:
    case ENXIO:
        return PCM_UNSAFE_PATH;
    case ENOSPC:
    case EDQUOT:
        return PCM_NO_SPACE;
    default:
        return PCM_SYSTEM;
    }
}

int pcm__store_file_open(const char *path, bool read_only, int *out) {
    struct stat stat;
    /* Without O_NONBLOCK a FIFO at this path would wait for its other end. */
    int fd = open(path, (read_only ? O_RDONLY : O_RDWR) | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
    if (fd < 0)
        return pcm__path_status();
    int status = PCM_OK;
    if (fstat(fd, &stat) != 0)
        status = PCM_SYSTEM;
    else if (!S_ISREG(stat.st_mode))
        status = PCM_UNSAFE_PATH;
    if (status == PCM_OK)
        *out = fd;
    else
        close(fd);
    return status;
}

bool pcm__store_file_has_path(int fd, const char *path) {
    struct stat named;
    struct stat opened;
    return lstat(path, &named) == 0 && fstat(fd, &opened) == 0 && named.st_dev == opened.st_dev &&
           named.st_ino == opened.st_ino;
}

static struct pcm__geometry stored_geometry(const struct pcm__header *header) {
    return (struct pcm__geometry){
        .backend = header->backend,
        .lanes = header->lanes,
        .atomic_lanes = header->atomic_lanes,
        .cell_bytes = header->cell_bytes,
        .capacity = header->capacity,
        .catalog_capacity = header->catalog_capacity,
        .lane_stride = header->lane_stride,
        .slots_offset = header->slots_offset,
        .changes_offset = header->changes_offset,
        .bits_offset = header->bits_offset,
        .catalog_offset = header->catalog_offset,
        .base_offset = header->base_offset,
        .lanes_offset = header->lanes_offset,
        .file_bytes = header->file_bytes,
    };
}

/* Whether it still has its end: one that was cut off has not, even if it grew again. */
static bool has_tail(int fd, uint64_t file_bytes) {
    char tail[PCM__TAIL_BYTES];
    return pread(fd, tail, sizeof tail, (off_t)(file_bytes - sizeof tail)) == (ssize_t)sizeof tail &&
           memcmp(tail, PCM__TAIL_MAGIC, sizeof tail) == 0;
}

static int read_header(int fd, struct pcm__header *header) {
    ssize_t got = pread(fd, header, sizeof *header, 0);
    if (got < 0)
        return PCM_SYSTEM;
    bool is_store = (size_t)got == sizeof *header && memcmp(header->magic, PCM__MAGIC, sizeof header->magic) == 0;
    return is_store ? PCM_OK : PCM_NOT_A_STORE;
}

int pcm_store_format_versions(const char *path, uint32_t *found, uint32_t *wanted) {
    struct pcm__header header;
    int fd = -1;
    int status = pcm__store_file_open(path, true, &fd);
    if (status != PCM_OK)
        return status;
    status = read_header(fd, &header);
    close(fd);
    if (status != PCM_OK)
        return status;
    *found = header.version;
    *wanted = PCM__FORMAT_VERSION;
    return PCM_OK;
}

int pcm__store_file_check(int fd, struct pcm__geometry *geometry, bool *ephemeral) {
    struct pcm__header header;
    struct stat stat;
    int status = read_header(fd, &header);
    if (status != PCM_OK)
        return status;
    if (fstat(fd, &stat) != 0)
        return PCM_SYSTEM;
    if (header.version != PCM__FORMAT_VERSION)
        return PCM_VERSION;
    struct pcm__geometry stored = stored_geometry(&header);
    struct pcm__geometry computed = stored;
    if (!geometry_is_possible(&stored))
        return PCM_CORRUPT;
    pcm__geometry_compute(&computed);
    if (memcmp(&stored, &computed, sizeof stored) != 0 || (uint64_t)stat.st_size < stored.file_bytes)
        return PCM_CORRUPT;
    uint8_t boot_id[16];
    pcm__boot_id(boot_id);
    *geometry = stored;
    *ephemeral = (header.flags & PCM__FLAG_EPHEMERAL) != 0;
    if (!has_tail(fd, stored.file_bytes))
        return PCM_BROKEN;
    return memcmp(header.boot_id, boot_id, sizeof boot_id) == 0 ? PCM_OK : PCM_OTHER_BOOT;
}

/* ---------------------------------------------------------------- making one */

static void fill_header(struct pcm__header *header, const struct pcm__geometry *geometry, bool ephemeral) {
    *header = (struct pcm__header){
        .version = PCM__FORMAT_VERSION,
        .flags = ephemeral ? PCM__FLAG_EPHEMERAL : 0,
        .backend = geometry->backend,
        .lanes = geometry->lanes,
        .atomic_lanes = geometry->atomic_lanes,
        .cell_bytes = geometry->cell_bytes,
        .capacity = geometry->capacity,
        .catalog_capacity = geometry->catalog_capacity,
        .lane_stride = geometry->lane_stride,
        .slots_offset = geometry->slots_offset,
        .changes_offset = geometry->changes_offset,
        .bits_offset = geometry->bits_offset,
        .catalog_offset = geometry->catalog_offset,
        .base_offset = geometry->base_offset,
        .lanes_offset = geometry->lanes_offset,
        .file_bytes = geometry->file_bytes,
    };
    memcpy(header->magic, PCM__MAGIC, sizeof header->magic);
    pcm__boot_id(header->boot_id);
}

static int write_file(int fd, const pcm_open_options *options) {
    struct pcm__geometry geometry;
    struct pcm__header header;
    int status = pcm__geometry_choose(options, &geometry);
    if (status != PCM_OK)
        return status;
    if (ftruncate(fd, (off_t)geometry.file_bytes) != 0)
        return errno == EFBIG ? PCM_NO_SPACE : pcm__path_status();
    /* What precedes the catalog, and the tail; the rest as it is needed. */
    status = pcm__reserve_range(fd, 0, geometry.catalog_offset);
    if (status != PCM_OK)
        return status;
    if (pwrite(fd, PCM__TAIL_MAGIC, PCM__TAIL_BYTES, (off_t)(geometry.file_bytes - PCM__TAIL_BYTES)) != PCM__TAIL_BYTES)
        return pcm__path_status();
    fill_header(&header, &geometry, options->ephemeral);
    if (pwrite(fd, &header, sizeof header, 0) != (ssize_t)sizeof header)
        return pcm__path_status();
    /* The umask of the process is not what `file_mode` means. */
    if (fchmod(fd, options->file_mode == 0 ? 0600 : options->file_mode & 0777) != 0)
        return PCM_SYSTEM;
    return PCM_OK;
}

static void directory_of(const char *path, char out[PATH_MAX]) {
    const char *slash = strrchr(path, '/');
    if (slash == NULL)
        memcpy(out, ".", sizeof "."); /* with its terminator */
    else
        snprintf(out, PATH_MAX, "%.*s", slash == path ? 1 : (int)(slash - path), path);
}

/* A file without a name cannot be left behind. */
static int create_unnamed(const pcm_open_options *options, bool *exists, bool *unsupported) {
    char directory[PATH_MAX];
    char link_path[64];
    directory_of(options->path, directory);
    int fd = open(directory, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (fd < 0) {
        *unsupported = errno == EOPNOTSUPP || errno == EISDIR || errno == EINVAL;
        return pcm__path_status();
    }
    int status = write_file(fd, options);
    snprintf(link_path, sizeof link_path, "/proc/self/fd/%d", fd);
    if (status == PCM_OK && linkat(AT_FDCWD, link_path, AT_FDCWD, options->path, AT_SYMLINK_FOLLOW) != 0) {
        *exists = errno == EEXIST;
        *unsupported = errno == ENOENT; /* no /proc */
        status = pcm__path_status();
    }
    close(fd);
    return status;
}

/* For file systems that cannot make files without a name. */
static int create_named(const pcm_open_options *options, bool *exists) {
    char temporary[PATH_MAX];
    if (snprintf(temporary, sizeof temporary, "%s.new-XXXXXX", options->path) >= (int)sizeof temporary)
        return PCM_ARGUMENT;
    int fd = mkostemp(temporary, O_CLOEXEC);
    if (fd < 0)
        return pcm__path_status();
    int status = write_file(fd, options);
    if (status == PCM_OK && link(temporary, options->path) != 0) {
        *exists = errno == EEXIST;
        status = pcm__path_status();
    }
    int saved = errno;
    unlink(temporary);
    close(fd);
    errno = saved;
    return status;
}

int pcm__store_file_create(const pcm_open_options *options, bool *exists) {
    bool unsupported = false;
    *exists = false;
    if (strlen(options->path) >= PATH_MAX - 16)
        return PCM_ARGUMENT;
    int status = create_unnamed(options, exists, &unsupported);
    return unsupported ? create_named(options, exists) : status;
}
