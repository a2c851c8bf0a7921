/* uems.c - the UEM files of a folder.
 * SPDX-License-Identifier: MIT */
#include "uems.h"

#include "common/fail.h"
#include "files.h"
#include "text.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

struct bench_uem_key {
    const char *text;
    const char *lines; /* the id inside; NULL: unreadable */
    bool other_name;   /* the file is not named like text */
    size_t file;
};

void bench_uems_free(struct bench_uems *uems) {
    if (!uems)
        return;
    for (size_t i = 0; i < uems->num; i++) {
        free(uems->files[i].path);
        free(uems->files[i].stem);
        free(uems->files[i].problem);
        diarist_uem_free(uems->files[i].uem);
    }
    free(uems->files);
    free(uems->keys);
    free(uems);
}

static int read_file(struct bench_uem_file *file, const char *folder, const char *name,
                     diarist_error *err) {
    diarist_error wrong;
    file->path = bench_text_of("%s/%s", folder, name);
    file->stem = bench_text_of("%.*s", (int)(bench_extension(name) - name), name);
    if (!file->path || !file->stem)
        return common_fail_memory(err);
    int status = diarist_uem_new(&file->uem, &wrong);
    if (!status)
        status = bench_file_check(file->path, &wrong);
    if (!status)
        status = diarist_uem_read(file->uem, file->path, &wrong);
    if (status == DIARIST_ERROR_MEMORY ||
        (status && !(file->problem = bench_text_of("%s", wrong.message))))
        return common_fail_memory(err);
    return DIARIST_OK;
}

static int by_text(const void *a, const void *b) {
    const struct bench_uem_key *x = a, *y = b;
    int order = strcmp(x->text, y->text);
    if (order)
        return order;
    if (x->other_name != y->other_name)
        return x->other_name - y->other_name;
    return (x->file > y->file) - (x->file < y->file);
}

static size_t num_recordings(const struct bench_uem_file *file) {
    return file->problem ? 0 : diarist_uem_num_recordings(file->uem);
}

/* A key for each id inside a file, and one for the name of a file of one recording. */
static int make_keys(struct bench_uems *uems, diarist_error *err) {
    size_t most = uems->num + 1;
    for (size_t i = 0; i < uems->num; i++)
        most += num_recordings(&uems->files[i]);
    struct bench_uem_key *keys = uems->keys = calloc(most, sizeof *keys);
    if (!keys)
        return common_fail_memory(err);
    for (size_t i = 0; i < uems->num; i++) {
        const struct bench_uem_file *file = &uems->files[i];
        size_t num = num_recordings(file);
        for (size_t k = 0; k < num; k++) {
            const char *id = diarist_uem_recording_id(file->uem, k);
            keys[uems->num_keys++] = (struct bench_uem_key){id, id, strcmp(id, file->stem) != 0, i};
        }
        if (num == 1 || file->problem)
            keys[uems->num_keys++] = (struct bench_uem_key){
                file->stem, num ? diarist_uem_recording_id(file->uem, 0) : NULL, false, i};
    }
    qsort(keys, uems->num_keys, sizeof *keys, by_text);
    return DIARIST_OK;
}

int bench_uems_read(struct bench_uems **out, const char *folder, diarist_error *err) {
    struct bench_names names = {0};
    struct bench_uems *uems = calloc(1, sizeof *uems);
    int status = uems ? DIARIST_OK : common_fail_memory(err);
    *out = NULL;
    if (!status && folder)
        status = bench_folder_names(&names, folder, err);
    if (!status && !(uems->files = calloc(names.num + 1, sizeof *uems->files)))
        status = common_fail_memory(err);
    for (size_t i = 0; !status && i < names.num; i++)
        if (bench_has_extension(names.names[i], "uem"))
            status = read_file(&uems->files[uems->num++], folder, names.names[i], err);
    if (!status)
        status = make_keys(uems, err);
    bench_names_free(&names);
    if (status)
        bench_uems_free(uems);
    else
        *out = uems;
    return status;
}

const struct bench_uem_file *bench_uems_find(const char **lines, const struct bench_uems *uems,
                                             const char *id) {
    size_t low = 0, high = uems->num_keys;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (strcmp(uems->keys[middle].text, id) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    bool found = low < uems->num_keys && !strcmp(uems->keys[low].text, id);
    *lines = found ? uems->keys[low].lines : NULL;
    return found ? &uems->files[uems->keys[low].file] : NULL;
}
