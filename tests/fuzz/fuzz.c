/* fuzz.c - inputs that have a path and never touch a disk.
 * SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "fuzz.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

int fuzz_file(const uint8_t *data, size_t size) {
    int fd = memfd_create("fuzz", MFD_CLOEXEC);
    if (fd < 0)
        return -1;
    if (write(fd, data, size) == (ssize_t)size && lseek(fd, 0, SEEK_SET) == 0)
        return fd;
    close(fd);
    return -1;
}

int fuzz_pipe(const uint8_t *data, size_t size) {
    enum { PIPE_BYTES = 1 << 20 };
    int ends[2];
    if (size > PIPE_BYTES || pipe2(ends, O_CLOEXEC | O_NONBLOCK))
        return -1;
    fcntl(ends[1], F_SETPIPE_SZ, PIPE_BYTES);
    ssize_t put = write(ends[1], data, size);
    close(ends[1]);
    if (put == (ssize_t)size)
        return ends[0];
    close(ends[0]);
    return -1;
}

const char *fuzz_path(int fd) {
    static char path[64];
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    return path;
}
