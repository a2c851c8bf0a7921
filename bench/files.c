/* files.c - whole files.
 * SPDX-License-Identifier: MIT */
#include "files.h"

#include "fail.h"
#include "text.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int fail_read(diarist_error *err, const char *path) {
    return bench_fail(err, DIARIST_ERROR_INPUT, "%s: cannot be read: %s; give another", path,
                      strerror(errno));
}

int bench_file_check(const char *path, diarist_error *err) {
    struct stat st;
    if (stat(path, &st))
        return fail_read(err, path);
    if (!S_ISREG(st.st_mode))
        return bench_fail(err, DIARIST_ERROR_INPUT, "%.200s: is %s, no regular file; give a file",
                          path,
                          S_ISDIR(st.st_mode)    ? "a folder"
                          : S_ISFIFO(st.st_mode) ? "a pipe"
                                                 : "a device or socket");
    return DIARIST_OK;
}

int bench_file_read(char **text, size_t *size, const char *path, size_t limit, diarist_error *err) {
    struct bench_text all = {0};
    char part[2048];
    int status = DIARIST_OK;
    ssize_t n = 0;
    *text = NULL;
    if (bench_file_check(path, err))
        return DIARIST_ERROR_INPUT;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return fail_read(err, path);
    while (!status && ((n = read(fd, part, sizeof part)) > 0 || (n < 0 && errno == EINTR))) {
        bench_text_bytes(&all, part, n > 0 ? (size_t)n : 0);
        if (all.size > limit)
            status = bench_fail(err, DIARIST_ERROR_INPUT,
                                "%s: is larger than %zu bytes; give another", path, limit);
    }
    if (n < 0 && !status)
        status = fail_read(err, path);
    close(fd);
    if (size)
        *size = all.size;
    if (!status && !(*text = bench_text_take(&all)))
        status = bench_fail_memory(err);
    bench_text_free(&all);
    return status;
}

static int write_all(int fd, const char *text, size_t size) {
    while (size > 0) {
        ssize_t n = write(fd, text, size);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -1;
        text += n;
        size -= (size_t)n;
    }
    return 0;
}

int bench_file_write(const char *path, const char *text, size_t size, diarist_error *err) {
    char *beside = bench_text_of("%s.%ld.part", path, (long)getpid());
    if (!beside)
        return bench_fail_memory(err);
    int fd = open(beside, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    int wrong = fd < 0 ? errno : 0;
    if (fd >= 0) {
        if (write_all(fd, text, size))
            wrong = errno;
        if (close(fd) && !wrong)
            wrong = errno;
        if (!wrong && rename(beside, path))
            wrong = errno;
        if (wrong)
            unlink(beside);
    }
    free(beside);
    return wrong ? bench_fail(err, DIARIST_ERROR_OUTPUT,
                              "%s: cannot be written: %s; choose another place", path,
                              strerror(wrong))
                 : DIARIST_OK;
}

static int make_one(const char *path, diarist_error *err) {
    struct stat st;
    if (!mkdir(path, 0777) || (errno == EEXIST && !stat(path, &st) && S_ISDIR(st.st_mode)))
        return DIARIST_OK;
    return bench_fail(err, DIARIST_ERROR_OUTPUT, "%s: cannot be made a folder: %s; choose another",
                      path, strerror(errno == EEXIST ? ENOTDIR : errno));
}

int bench_make_directories(const char *path, diarist_error *err) {
    char *copy = bench_text_of("%s", path);
    int status = copy ? DIARIST_OK : bench_fail_memory(err);
    for (char *slash = copy ? copy + 1 : NULL; slash && *copy && !status; slash++) {
        if (*slash != '/' && *slash)
            continue;
        char was = *slash;
        *slash = 0;
        status = make_one(copy, err);
        *slash = was;
        if (!was)
            break;
    }
    free(copy);
    return status;
}
