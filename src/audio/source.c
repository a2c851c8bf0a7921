/* source.c - the bytes of an input: a file, a pipe or a device.
 * SPDX-License-Identifier: MIT
 *
 * A regular file is read by position, so its descriptor can be lent to a decoder. Everything else
 * is read forward through `head`, which holds what was peeked at; a kept pipe becomes a file. */
#define _GNU_SOURCE /* mkostemp */
#include "audio/source.h"

#include "base/sha256.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { LOWEST_FD = 10 }; /* descriptors below are given meaning in child processes */

struct dr_source {
    int fd;      /* input; of a file also what is read by position */
    int kept_fd; /* temporary file of a kept pipe, or -1 */
    bool is_file, ended;
    double stall_s;
    uint64_t position;           /* of the next dr_source_read */
    uint64_t size;               /* of a file or of what was kept */
    uint8_t *head;               /* [DR_SOURCE_PEEK] */
    size_t head_start, head_end; /* peeked at and not yet read */
    struct dr_sha256 *hash;      /* of a pipe, as it is read */
    char hex[65];                /* "" until it is known */
};

static int fail_open(const char *path, diarist_error *err) {
    switch (errno) {
    case ENOENT:
        return dr_fail(err, DIARIST_ERROR_INPUT, "no such file; check the path");
    case EACCES:
    case EPERM:
        return dr_fail(err, DIARIST_ERROR_INPUT, "permission denied; make the file readable");
    default:
        return dr_fail(err, DIARIST_ERROR_INPUT, "cannot open %s: %s; check the path",
                       strcmp(path, "-") ? "the file" : "standard input", strerror(errno));
    }
}

static int fail_read(diarist_error *err) {
    return dr_fail(err, DIARIST_ERROR_INPUT, "cannot read: %s; check the disk or copy the file",
                   strerror(errno));
}

/* Sets up a source around fd, which it owns from here on. */
static int source_new(struct dr_source **out, int fd, bool is_file, uint64_t size, double stall_s,
                      diarist_error *err) {
    struct dr_source *source = calloc(1, sizeof *source);
    if (!source) {
        close(fd);
        return dr_fail_memory(err);
    }
    *source = (struct dr_source){
        .fd = fd, .kept_fd = -1, .is_file = is_file, .size = size, .stall_s = stall_s};
    source->head = malloc(DR_SOURCE_PEEK);
    source->hash = is_file ? NULL : dr_sha256_new();
    if (!source->head || (!is_file && !source->hash)) {
        dr_source_close(source);
        return dr_fail_memory(err);
    }
    *out = source;
    return DIARIST_OK;
}

int dr_source_open(struct dr_source **out, const char *path, double stall_s, diarist_error *err) {
    *out = NULL;
    /* Without O_NONBLOCK opening a FIFO waits for a writer, for ever if there is none. */
    int opened = strcmp(path, "-") ? open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC) : -1;
    if (strcmp(path, "-") && opened < 0)
        return fail_open(path, err);
    int fd = fcntl(opened >= 0 ? opened : STDIN_FILENO, F_DUPFD_CLOEXEC, LOWEST_FD);
    if (opened >= 0)
        close(opened);
    struct stat status;
    if (fd < 0 || fstat(fd, &status)) {
        int status_of_open = fail_open(path, err);
        if (fd >= 0)
            close(fd);
        return status_of_open;
    }
    if (S_ISDIR(status.st_mode)) {
        close(fd);
        return dr_fail(err, DIARIST_ERROR_INPUT, "is a directory; name the files in it");
    }
    /* Standard input that was read from before is a stream of what is left. */
    bool is_file = S_ISREG(status.st_mode) && lseek(fd, 0, SEEK_CUR) == 0;
    return source_new(out, fd, is_file, is_file ? (uint64_t)status.st_size : 0, stall_s, err);
}

int dr_source_from_pipe(struct dr_source **out, int fd, double stall_s, diarist_error *err) {
    *out = NULL;
    return source_new(out, fd, false, 0, stall_s, err);
}

void dr_source_close(struct dr_source *source) {
    if (!source)
        return;
    close(source->fd);
    if (source->kept_fd >= 0)
        close(source->kept_fd);
    dr_sha256_free(source->hash);
    free(source->head);
    free(source);
}

/* Waits until the pipe has something to say, stall_s at most. */
static int wait_for_bytes(const struct dr_source *source, diarist_error *err) {
    struct pollfd poller = {.fd = source->fd, .events = POLLIN};
    double milliseconds = source->stall_s * 1000;
    int ready;
    do
        ready = poll(&poller, 1, milliseconds < 2e9 ? (int)milliseconds : -1);
    while (ready < 0 && errno == EINTR);
    if (ready < 0)
        return fail_read(err);
    if (ready == 0)
        return dr_fail(err, DIARIST_ERROR_INPUT,
                       "nothing came for %.0f s; check what writes to this pipe", source->stall_s);
    return DIARIST_OK;
}

/* Reads from the pipe itself, past `head`; *num is 0 at the end only. */
static int read_pipe(struct dr_source *source, void *bytes, size_t capacity, size_t *num,
                     diarist_error *err) {
    *num = 0;
    while (!source->ended) {
        int status = wait_for_bytes(source, err);
        if (status)
            return status;
        ssize_t got = read(source->fd, bytes, capacity);
        if (got < 0 && (errno == EINTR || errno == EAGAIN))
            continue;
        if (got < 0)
            return fail_read(err);
        source->ended = got == 0;
        dr_sha256_update(source->hash, bytes, (size_t)got);
        *num = (size_t)got;
        break;
    }
    return DIARIST_OK;
}

/* Fills `head` up to `most` bytes, as far as the pipe goes. */
static int fill_head(struct dr_source *source, size_t most, diarist_error *err) {
    while (source->head_end < most) {
        size_t got;
        int status =
            read_pipe(source, source->head + source->head_end, most - source->head_end, &got, err);
        if (status)
            return status;
        if (!got)
            break;
        source->head_end += got;
    }
    return DIARIST_OK;
}

int dr_source_peek(struct dr_source *source, size_t most, const uint8_t **head, size_t *num,
                   diarist_error *err) {
    *head = source->head;
    *num = 0;
    if (source->is_file || source->kept_fd >= 0)
        return dr_source_read_at(source, 0, source->head, most, num, err);
    int status = fill_head(source, most, err);
    *num = source->head_end;
    return status;
}

int dr_source_read(struct dr_source *source, void *bytes, size_t capacity, size_t *num,
                   diarist_error *err) {
    int status = DIARIST_OK;
    size_t peeked = source->head_end - source->head_start;
    if (source->is_file) {
        status = dr_source_read_at(source, source->position, bytes, capacity, num, err);
    } else if (peeked) {
        *num = peeked < capacity ? peeked : capacity;
        memcpy(bytes, source->head + source->head_start, *num);
        source->head_start += *num;
    } else {
        status = read_pipe(source, bytes, capacity, num, err);
    }
    source->position += *num;
    return status;
}

int dr_source_skip(struct dr_source *source, uint64_t count, uint64_t *skipped,
                   diarist_error *err) {
    *skipped = 0;
    if (source->is_file) {
        uint64_t left = source->size > source->position ? source->size - source->position : 0;
        *skipped = count < left ? count : left;
        source->position += *skipped;
        return DIARIST_OK;
    }
    while (*skipped < count) {
        uint8_t waste[2048];
        size_t want = count - *skipped < sizeof waste ? (size_t)(count - *skipped) : sizeof waste;
        size_t got;
        int status = dr_source_read(source, waste, want, &got, err);
        if (status)
            return status;
        if (!got)
            break;
        *skipped += got;
    }
    return DIARIST_OK;
}

/* Opens a file without a name: on disk rather than in /tmp, which may be memory. */
static int open_temporary(void) {
    static const char *const places[] = {"/var/tmp/diarist-XXXXXX", "/tmp/diarist-XXXXXX"};
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        char path[32];
        snprintf(path, sizeof path, "%s", places[i]);
        int fd = mkostemp(path, O_CLOEXEC);
        if (fd < 0)
            continue;
        unlink(path);
        int high = fcntl(fd, F_DUPFD_CLOEXEC, LOWEST_FD);
        close(fd);
        return high;
    }
    return -1;
}

static int append_kept(struct dr_source *source, const uint8_t *bytes, size_t count,
                       diarist_error *err) {
    while (count) {
        ssize_t put = write(source->kept_fd, bytes, count);
        if (put < 0 && errno == EINTR)
            continue;
        if (put < 0)
            return dr_fail(err, DIARIST_ERROR_LIMIT,
                           "no room for the input in /var/tmp: %s; save it to a file first",
                           strerror(errno));
        bytes += put;
        count -= (size_t)put;
        source->size += (uint64_t)put;
    }
    return DIARIST_OK;
}

int dr_source_keep(struct dr_source *source, uint64_t max_bytes, bool *complete,
                   diarist_error *err) {
    int status = DIARIST_OK;
    *complete = true;
    if (source->is_file)
        return DIARIST_OK;
    if (source->kept_fd < 0) {
        source->kept_fd = open_temporary();
        if (source->kept_fd < 0)
            return dr_fail(err, DIARIST_ERROR_LIMIT,
                           "cannot keep the input in /var/tmp: %s; save it to a file first",
                           strerror(errno));
    }
    do {
        if (source->head_start == source->head_end) {
            source->head_start = source->head_end = 0;
            status = fill_head(source, DR_SOURCE_PEEK, err);
        }
        size_t count = source->head_end - source->head_start;
        if (!status)
            status = append_kept(source, source->head + source->head_start, count, err);
        source->head_start = source->head_end;
    } while (!status && !source->ended && source->size < max_bytes);
    *complete = source->ended;
    return status;
}

int dr_source_read_at(struct dr_source *source, uint64_t offset, void *bytes, size_t count,
                      size_t *num, diarist_error *err) {
    *num = 0;
    while (*num < count) {
        ssize_t got =
            pread(dr_source_fd(source), (char *)bytes + *num, count - *num, (off_t)(offset + *num));
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return fail_read(err);
        if (got == 0)
            break;
        *num += (size_t)got;
    }
    return DIARIST_OK;
}

int dr_source_fd(const struct dr_source *source) {
    return source->kept_fd >= 0 ? source->kept_fd : source->fd;
}

bool dr_source_is_file(const struct dr_source *source) {
    return source->is_file;
}

uint64_t dr_source_size(const struct dr_source *source) {
    return source->size;
}

uint64_t dr_source_position(const struct dr_source *source) {
    return source->position;
}

/* Hashes a whole file; `head` serves as the buffer. */
static bool hash_file(struct dr_source *source) {
    source->hash = dr_sha256_new();
    if (!source->hash)
        return false;
    uint64_t offset = 0;
    size_t got;
    do {
        if (dr_source_read_at(source, offset, source->head, DR_SOURCE_PEEK, &got, NULL))
            return false;
        dr_sha256_update(source->hash, source->head, got);
        offset += got;
    } while (got == DR_SOURCE_PEEK);
    return true;
}

const char *dr_source_sha256(struct dr_source *source) {
    if (source->hex[0])
        return source->hex;
    if (source->is_file ? source->hash || !hash_file(source) : !source->ended)
        return NULL;
    dr_sha256_hex(source->hash, source->hex);
    return source->hex;
}
