/* readiness.c - the catalogue and what is in its datasets, as JSON.
 * SPDX-License-Identifier: MIT */
#include "common/fail.h"
#include "folder.h"
#include "json_out.h"
#include "manifest.h"

#include <string.h>

static json_t *dataset_json(const struct bench_dataset *dataset) {
    return json_pack("{s:s,s:s,s:s?,s:s,s:s,s:s?,s:b}", "dataset_id", dataset->id, "name",
                     dataset->name, "description", dataset->description, "audio_dir",
                     dataset->audio_dir, "rttm_dir", dataset->rttm_dir, "uem_dir", dataset->uem_dir,
                     "configured", 1);
}

static bool has_folders(const struct bench_dataset *dataset) {
    return bench_is_folder(dataset->audio_dir) && bench_is_folder(dataset->rttm_dir) &&
           (!dataset->uem_dir || bench_is_folder(dataset->uem_dir));
}

/* Whether anything lies in a folder; one that cannot be read counts as filled, and says so when it
 * is looked through. */
static bool is_filled(const char *folder) {
    struct bench_names names = {0};
    bool filled = bench_folder_names(&names, folder, NULL) || names.num;
    bench_names_free(&names);
    return filled;
}

static const char *state_of(const struct bench_dataset *dataset) {
    return !has_folders(dataset)                                           ? "not there"
           : is_filled(dataset->audio_dir) && is_filled(dataset->rttm_dir) ? "there"
                                                                           : "empty";
}

int diarist_bench_datasets(char **json, const diarist_bench_settings *settings,
                           diarist_error *err) {
    struct bench_catalogue *catalogue;
    int status = bench_catalogue_load(&catalogue, settings, err);
    *json = NULL;
    if (status)
        return status;
    json_t *list = json_array();
    for (size_t i = 0; i < catalogue->num; i++) {
        json_t *entry = dataset_json(&catalogue->datasets[i]);
        const char *state = state_of(&catalogue->datasets[i]);
        json_object_set_new(entry, "state", json_string(state));
        json_object_set_new(entry, "available", json_boolean(!strcmp(state, "there")));
        if (json_array_append_new(list, entry)) {
            json_decref(list);
            list = NULL;
            break;
        }
    }
    bench_catalogue_free(catalogue);
    return bench_json_out(json, list, err);
}

/* Why nothing of a dataset can be measured; NULL: it can. */
static const char *lacking(const struct bench_dataset *dataset, bool audio, bool rttm,
                           const struct bench_selection *selection) {
    bool uem = !dataset->uem_dir || bench_is_folder(dataset->uem_dir);
    return !audio && !rttm         ? "its folders are not there"
           : !audio                ? "its folder of recordings is not there"
           : !rttm                 ? "its folder of references is not there"
           : !uem                  ? "its folder of UEM files is not there"
           : !selection->num_files ? "no recording has a reference"
                                   : NULL;
}

int diarist_bench_dataset_check(char **json, const diarist_bench_settings *settings,
                                const char *dataset_id, diarist_error *err) {
    struct bench_catalogue *catalogue;
    const struct bench_dataset *dataset;
    struct bench_selection *selection = NULL;
    *json = NULL;
    int status = bench_catalogue_load(&catalogue, settings, err);
    if (status)
        return status;
    status = bench_catalogue_find(&dataset, catalogue, dataset_id, err);
    if (!status && has_folders(dataset))
        status = bench_select_any(&selection, dataset, 0, err);
    if (!status) {
        bool audio = bench_is_folder(dataset->audio_dir), rttm = bench_is_folder(dataset->rttm_dir);
        const char *problem = lacking(dataset, audio, rttm, selection);
        json_t *out = dataset_json(dataset);
        json_object_set_new(out, "audio", json_boolean(audio));
        json_object_set_new(out, "rttm", json_boolean(rttm));
        json_object_set_new(out, "ready", json_boolean(!problem));
        json_object_set_new(
            out, "complete",
            json_boolean(!problem && bench_manifest_is_complete(selection->manifest)));
        json_object_set_new(out, "problem", problem ? json_string(problem) : json_null());
        json_object_set(out, "manifest", selection ? selection->manifest : json_null());
        status = bench_json_out(json, out, err);
    }
    bench_selection_free(selection);
    bench_catalogue_free(catalogue);
    return status;
}
