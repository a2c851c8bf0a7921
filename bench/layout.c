/* layout.c - folders of a dataset that are made: the layout of the Open Track, links to folders.
 * SPDX-License-Identifier: MIT */
#include "layout.h"

#include "dataset.h"
#include "common/fail.h"
#include "files.h"
#include "folder.h"
#include "json_out.h"
#include "text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int bench_layout_folder(char **folder, const diarist_bench_settings *settings, const char *id,
                        diarist_error *err) {
    *folder = NULL;
    if (!bench_dataset_id_is_good(id))
        return common_fail(err, DIARIST_ERROR_ARGUMENT,
                           "'%s' cannot name a dataset; use letters, digits, - and _", id);
    char *root = bench_path_from(NULL, settings->datasets_root);
    *folder = root ? bench_text_of("%s/%s", root, id) : NULL;
    free(root);
    int status = *folder ? DIARIST_OK : common_fail_memory(err);
    if (!status && !bench_is_utf8(*folder))
        status =
            common_fail(err, DIARIST_ERROR_INPUT, "%s: this path is not UTF-8; rename it", *folder);
    if (!status)
        status = bench_make_directories(*folder, err);
    if (status) {
        free(*folder);
        *folder = NULL;
    }
    return status;
}

int bench_layout_make_room(const char *folder, const char *part, diarist_error *err) {
    struct stat st;
    char *path = bench_text_of("%s/%s", folder, part);
    if (!path)
        return common_fail_memory(err);
    int status = DIARIST_OK;
    if (!lstat(path, &st) && (!S_ISDIR(st.st_mode) || rmdir(path)))
        status = common_fail(err, DIARIST_ERROR_INPUT,
                             "%s: is there already and holds something; move it away first", path);
    free(path);
    return status;
}

/* ---- init ---------------------------------------------------------------------------------- */

static int init_one(bool *made, const diarist_bench_settings *settings, const char *id,
                    diarist_error *err) {
    static const char *const parts[] = {"audio", "rttm"};
    char *folder;
    int status = bench_layout_folder(&folder, settings, id, err);
    *made = false;
    for (size_t i = 0; !status && i < 2; i++) {
        char *path = bench_text_of("%s/%s", folder, parts[i]);
        *made |= path && !bench_is_folder(path);
        status = path ? bench_make_directories(path, err) : common_fail_memory(err);
        free(path);
    }
    free(folder);
    return status;
}

int diarist_bench_datasets_init(char **json, const diarist_bench_settings *settings,
                                diarist_error *err) {
    json_t *made = json_array(), *there = json_array();
    int status = made && there ? DIARIST_OK : common_fail_memory(err);
    *json = NULL;
    for (size_t i = 0; !status && i < bench_num_open_track; i++) {
        bool is_new;
        status = init_one(&is_new, settings, bench_open_track[i].id, err);
        if (!status &&
            json_array_append_new(is_new ? made : there, json_string(bench_open_track[i].id)))
            status = common_fail_memory(err);
    }
    char *root = bench_path_from(NULL, settings->datasets_root);
    if (!status)
        status = bench_json_out(
            json,
            json_pack("{s:s,s:O,s:O}", "root", root ? root : "", "made", made, "there", there),
            err);
    free(root);
    json_decref(made);
    json_decref(there);
    return status;
}

/* ---- bind ---------------------------------------------------------------------------------- */

enum { NUM_PARTS = 3 };
static const char *const part_names[NUM_PARTS] = {"audio", "rttm", "uem"};

static int check_targets(char *targets[NUM_PARTS], const char *const given[NUM_PARTS],
                         diarist_error *err) {
    int status = DIARIST_OK;
    for (int i = 0; !status && i < NUM_PARTS; i++) {
        if (!given[i])
            continue;
        if (!bench_is_folder(given[i]))
            status = common_fail(err, DIARIST_ERROR_INPUT,
                                 "%s: is no folder that is there; give the folder of the %s files",
                                 given[i], part_names[i]);
        else if (!(targets[i] = realpath(given[i], NULL)))
            status =
                common_fail(err, DIARIST_ERROR_INPUT, "%s: cannot be followed: %s; give another",
                            given[i], strerror(errno));
    }
    return status;
}

static int link_part(const char *folder, const char *part, const char *target, diarist_error *err) {
    char *path = bench_text_of("%s/%s", folder, part);
    int status = path ? DIARIST_OK : common_fail_memory(err);
    if (!status && symlink(target, path))
        status = common_fail(err, DIARIST_ERROR_OUTPUT,
                             "%s: cannot be made a link: %s; choose another place", path,
                             strerror(errno));
    free(path);
    return status;
}

static void unlink_part(const char *folder, const char *part) {
    char *path = bench_text_of("%s/%s", folder, part);
    if (path)
        unlink(path);
    free(path);
}

int diarist_bench_dataset_bind(const diarist_bench_settings *settings, const char *dataset_id,
                               const char *audio, const char *rttm, const char *uem,
                               diarist_error *err) {
    const char *const given[NUM_PARTS] = {audio, rttm, uem};
    char *targets[NUM_PARTS] = {NULL}, *folder = NULL;
    int status = check_targets(targets, given, err), num_linked = 0;
    if (!status)
        status = bench_layout_folder(&folder, settings, dataset_id, err);
    for (int i = 0; !status && i < NUM_PARTS; i++)
        status = bench_layout_make_room(folder, part_names[i], err);
    for (; !status && num_linked < NUM_PARTS; num_linked++)
        if (targets[num_linked])
            status = link_part(folder, part_names[num_linked], targets[num_linked], err);
    for (int i = 0; status && i + 1 < num_linked; i++)
        if (targets[i])
            unlink_part(folder, part_names[i]);
    for (int i = 0; i < NUM_PARTS; i++)
        free(targets[i]);
    free(folder);
    return status;
}
