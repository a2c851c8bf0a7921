/* folder.c - what lies in a folder, and names of paths.
 * SPDX-License-Identifier: MIT */
#include "folder.h"

#include "common/fail.h"
#include "text.h"

#include <dirent.h>
#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

static int by_bytes(const void *a, const void *b) {
    return strcmp(*(char *const *)a, *(char *const *)b);
}

int bench_names_add(struct bench_names *names, const char *name, diarist_error *err) {
    if (names->num == names->capacity) {
        size_t capacity = names->capacity ? 2 * names->capacity : 64;
        char **grown = realloc(names->names, capacity * sizeof *grown);
        if (!grown)
            return common_fail_memory(err);
        names->names = grown;
        names->capacity = capacity;
    }
    char *copy = bench_text_of("%s", name);
    if (!copy)
        return common_fail_memory(err);
    names->names[names->num++] = copy;
    return DIARIST_OK;
}

void bench_names_sort(struct bench_names *names) {
    if (names->num)
        qsort(names->names, names->num, sizeof *names->names, by_bytes);
}

void bench_names_free(struct bench_names *names) {
    for (size_t i = 0; i < names->num; i++)
        free(names->names[i]);
    free(names->names);
    *names = (struct bench_names){0};
}

int bench_folder_names(struct bench_names *names, const char *path, diarist_error *err) {
    DIR *folder = opendir(path);
    int status = DIARIST_OK;
    if (!folder)
        return common_fail(err, DIARIST_ERROR_INPUT, "%s: cannot be read: %s; give another folder",
                           path, strerror(errno));
    for (struct dirent *entry; !status;) {
        errno = 0;
        entry = readdir(folder);
        if (!entry && errno)
            status = common_fail(err, DIARIST_ERROR_INPUT, "%s: cannot be read: %s; try again",
                                 path, strerror(errno));
        if (!entry)
            break;
        if (entry->d_name[0] != '.')
            status = bench_names_add(names, entry->d_name, err);
    }
    closedir(folder);
    bench_names_sort(names);
    return status;
}

bool bench_is_utf8(const char *text) {
    json_t *string = json_string(text);
    json_decref(string);
    return string;
}

bool bench_is_folder(const char *path) {
    struct stat st;
    return !stat(path, &st) && S_ISDIR(st.st_mode);
}

bool bench_is_file(const char *path) {
    struct stat st;
    return !stat(path, &st) && S_ISREG(st.st_mode);
}

char *bench_path_from(const char *folder, const char *given) {
    if (given[0] == '/')
        return bench_text_of("%s", given);
    if (folder)
        return bench_text_of("%s/%s", folder, given);
    char *here = getcwd(NULL, 0);
    char *path = here ? bench_text_of("%s/%s", here, given) : NULL;
    free(here);
    return path;
}

char *bench_path_folder(const char *path) {
    char *whole = bench_path_from(NULL, path);
    if (whole)
        *strrchr(whole, '/') = 0;
    return whole;
}

const char *bench_path_name(const char *path) {
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

const char *bench_extension(const char *name) {
    const char *dot = strrchr(name, '.');
    return dot && dot > name ? dot : name + strlen(name);
}

bool bench_has_extension(const char *name, const char *extension) {
    const char *dot = bench_extension(name);
    return *dot && !strcasecmp(dot + 1, extension);
}
