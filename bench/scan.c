/* scan.c - a folder looked through for secrets.
 * SPDX-License-Identifier: MIT
 *
 * Files are read in parts that overlap, so that their size does not matter. Links are not followed,
 * and .git is left out. */
#include "diarist/bench.h"

#include "common/fail.h"
#include "secrets.h"
#include "text.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PART = 1 << 20, OVERLAP = 4096, MAX_DEPTH = 64 };

struct scan {
    diarist_bench_secret_fn *found;
    void *data;
    const char *path; /* of the file that is looked through */
    char *part;       /* [OVERLAP + PART] */
};

static void tell(void *data, size_t line, const char *kind) {
    const struct scan *scan = data;
    scan->found(scan->data, scan->path, line, kind);
}

static ssize_t read_fully(int fd, char *to, size_t size) {
    size_t got = 0;
    while (got < size) {
        ssize_t n = read(fd, to + got, size - got);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -1;
        if (n == 0)
            break;
        got += (size_t)n;
    }
    return (ssize_t)got;
}

/* What begins in the last OVERLAP bytes of a part is found with the next one; one byte more is
 * kept, to know whether a word begins there. */
static int scan_open_file(struct scan *scan, int fd, diarist_error *err) {
    size_t kept = 0, begin = 0, line = 1;
    ssize_t n;
    do {
        n = read_fully(fd, scan->part + kept, PART);
        if (n < 0)
            return common_fail(err, DIARIST_ERROR_INPUT,
                               "%s: cannot be read: %s; check its permissions", scan->path,
                               strerror(errno));
        size_t size = kept + (size_t)n;
        size_t end = n == PART ? size - OVERLAP + 1 : size;
        line = bench_scan_text(scan->part, size, begin, end, line, tell, scan);
        if (n == PART) {
            line -= scan->part[end - 1] == '\n'; /* is looked at again */
            kept = size - end + 1;
            memmove(scan->part, scan->part + end - 1, kept);
            begin = 1;
        }
    } while (n == PART);
    return DIARIST_OK;
}

static int scan_file(struct scan *scan, const char *path, const char *name, diarist_error *err) {
    const char *kind = bench_secret_file(name);
    scan->path = path;
    if (kind)
        tell(scan, 1, kind);
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd < 0)
        return common_fail(err, DIARIST_ERROR_INPUT,
                           "%s: cannot be read: %s; check its permissions", path, strerror(errno));
    int status = scan_open_file(scan, fd, err);
    close(fd);
    return status;
}

static int wanted(const struct dirent *entry) {
    return strcmp(entry->d_name, ".") && strcmp(entry->d_name, "..") &&
           strcmp(entry->d_name, ".git");
}

static int scan_folder(struct scan *scan, const char *folder, int depth, diarist_error *err);

static int scan_entry(struct scan *scan, const char *folder, const char *name, int depth,
                      diarist_error *err) {
    struct stat st;
    size_t n = strlen(folder);
    char *path = bench_text_of("%s%s%s", folder, n && folder[n - 1] == '/' ? "" : "/", name);
    int status = DIARIST_OK;
    if (!path)
        return common_fail_memory(err);
    if (lstat(path, &st))
        status = common_fail(err, DIARIST_ERROR_INPUT, "%s: %s; scan again", path, strerror(errno));
    else if (S_ISDIR(st.st_mode))
        status = scan_folder(scan, path, depth + 1, err);
    else if (S_ISREG(st.st_mode))
        status = scan_file(scan, path, name, err);
    free(path);
    return status;
}

static int scan_folder(struct scan *scan, const char *folder, int depth, diarist_error *err) {
    struct dirent **entries;
    int status = DIARIST_OK;
    if (depth > MAX_DEPTH)
        return common_fail(err, DIARIST_ERROR_LIMIT,
                           "%s: is more than %d folders deep; scan it alone", folder, MAX_DEPTH);
    int num = scandir(folder, &entries, wanted, alphasort);
    if (num < 0)
        return common_fail(err, DIARIST_ERROR_INPUT, "%s: cannot be listed: %s; give a folder",
                           folder, strerror(errno));
    for (int i = 0; i < num; i++) {
        if (!status)
            status = scan_entry(scan, folder, entries[i]->d_name, depth, err);
        free(entries[i]);
    }
    free(entries);
    return status;
}

int diarist_bench_scan(const char *folder, diarist_bench_secret_fn *found, void *data,
                       diarist_error *err) {
    struct scan scan = {found, data, NULL, malloc(PART + OVERLAP)};
    int status = scan.part ? scan_folder(&scan, folder, 0, err) : common_fail_memory(err);
    free(scan.part);
    return status;
}
