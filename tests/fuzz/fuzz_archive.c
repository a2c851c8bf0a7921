/* fuzz_archive.c - bytes as an archive of a corpus: every entry looked at, and saved.
 * SPDX-License-Identifier: MIT */
#include "bench/source.h"

#include "fuzz.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { LIMIT = 1 << 20 };

static char saved[64];

int LLVMFuzzerInitialize(int *argc, char ***argv) {
    (void)argc;
    (void)argv;
    snprintf(saved, sizeof saved, "/dev/shm/fuzz_archive_%ld", (long)getpid());
    return 0;
}

/* Every path that gets here could be joined to a folder. */
static void check_path(const char *path) {
    FUZZ_CHECK(path[0] && path[0] != '/' && path[0] != '\\');
    for (const char *part = path; part; part = strpbrk(part, "/\\")) {
        part += *part == '/' || *part == '\\';
        FUZZ_CHECK(strncmp(part, "..", 2) || (part[2] && part[2] != '/' && part[2] != '\\'));
    }
    for (const char *c = path; *c; c++)
        FUZZ_CHECK((unsigned char)*c >= ' ');
}

static int take(void *data, struct bench_entry *entry, diarist_error *err) {
    struct stat st;
    (void)data;
    check_path(entry->path);
    int status = bench_entry_save(entry, saved, LIMIT, err);
    FUZZ_CHECK(stat(saved, &st) || st.st_size <= LIMIT);
    unlink(saved);
    /* What is too large or broken ends a walk; the next entry may be better. */
    return status == DIARIST_ERROR_INPUT && entry->size > LIMIT ? DIARIST_OK : status;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct bench_names skipped = {0};
    diarist_error err = {0};
    int fd = fuzz_file(data, size);
    if (fd < 0)
        return 0;
    int status = bench_source_walk(fuzz_path(fd), take, NULL, &skipped, &err);
    FUZZ_CHECK(!status || (status == err.status && fuzz_is_line(err.message)));
    FUZZ_CHECK(status == DIARIST_OK || status == DIARIST_ERROR_INPUT);
    bench_names_free(&skipped);
    close(fd);
    return 0;
}
