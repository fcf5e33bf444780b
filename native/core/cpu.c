/* See cpu.h. */
#include "cpu.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static int64_t read_file(const char *path, char *out, size_t size) {
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return -1;
    ssize_t got = read(fd, out, size - 1);
    close(fd);
    if (got < 0)
        return -1;
    out[got] = '\0';
    return got;
}

int64_t pcm__cpu_list_highest(const char *list) {
    int64_t highest = -1;
    const char *at = list;
    while (*at >= '0' && *at <= '9') {
        char *end;
        highest = strtol(at, &end, 10);
        at = *end == '-' || *end == ',' ? end + 1 : end;
    }
    return *at == '\0' || *at == '\n' ? highest : -1;
}

uint32_t pcm__cpu_lanes(void) {
    char text[4096];
    int64_t highest = -1;
    if (read_file("/sys/devices/system/cpu/possible", text, sizeof text) > 0)
        highest = pcm__cpu_list_highest(text);
    if (highest < 0)
        highest = sysconf(_SC_NPROCESSORS_CONF) - 1;
    return highest < 0 ? 1 : (uint32_t)highest + 1;
}

void pcm__boot_id(uint8_t out[16]) {
    char text[64];
    memset(out, 0, 16);
    if (read_file("/proc/sys/kernel/random/boot_id", text, sizeof text) < 36)
        return;
    int nibbles = 0;
    for (const char *at = text; *at != '\0' && nibbles < 32; at++) {
        int digit = *at >= '0' && *at <= '9' ? *at - '0' : *at >= 'a' && *at <= 'f' ? *at - 'a' + 10 : -1;
        if (digit < 0)
            continue;
        out[nibbles / 2] = (uint8_t)(out[nibbles / 2] << 4 | digit);
        nibbles++;
    }
}

uint64_t pcm__now_ms(void) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}
