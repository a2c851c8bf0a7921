/* uems.c - the UEM files of a folder.
 * SPDX-License-Identifier: MIT */
#include "uems.h"

#include "fail.h"
#include "text.h"

#include <stdlib.h>
#include <string.h>

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
    free(uems);
}

static int read_file(struct bench_uem_file *file, const char *folder, const char *name,
                     diarist_error *err) {
    diarist_error wrong;
    file->path = bench_text_of("%s/%s", folder, name);
    file->stem = bench_text_of("%.*s", (int)(bench_extension(name) - name), name);
    if (!file->path || !file->stem)
        return bench_fail_memory(err);
    int status = diarist_uem_new(&file->uem, &wrong);
    if (!status)
        status = diarist_uem_read(file->uem, file->path, &wrong);
    if (status == DIARIST_ERROR_MEMORY ||
        (status && !(file->problem = bench_text_of("%s", wrong.message))))
        return bench_fail_memory(err);
    return DIARIST_OK;
}

int bench_uems_read(struct bench_uems **out, const char *folder, diarist_error *err) {
    struct bench_names names = {0};
    struct bench_uems *uems = calloc(1, sizeof *uems);
    int status = uems ? DIARIST_OK : bench_fail_memory(err);
    *out = NULL;
    if (!status && folder)
        status = bench_folder_names(&names, folder, err);
    if (!status && !(uems->files = calloc(names.num + 1, sizeof *uems->files)))
        status = bench_fail_memory(err);
    for (size_t i = 0; !status && i < names.num; i++)
        if (bench_has_extension(names.names[i], "uem"))
            status = read_file(&uems->files[uems->num++], folder, names.names[i], err);
    bench_names_free(&names);
    if (status)
        bench_uems_free(uems);
    else
        *out = uems;
    return status;
}

static bool is_one_of(const char *text, const char *const ids[2]) {
    return !strcmp(text, ids[0]) || !strcmp(text, ids[1]);
}

/* The id of the lines in a file that are of one of the ids; NULL: none. */
static const char *lines_of(const struct bench_uem_file *file, const char *const ids[2]) {
    size_t num = file->problem ? 0 : diarist_uem_num_recordings(file->uem);
    for (size_t i = 0; i < num; i++)
        if (is_one_of(diarist_uem_recording_id(file->uem, i), ids))
            return diarist_uem_recording_id(file->uem, i);
    return num == 1 && is_one_of(file->stem, ids) ? diarist_uem_recording_id(file->uem, 0) : NULL;
}

const struct bench_uem_file *bench_uems_find(const char **id, const struct bench_uems *uems,
                                             const char *const ids[2]) {
    const struct bench_uem_file *best = NULL;
    *id = NULL;
    for (size_t i = 0; i < uems->num; i++) {
        const struct bench_uem_file *file = &uems->files[i];
        bool named = is_one_of(file->stem, ids);
        const char *lines = lines_of(file, ids);
        if (!(lines || (file->problem && named)) || (best && !named))
            continue;
        best = file;
        *id = lines;
        if (named)
            break;
    }
    return best;
}
