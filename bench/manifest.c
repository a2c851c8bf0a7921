/* manifest.c - what a selection is made of, for the report.
 * SPDX-License-Identifier: MIT
 *
 * {"dataset_id", "name", "description", "selection_hash", "limit_files",
 *  "stats": {...}, "matching": {counts, and a list for each thing that does not fit},
 *  "files": [...]}                     schema: docs/schema/dataset_manifest.schema.json */
#include "manifest.h"

#include "common/fail.h"
#include "json_out.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* Of a recording's end and the last turn's: references are rounded, and frames padded. */
static const double REFERENCE_TOLERANCE_S = 1.0;

/* {"file_id" or "file": name, "problem": line} */
static json_t *problem_json(const char *key, const char *name, const char *problem) {
    return json_pack("{s:o,s:o}", key, bench_json_text(name), "problem", bench_json_text(problem));
}

/* ---- statistics ---------------------------------------------------------------------------- */

static int by_number(const void *a, const void *b) {
    size_t x = *(const size_t *)a, y = *(const size_t *)b;
    return (x > y) - (x < y);
}

/* {"2": 5, "3": 1}: files by their number of speakers. */
static json_t *histogram(const size_t *sorted, size_t num) {
    json_t *out = json_object();
    for (size_t i = 0, next; i < num; i = next) {
        char key[24];
        for (next = i; next < num && sorted[next] == sorted[i]; next++) {
        }
        snprintf(key, sizeof key, "%zu", sorted[i]);
        json_object_set_new(out, key, json_integer((json_int_t)(next - i)));
    }
    return out;
}

static json_t *speakers_json(const struct bench_selection *selection) {
    size_t num = selection->num_files, sum = 0;
    size_t *counts = calloc(num + 1, sizeof *counts);
    if (!counts)
        return NULL;
    for (size_t i = 0; i < num; i++)
        sum += counts[i] = selection->files[i].num_speakers;
    qsort(counts, num, sizeof *counts, by_number);
    json_t *out = num ? json_pack("{s:I,s:f,s:I,s:o}", "min", (json_int_t)counts[0], "mean",
                                  (double)sum / (double)num, "max", (json_int_t)counts[num - 1],
                                  "histogram", histogram(counts, num))
                      : json_pack("{s:n,s:n,s:n,s:{}}", "min", "mean", "max", "histogram");
    free(counts);
    return out;
}

static json_t *stats_json(const struct bench_selection *selection,
                          const struct bench_reference_facts *facts) {
    double duration_s = 0, speech_s = 0, overlap_s = 0;
    size_t num_turns = 0;
    for (size_t i = 0; i < selection->num_files; i++) {
        duration_s += selection->files[i].duration_s;
        speech_s += facts[i].speech_s;
        overlap_s += facts[i].overlap_s;
        num_turns += facts[i].num_turns;
    }
    return json_pack("{s:I,s:f,s:f,s:I,s:f,s:o,s:o}", "num_files", (json_int_t)selection->num_files,
                     "duration_s", duration_s, "hours", duration_s / 3600, "num_turns",
                     (json_int_t)num_turns, "speech_s", speech_s, "overlap_share",
                     speech_s > 0 ? json_real(overlap_s / speech_s) : json_null(), "speakers",
                     speakers_json(selection));
}

/* ---- what does not fit --------------------------------------------------------------------- */

static json_t *recordings_json(const struct bench_recordings *recordings, bool duplicate) {
    json_t *out = json_array();
    for (size_t i = 0; i < recordings->num; i++) {
        const struct bench_recording *item = &recordings->items[i];
        if (item->reference == SIZE_MAX && item->duplicate == duplicate)
            json_array_append_new(out, bench_json_text(item->name));
    }
    return out;
}

static bool has_reference(const struct bench_recordings *recordings, const char *id) {
    size_t found = bench_recordings_find(recordings, id);
    return found != SIZE_MAX && recordings->items[found].reference != SIZE_MAX;
}

/* References that no recording has: second ones of a recording, or those of none. */
static json_t *references_json(const struct bench_recordings *recordings,
                               const struct bench_references *references, bool duplicate) {
    json_t *out = json_array();
    for (size_t i = 0; i < references->num; i++) {
        const struct bench_reference *item = &references->items[i];
        const char *name = bench_path_name(references->files[item->file].path);
        if (item->taken || has_reference(recordings, item->id) != duplicate)
            continue;
        json_array_append_new(out, json_pack("{s:o,s:o}", "file", bench_json_text(name), "file_id",
                                             bench_json_text(item->id)));
    }
    return out;
}

static json_t *unreadable_references_json(const struct bench_references *references) {
    json_t *out = json_array();
    for (size_t i = 0; i < references->num_files; i++)
        if (references->files[i].problem)
            json_array_append_new(out,
                                  problem_json("file", bench_path_name(references->files[i].path),
                                               references->files[i].problem));
    return out;
}

static json_t *unreadable_uems_json(const struct bench_uems *uems) {
    json_t *out = json_array();
    for (size_t i = 0; i < uems->num; i++)
        if (uems->files[i].problem)
            json_array_append_new(out, problem_json("file", bench_path_name(uems->files[i].path),
                                                    uems->files[i].problem));
    return out;
}

static json_t *unreadable_audio_json(const struct bench_selection *selection,
                                     const struct bench_recordings *recordings) {
    json_t *out = json_array();
    for (size_t i = 0; i < selection->num_files; i++)
        if (selection->files[i].duration_s <= 0)
            json_array_append_new(out,
                                  problem_json("file", bench_path_name(selection->files[i].audio),
                                               selection->files[i].problem));
    for (size_t i = 0; i < recordings->bad_names.num; i++)
        json_array_append_new(out, problem_json("file", recordings->bad_names.names[i],
                                                "its name is not UTF-8; rename it"));
    return out;
}

enum fit { EMPTY, TOO_LONG, WITHOUT_UEM };

/* Ids of selected files of which that is true. */
static json_t *ids_json(const struct bench_selection *selection,
                        const struct bench_reference_facts *facts, enum fit fit) {
    json_t *out = json_array();
    for (size_t i = 0; i < selection->num_files; i++) {
        const struct bench_file *file = &selection->files[i];
        bool empty = !facts[i].num_turns;
        bool too_long =
            file->duration_s > 0 && facts[i].end_s > file->duration_s + REFERENCE_TOLERANCE_S;
        if ((fit == EMPTY && empty) || (fit == TOO_LONG && too_long) ||
            (fit == WITHOUT_UEM && !file->uem))
            json_array_append_new(out, bench_json_text(file->file_id));
    }
    return out;
}

static json_t *names_json(const struct bench_names *names) {
    json_t *out = json_array();
    for (size_t i = 0; i < names->num; i++)
        json_array_append_new(out, bench_json_text(names->names[i]));
    return out;
}

static size_t num_matched(const struct bench_recordings *recordings) {
    size_t num = 0;
    for (size_t i = 0; i < recordings->num; i++)
        num += recordings->items[i].reference != SIZE_MAX;
    return num;
}

static json_t *
matching_json(const struct bench_selection *selection, const struct bench_dataset *dataset,
              const struct bench_recordings *recordings, const struct bench_references *references,
              const struct bench_uems *uems, const struct bench_reference_facts *facts) {
    return json_pack(
        "{s:I,s:I,s:I,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:b}", /**/
        "audio_files", (json_int_t)(recordings->num + recordings->bad_names.num), "references",
        (json_int_t)references->num, "matched", (json_int_t)num_matched(recordings),
        "audio_without_reference", recordings_json(recordings, false), "duplicate_audio",
        recordings_json(recordings, true), "reference_without_audio",
        references_json(recordings, references, false), "duplicate_references",
        references_json(recordings, references, true), "unreadable_audio",
        unreadable_audio_json(selection, recordings), "unreadable_references",
        unreadable_references_json(references), "unreadable_uem", unreadable_uems_json(uems),
        "empty_references", ids_json(selection, facts, EMPTY), "reference_longer_than_audio",
        ids_json(selection, facts, TOO_LONG), "without_uem",
        dataset->uem_dir ? ids_json(selection, facts, WITHOUT_UEM) : json_array(), "other_versions",
        names_json(&references->variants), "allow_empty_references", dataset->allow_empty);
}

/* -------------------------------------------------------------------------------------------- */

static json_t *files_json(const struct bench_selection *selection) {
    json_t *out = json_array();
    for (size_t i = 0; i < selection->num_files; i++) {
        const struct bench_file *file = &selection->files[i];
        json_array_append_new(
            out,
            json_pack("{s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:I,s:s,s:o}", "file_id",
                      bench_json_text(file->file_id), "audio", bench_json_text(file->audio), "rttm",
                      bench_json_text(file->rttm), "rttm_id", bench_json_text(file->rttm_id), "uem",
                      bench_json_text(file->uem), "uem_id", bench_json_text(file->uem_id),
                      "duration", file->duration_s > 0 ? json_real(file->duration_s) : json_null(),
                      "num_speakers", (json_int_t)file->num_speakers, "hash", file->hash, "problem",
                      bench_json_text(file->problem)));
    }
    return out;
}

int bench_manifest_make(struct bench_selection *selection, const struct bench_dataset *dataset,
                        size_t limit_files, const struct bench_recordings *recordings,
                        const struct bench_references *references, const struct bench_uems *uems,
                        const struct bench_reference_facts *facts, diarist_error *err) {
    selection->manifest =
        json_pack("{s:o,s:o,s:o,s:s,s:o,s:o,s:o,s:o}", "dataset_id", bench_json_text(dataset->id),
                  "name", bench_json_text(dataset->name), "description",
                  bench_json_text(dataset->description), "selection_hash", selection->hash,
                  "limit_files", limit_files ? json_integer((json_int_t)limit_files) : json_null(),
                  "stats", stats_json(selection, facts), "matching",
                  matching_json(selection, dataset, recordings, references, uems, facts), "files",
                  files_json(selection));
    return selection->manifest ? DIARIST_OK : common_fail_memory(err);
}

bool bench_manifest_is_complete(const json_t *manifest) {
    static const char *const lists[] = {
        "audio_without_reference", "duplicate_audio",  "reference_without_audio",
        "duplicate_references",    "unreadable_audio", "unreadable_references",
        "unreadable_uem",          "empty_references", "reference_longer_than_audio"};
    const json_t *matching = json_object_get(manifest, "matching");
    bool empty_is_meant = json_is_true(json_object_get(matching, "allow_empty_references"));
    for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++)
        if (json_array_size(json_object_get(matching, lists[i])) &&
            !(empty_is_meant && !strcmp(lists[i], "empty_references")))
            return false;
    return true;
}
