/* sink.c - bytes on their way to a file that appears whole or not at all.
 * SPDX-License-Identifier: MIT
 *
 * put -> 64 KiB buffer -> temporary file in path's directory -> fsync -> rename to path */
#define _GNU_SOURCE
#include "output/sink.h"

#include "base/error.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

enum { BUFFER_BYTES = 1 << 16 };

static int fail_output(diarist_error *err, const char *path, int error) {
    char reason[128];
    return dr_fail(err, DIARIST_ERROR_OUTPUT,
                   "%.120s: cannot be written: %s; write elsewhere or make room",
                   path ? path : "standard output", strerror_r(error, reason, sizeof reason));
}

/* A name in path's directory that does not depend on path's own length; malloc'ed. */
static char *temporary_name(const char *path) {
    uint64_t number = 0;
    if (getrandom(&number, sizeof number, GRND_NONBLOCK) != sizeof number)
        number = (uint64_t)(uintptr_t)&number ^ (uint64_t)getpid();
    const char *slash = strrchr(path, '/');
    char *name = NULL;
    if (asprintf(&name, "%.*s.diarist-%016" PRIx64, slash ? (int)(slash + 1 - path) : 0, path,
                 number) < 0)
        return NULL;
    return name;
}

/* Opens a new file beside sink->path; old: the file that it will replace, or NULL. 0 or an errno.
 */
static int open_temporary(struct dr_sink *sink, const struct stat *old) {
    for (int attempt = 0; attempt < 16 && sink->fd < 0; attempt++) {
        free(sink->temporary);
        sink->temporary = temporary_name(sink->path);
        if (!sink->temporary)
            return ENOMEM;
        sink->fd = open(sink->temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
        if (sink->fd < 0 && errno != EEXIST)
            break;
    }
    if (sink->fd < 0) {
        int error = errno;
        free(sink->temporary);
        sink->temporary = NULL;
        return error;
    }
    /* Another owner's permissions may not be ours to set; the content matters more. */
    if (old && fchmod(sink->fd, old->st_mode & 07777) && errno != EPERM)
        return errno;
    return 0;
}

/* 0 or an errno. */
static int open_target(struct dr_sink *sink, const char *path) {
    struct stat st;
    int exists = stat(path, &st) == 0;
    if (!exists && errno != ENOENT)
        return errno;
    if (exists && S_ISDIR(st.st_mode))
        return EISDIR;
    /* Through symbolic links, so that the link stays and its target is replaced. */
    sink->path = exists && S_ISREG(st.st_mode) ? realpath(path, NULL) : strdup(path);
    if (!sink->path)
        return errno;
    if (!exists || S_ISREG(st.st_mode))
        return open_temporary(sink, exists ? &st : NULL);
    sink->fd = open(path, O_WRONLY | O_CLOEXEC);
    return sink->fd < 0 ? errno : 0;
}

/* Drops what was put. */
static void discard(struct dr_sink *sink) {
    if (sink->fd >= 0 && sink->path)
        close(sink->fd);
    if (sink->temporary)
        unlink(sink->temporary);
    free(sink->temporary);
    free(sink->path);
    free(sink->buffer);
    *sink = (struct dr_sink){.fd = -1};
}

int dr_sink_open(struct dr_sink *sink, const char *path, diarist_error *err) {
    *sink = (struct dr_sink){.fd = -1};
    sink->buffer = malloc(BUFFER_BYTES);
    if (!sink->buffer)
        return dr_fail_memory(err);
    if (strcmp(path, "-") == 0) {
        sink->fd = STDOUT_FILENO;
        return DIARIST_OK;
    }
    int error = open_target(sink, path);
    if (!error)
        return DIARIST_OK;
    discard(sink);
    return fail_output(err, path, error);
}

static void flush(struct dr_sink *sink) {
    for (size_t done = 0; done < sink->used && !sink->error;) {
        ssize_t num = write(sink->fd, sink->buffer + done, sink->used - done);
        if (num > 0)
            done += (size_t)num;
        else if (num == 0)
            sink->error = EIO;
        else if (errno != EINTR)
            sink->error = errno;
    }
    sink->used = 0;
}

void dr_sink_put(struct dr_sink *sink, const char *bytes, size_t num) {
    while (num && !sink->error) {
        size_t part = BUFFER_BYTES - sink->used;
        if (part > num)
            part = num;
        memcpy(sink->buffer + sink->used, bytes, part);
        sink->used += part;
        bytes += part;
        num -= part;
        if (sink->used == BUFFER_BYTES)
            flush(sink);
    }
}

void dr_sink_text(struct dr_sink *sink, const char *text) {
    dr_sink_put(sink, text, strlen(text));
}

void dr_sink_format(struct dr_sink *sink, const char *format, ...) {
    char text[256];
    va_list args;
    va_start(args, format);
    int length = vsnprintf(text, sizeof text, format, args);
    va_end(args);
    if (length < 0 || (size_t)length >= sizeof text)
        sink->error = sink->error ? sink->error : EOVERFLOW;
    else
        dr_sink_put(sink, text, (size_t)length);
}

void dr_sink_seconds(struct dr_sink *sink, int64_t ms) {
    dr_sink_format(sink, "%" PRId64 ".%03d", ms / 1000, (int)(ms % 1000));
}

/* The rename itself reaches the disk; where directories cannot be synced, nothing is lost. */
static void sync_directory(const char *path) {
    const char *slash = strrchr(path, '/');
    char *directory = slash ? strndup(path, (size_t)(slash + 1 - path)) : strdup(".");
    int fd = directory ? open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
    if (fd >= 0) {
        fsync(fd);
        close(fd);
    }
    free(directory);
}

int dr_sink_end(struct dr_sink *sink, int status, diarist_error *err) {
    if (status) {
        discard(sink);
        return status;
    }
    flush(sink);
    /* EINVAL: a file system that knows no fsync. */
    if (!sink->error && sink->temporary && fsync(sink->fd) && errno != EINVAL)
        sink->error = errno;
    if (sink->path && close(sink->fd) && !sink->error && errno != EINTR)
        sink->error = errno;
    sink->fd = -1;
    if (!sink->error && sink->temporary && rename(sink->temporary, sink->path))
        sink->error = errno;
    int error = sink->error;
    if (error) {
        fail_output(err, sink->path, error);
    } else if (sink->temporary) {
        sync_directory(sink->path);
        free(sink->temporary);
        sink->temporary = NULL;
    }
    discard(sink);
    return error ? DIARIST_ERROR_OUTPUT : DIARIST_OK;
}
