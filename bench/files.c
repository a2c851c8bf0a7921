/* files.c - whole files.
 * SPDX-License-Identifier: MIT */
#include "files.h"

#include "common/files.h"
#include "common/fail.h"
#include "text.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int fail_read(diarist_error *err, const char *path) {
    return common_fail(err, DIARIST_ERROR_INPUT, "%s: cannot be read: %s; give another", path,
                       strerror(errno));
}

int bench_file_check(const char *path, diarist_error *err) {
    struct stat st;
    if (stat(path, &st))
        return fail_read(err, path);
    if (!S_ISREG(st.st_mode))
        return common_fail(err, DIARIST_ERROR_INPUT, "%.200s: is %s, no regular file; give a file",
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
            status = common_fail(err, DIARIST_ERROR_INPUT,
                                 "%s: is larger than %zu bytes; give another", path, limit);
    }
    if (n < 0 && !status)
        status = fail_read(err, path);
    close(fd);
    if (size)
        *size = all.size;
    if (!status && !(*text = bench_text_take(&all)))
        status = common_fail_memory(err);
    bench_text_free(&all);
    return status;
}

int bench_file_write(const char *path, const char *text, size_t size, diarist_error *err) {
    int wrong = common_write_beside(path, text, size);
    return wrong ? common_fail(err, DIARIST_ERROR_OUTPUT,
                               "%s: cannot be written: %s; choose another place", path,
                               strerror(wrong))
                 : DIARIST_OK;
}

int bench_make_directories(const char *path, diarist_error *err) {
    int wrong = common_make_directories(path);
    return wrong ? common_fail(err, DIARIST_ERROR_OUTPUT,
                               "%s: cannot be made a folder: %s; choose another", path,
                               strerror(wrong))
                 : DIARIST_OK;
}
