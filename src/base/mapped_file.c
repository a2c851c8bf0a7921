/* mapped_file.c - a whole file, read-only, as memory.
 * SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "base/mapped_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

int dr_mapped_file_open(struct dr_mapped_file *out, const char *path) {
    out->data = NULL;
    out->size = 0;
    /* O_NONBLOCK: a FIFO named as a model must not hang. */
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return -1;
    struct stat st;
    int failed = fstat(fd, &st);
    if (!failed && !S_ISREG(st.st_mode)) {
        errno = S_ISDIR(st.st_mode) ? EISDIR : EINVAL;
        failed = -1;
    }
    if (!failed && st.st_size > 0) {
        void *p = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
        if (p == MAP_FAILED) {
            failed = -1;
        } else {
            out->data = p;
            out->size = (size_t)st.st_size;
        }
    }
    int saved = errno;
    close(fd);
    errno = saved;
    return failed ? -1 : 0;
}

void dr_mapped_file_close(struct dr_mapped_file *file) {
    if (file->data)
        munmap((void *)(uintptr_t)file->data, file->size);
    file->data = NULL;
    file->size = 0;
}

void dr_mapped_file_forget(const void *data, size_t size) {
    uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
    uintptr_t begin = ((uintptr_t)data + page - 1) / page * page;
    uintptr_t end = ((uintptr_t)data + size) / page * page;
    if (begin < end)
        madvise((void *)begin, end - begin, MADV_DONTNEED);
}
