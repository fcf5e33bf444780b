/*
 * seccomp_launcher - runs a command for which rseq(2) fails.
 *
 *   seccomp_launcher eperm|enosys COMMAND [ARGUMENT...]
 *
 * Container runtimes and sandboxes filter system calls; what such a filter answers for rseq is EPERM or ENOSYS. This
 * program installs the smallest filter that does the same, and then becomes the command. The C library's own
 * registration at the start of the command and of each of its threads is refused, and so is that of the store, which
 * must take its atomic lanes and count exactly all the same.
 *
 * Every other system call is let through. The filter is inherited by everything that the command starts.
 * Exit status: 2 for wrong usage, 126 where the filter cannot be installed, 127 where the command cannot be run.
 */
#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#if defined(__x86_64__)
#define NATIVE_ARCH AUDIT_ARCH_X86_64
#define RSEQ_NUMBER 334
#elif defined(__aarch64__)
#define NATIVE_ARCH AUDIT_ARCH_AARCH64
#define RSEQ_NUMBER 293
#else
#error "seccomp_launcher knows the system call numbers of x86-64 and aarch64 only"
#endif

/* Calls of another architecture (32-bit programs) keep their meaning: their numbers are not ours. */
static int refuse_rseq(unsigned int error) {
    struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, NATIVE_ARCH, 0, 3),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, RSEQ_NUMBER, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (error & SECCOMP_RET_DATA)),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = {.len = sizeof(code) / sizeof(code[0]), .filter = code};

    /* Without it the kernel takes filters from privileged processes only. */
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) {
        return -1;
    }
    return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0);
}

int main(int argc, char **argv) {
    unsigned int error = 0;

    if (argc >= 3 && strcmp(argv[1], "eperm") == 0) {
        error = EPERM;
    } else if (argc >= 3 && strcmp(argv[1], "enosys") == 0) {
        error = ENOSYS;
    } else {
        fprintf(stderr, "usage: seccomp_launcher eperm|enosys COMMAND [ARGUMENT...]\n");
        return 2;
    }
    if (refuse_rseq(error) != 0) {
        fprintf(stderr, "seccomp_launcher: cannot install the filter: %s\n", strerror(errno));
        return 126;
    }
    execvp(argv[2], argv + 2);
    fprintf(stderr, "seccomp_launcher: cannot run %s: %s\n", argv[2], strerror(errno));
    return 127;
}
