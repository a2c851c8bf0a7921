/* files.c - what writes files has in common.
 * SPDX-License-Identifier: MIT */
#include "files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int common_write_all(int fd, const char *text, size_t size) {
    while (size > 0) {
        ssize_t n = write(fd, text, size);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return errno;
        text += n;
        size -= (size_t)n;
    }
    return 0;
}

int common_write_beside(const char *path, const char *text, size_t size) {
    enum { ROOM = 32 }; /* for ".PROCESS.part" */
    size_t room = strlen(path) + ROOM;
    char *beside = malloc(room);
    if (!beside)
        return ENOMEM;
    snprintf(beside, room, "%s.%ld.part", path, (long)getpid());
    int fd = open(beside, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    int wrong = fd < 0 ? errno : common_write_all(fd, text, size);
    if (fd >= 0) {
        if (close(fd) && !wrong)
            wrong = errno;
        if (!wrong && rename(beside, path))
            wrong = errno;
        if (wrong)
            unlink(beside);
    }
    free(beside);
    return wrong;
}

int common_make_directories(const char *path) {
    struct stat st;
    char *part = strdup(path);
    int wrong = part ? 0 : ENOMEM;
    for (char *c = part ? part + !!*part : NULL; c && !wrong; c++) {
        char end = *c;
        if (end && end != '/')
            continue;
        *c = 0;
        if (mkdir(part, 0777) && errno != EEXIST)
            wrong = errno;
        *c = end;
        if (!end)
            break;
    }
    free(part);
    if (!wrong && (stat(path, &st) || !S_ISDIR(st.st_mode)))
        wrong = ENOTDIR;
    return wrong;
}
