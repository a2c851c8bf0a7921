/* dataset.c - the catalogue: a JSON list, or folders.
 * SPDX-License-Identifier: MIT
 *
 * [{"dataset_id", "name", "description", "audio_dir", "rttm_dir", "uem_dir",
 *   "allow_empty_references"}]                        relative paths: from the list's folder
 * ROOT/ID/audio, ROOT/ID/rttm, perhaps ROOT/ID/uem    any ID, and those of the Open Track */
#include "dataset.h"

#include "common/fail.h"
#include "files.h"
#include "folder.h"
#include "text.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_LIST_BYTES = 4 << 20 };

const struct bench_known bench_open_track[] = {
    {"aishell4", "AISHELL-4", "Mandarin meetings, test part, first channel of the array"},
    {"alimeeting_ch1", "AliMeeting", "Mandarin meetings, eval part, far field, first channel"},
    {"ami_ihm", "AMI, headsets", "English meetings, test part, mix of the headsets"},
    {"ami_sdm", "AMI, distant microphone", "English meetings, test part, one table microphone"},
    {"msdwild", "MSDWild", "everyday videos in many languages"},
    {"voxconverse", "VoxConverse", "debates and news from the web"},
};
const size_t bench_num_open_track = sizeof bench_open_track / sizeof bench_open_track[0];

bool bench_dataset_id_is_good(const char *id) {
    size_t n = strlen(id);
    if (n < 1 || n > 128 || id[0] == '.' || id[0] == '-')
        return false;
    for (const char *c = id; *c; c++)
        if ((unsigned char)*c <= ' ' || strchr("/\\:*?\"<>|\x7f", *c))
            return false;
    return bench_is_utf8(id);
}

static void free_dataset(struct bench_dataset *dataset) {
    free(dataset->id);
    free(dataset->name);
    free(dataset->description);
    free(dataset->audio_dir);
    free(dataset->rttm_dir);
    free(dataset->uem_dir);
}

void bench_catalogue_free(struct bench_catalogue *catalogue) {
    if (!catalogue)
        return;
    for (size_t i = 0; i < catalogue->num; i++)
        free_dataset(&catalogue->datasets[i]);
    free(catalogue->datasets);
    free(catalogue);
}

/* Every path of a dataset is in JSON sooner or later. */
static int check_path(const char *path, diarist_error *err) {
    if (!path)
        return common_fail_memory(err);
    return bench_is_utf8(path) ? DIARIST_OK
                               : common_fail(err, DIARIST_ERROR_INPUT,
                                             "%s: this path is not UTF-8; rename it", path);
}

static struct bench_dataset *append(struct bench_catalogue *catalogue) {
    size_t size = (catalogue->num + 1) * sizeof *catalogue->datasets;
    struct bench_dataset *datasets = realloc(catalogue->datasets, size);
    if (!datasets)
        return NULL;
    catalogue->datasets = datasets;
    datasets[catalogue->num] = (struct bench_dataset){0};
    return &datasets[catalogue->num++];
}

/* ---- a list -------------------------------------------------------------------------------- */

struct list {
    const char *path;
    char *folder; /* that relative paths are of */
    size_t entry; /* from 1 */
};

/* A text of an entry: DIARIST_OK with a copy, or NULL where it may be left out. */
static int take_text(char **out, const struct list *list, json_t *entry, const char *field,
                     bool needed, diarist_error *err) {
    json_t *value = json_object_get(entry, field);
    *out = NULL;
    if (!value || (json_is_null(value) && !needed))
        return !needed ? DIARIST_OK
                       : common_fail(err, DIARIST_ERROR_INPUT,
                                     "%s: entry %zu: %s is missing; give a text", list->path,
                                     list->entry, field);
    const char *text = json_string_value(value);
    if (!text || !*text)
        return common_fail(err, DIARIST_ERROR_INPUT, "%s: entry %zu: %s is %s; give a text",
                           list->path, list->entry, field, text ? "empty" : "no text");
    *out = bench_text_of("%s", text);
    return *out ? DIARIST_OK : common_fail_memory(err);
}

static int take_folder(char **out, const struct list *list, json_t *entry, const char *field,
                       bool needed, diarist_error *err) {
    char *given;
    int status = take_text(&given, list, entry, field, needed, err);
    *out = NULL;
    if (!status && given && !(*out = bench_path_from(list->folder, given)))
        status = common_fail_memory(err);
    free(given);
    return status;
}

static int check_fields(const struct list *list, json_t *entry, diarist_error *err) {
    static const char *const known[] = {
        "dataset_id", "name",    "description",           "audio_dir",
        "rttm_dir",   "uem_dir", "allow_empty_references"};
    const char *key;
    json_t *value;
    if (!json_is_object(entry))
        return common_fail(err, DIARIST_ERROR_INPUT,
                           "%s: entry %zu is no object; write {\"dataset_id\": ...}", list->path,
                           list->entry);
    json_object_foreach(entry, key, value) {
        bool found = false;
        for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
            found |= !strcmp(key, known[i]);
        if (!found)
            return common_fail(err, DIARIST_ERROR_INPUT,
                               "%s: entry %zu: %s is no field of a dataset; leave it out",
                               list->path, list->entry, key);
    }
    value = json_object_get(entry, "allow_empty_references");
    if (value && !json_is_boolean(value))
        return common_fail(err, DIARIST_ERROR_INPUT,
                           "%s: entry %zu: allow_empty_references is neither true nor false; "
                           "write one of them",
                           list->path, list->entry);
    return DIARIST_OK;
}

static int check_id(const struct bench_catalogue *catalogue, const struct list *list,
                    const char *id, diarist_error *err) {
    if (!bench_dataset_id_is_good(id))
        return common_fail(err, DIARIST_ERROR_INPUT,
                           "%s: entry %zu: dataset_id '%s' cannot name a folder; use letters, "
                           "digits, - and _",
                           list->path, list->entry, id);
    for (size_t i = 0; i + 1 < catalogue->num; i++)
        if (!strcmp(catalogue->datasets[i].id, id))
            return common_fail(
                err, DIARIST_ERROR_INPUT,
                "%s: entry %zu: dataset_id '%s' is that of entry %zu too; rename one", list->path,
                list->entry, id, i + 1);
    return DIARIST_OK;
}

static int take_entry(struct bench_catalogue *catalogue, const struct list *list, json_t *entry,
                      diarist_error *err) {
    int status = check_fields(list, entry, err);
    struct bench_dataset *dataset = status ? NULL : append(catalogue);
    if (!dataset)
        return status ? status : common_fail_memory(err);
    status = take_text(&dataset->id, list, entry, "dataset_id", true, err);
    if (!status)
        status = check_id(catalogue, list, dataset->id, err);
    if (!status)
        status = take_text(&dataset->name, list, entry, "name", false, err);
    if (!status && !dataset->name && !(dataset->name = bench_text_of("%s", dataset->id)))
        status = common_fail_memory(err);
    if (!status)
        status = take_text(&dataset->description, list, entry, "description", false, err);
    if (!status)
        status = take_folder(&dataset->audio_dir, list, entry, "audio_dir", true, err);
    if (!status)
        status = take_folder(&dataset->rttm_dir, list, entry, "rttm_dir", true, err);
    if (!status)
        status = take_folder(&dataset->uem_dir, list, entry, "uem_dir", false, err);
    dataset->allow_empty = json_is_true(json_object_get(entry, "allow_empty_references"));
    return status;
}

static int load_list(struct bench_catalogue *catalogue, const char *path, diarist_error *err) {
    struct list list = {.path = path, .folder = bench_path_folder(path)};
    char *text = NULL;
    size_t size = 0;
    json_error_t wrong;
    json_t *entries = NULL;
    int status = check_path(list.folder, err);
    if (!status)
        status = bench_file_read(&text, &size, path, MAX_LIST_BYTES, err);
    if (!status && !(entries = json_loadb(text, size, JSON_REJECT_DUPLICATES, &wrong)))
        status = common_fail(err, DIARIST_ERROR_INPUT, "%s: line %d: no JSON: %s; correct it", path,
                             wrong.line, wrong.text);
    else if (!status && !json_is_array(entries))
        status = common_fail(err, DIARIST_ERROR_INPUT, "%s: is no list; write [{...}, ...]", path);
    for (size_t i = 0; !status && i < json_array_size(entries); i++) {
        list.entry = i + 1;
        status = take_entry(catalogue, &list, json_array_get(entries, i), err);
    }
    json_decref(entries);
    free(text);
    free(list.folder);
    return status;
}

/* ---- folders ------------------------------------------------------------------------------- */

static const struct bench_known *known(const char *id) {
    for (size_t i = 0; i < bench_num_open_track; i++)
        if (!strcmp(bench_open_track[i].id, id))
            return &bench_open_track[i];
    return NULL;
}

static int add_folder(struct bench_catalogue *catalogue, const char *root, const char *id,
                      diarist_error *err) {
    const struct bench_known *open_track = known(id);
    struct bench_dataset *dataset = append(catalogue);
    if (!dataset)
        return common_fail_memory(err);
    dataset->id = bench_text_of("%s", id);
    dataset->name = bench_text_of("%s", open_track ? open_track->name : id);
    dataset->description = open_track ? bench_text_of("%s", open_track->description) : NULL;
    dataset->audio_dir = bench_text_of("%s/%s/audio", root, id);
    dataset->rttm_dir = bench_text_of("%s/%s/rttm", root, id);
    dataset->uem_dir = bench_text_of("%s/%s/uem", root, id);
    if (!dataset->id || !dataset->name || (open_track && !dataset->description) ||
        !dataset->audio_dir || !dataset->rttm_dir || !dataset->uem_dir)
        return common_fail_memory(err);
    if (!bench_is_folder(dataset->uem_dir)) {
        free(dataset->uem_dir);
        dataset->uem_dir = NULL;
    }
    return DIARIST_OK;
}

static bool is_dataset(const char *root, const char *id) {
    char *audio = bench_text_of("%s/%s/audio", root, id);
    char *rttm = bench_text_of("%s/%s/rttm", root, id);
    bool is = audio && rttm && (bench_is_folder(audio) || bench_is_folder(rttm));
    free(audio);
    free(rttm);
    return is && bench_dataset_id_is_good(id);
}

static int by_id(const void *a, const void *b) {
    const struct bench_dataset *x = a, *y = b;
    return strcmp(x->id, y->id);
}

static int load_folders(struct bench_catalogue *catalogue, const char *given, diarist_error *err) {
    struct bench_names names = {0};
    char *root = bench_path_from(NULL, given);
    int status = check_path(root, err);
    if (!status && bench_is_folder(root))
        status = bench_folder_names(&names, root, err);
    for (size_t i = 0; !status && i < names.num; i++)
        if (!known(names.names[i]) && is_dataset(root, names.names[i]))
            status = add_folder(catalogue, root, names.names[i], err);
    for (size_t i = 0; !status && i < bench_num_open_track; i++)
        status = add_folder(catalogue, root, bench_open_track[i].id, err);
    if (!status)
        qsort(catalogue->datasets, catalogue->num, sizeof *catalogue->datasets, by_id);
    bench_names_free(&names);
    free(root);
    return status;
}

/* -------------------------------------------------------------------------------------------- */

int bench_catalogue_load(struct bench_catalogue **out, const diarist_bench_settings *settings,
                         diarist_error *err) {
    struct bench_catalogue *catalogue = calloc(1, sizeof *catalogue);
    int status;
    *out = NULL;
    if (!catalogue)
        return common_fail_memory(err);
    status = settings->datasets_file ? load_list(catalogue, settings->datasets_file, err)
                                     : load_folders(catalogue, settings->datasets_root, err);
    if (status)
        bench_catalogue_free(catalogue);
    else
        *out = catalogue;
    return status;
}

int bench_catalogue_find(const struct bench_dataset **out, const struct bench_catalogue *catalogue,
                         const char *id, diarist_error *err) {
    struct bench_text ids = {0};
    for (size_t i = 0; i < catalogue->num; i++) {
        if (!strcmp(catalogue->datasets[i].id, id)) {
            *out = &catalogue->datasets[i];
            bench_text_free(&ids);
            return DIARIST_OK;
        }
        bench_text_add(&ids, "%s%s", i ? ", " : "", catalogue->datasets[i].id);
    }
    int status =
        common_fail(err, DIARIST_ERROR_ARGUMENT, "%s: there is no such dataset; there are: %s", id,
                    ids.bytes ? ids.bytes : "none");
    bench_text_free(&ids);
    return status;
}
