/* prepare.c - corpora as their authors publish them -> audio/, rttm/.
 * SPDX-License-Identifier: MIT
 *
 * sources -> raw/audio, raw/references -> audio/ID.*, rttm/ID.rttm -> the dataset's folders
 * Everything is made in ROOT/ID/.preparing and renamed into place when it is complete. */
#include "corpora.h"
#include "common/fail.h"
#include "files.h"
#include "folder.h"
#include "json_out.h"
#include "layout.h"
#include "match.h"
#include "source.h"
#include "text.h"
#include "wav.h"

#include <diarist/io.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

static const uint64_t MAX_AUDIO_BYTES = (uint64_t)16 << 30, MAX_REFERENCE_BYTES = 64 << 20;

enum { RAW_AUDIO, RAW_REFERENCES, AUDIO, RTTM, NUM_FOLDERS };
static const char *const folder_names[NUM_FOLDERS] = {"raw_audio", "raw_references", "audio",
                                                      "rttm"};

struct work {
    const struct bench_corpus *corpus;
    char *dataset; /* ROOT/ID */
    char *place;   /* ROOT/ID/.preparing */
    char *folders[NUM_FOLDERS];
    int lock;
    struct bench_names skipped; /* "NAME: reason" */
    size_t num_audio, num_references;
};

static int skip(struct work *work, const char *name, const char *reason, diarist_error *err) {
    char *text = bench_text_of("%s: %s", name, reason);
    int status = text ? bench_names_add(&work->skipped, text, err) : common_fail_memory(err);
    free(text);
    return status;
}

/* ---- the place ----------------------------------------------------------------------------- */

/* Removes a folder of plain files. */
static void remove_folder(const char *path) {
    struct bench_names names = {0};
    if (!bench_folder_names(&names, path, NULL))
        for (size_t i = 0; i < names.num; i++) {
            char *file = bench_text_of("%s/%s", path, names.names[i]);
            if (file)
                unlink(file);
            free(file);
        }
    bench_names_free(&names);
    rmdir(path);
}

static void remove_place(const struct work *work) {
    for (int i = 0; i < NUM_FOLDERS; i++)
        if (work->folders[i])
            remove_folder(work->folders[i]);
    if (work->place)
        rmdir(work->place);
}

/* One at a time: the lock is on the dataset's folder. */
static int lock_dataset(struct work *work, diarist_error *err) {
    work->lock = open(work->dataset, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (work->lock < 0 || flock(work->lock, LOCK_EX | LOCK_NB))
        return common_fail(err, DIARIST_ERROR_OUTPUT,
                           "%s: cannot be worked in: %s; wait for whoever prepares it",
                           work->dataset, strerror(errno));
    return DIARIST_OK;
}

static int open_place(struct work *work, const diarist_bench_settings *settings,
                      diarist_error *err) {
    int status = bench_layout_folder(&work->dataset, settings, work->corpus->dataset_id, err);
    if (!status)
        status = lock_dataset(work, err);
    if (!status)
        status = bench_layout_make_room(work->dataset, "audio", err);
    if (!status)
        status = bench_layout_make_room(work->dataset, "rttm", err);
    if (!status && !(work->place = bench_text_of("%s/.preparing", work->dataset)))
        status = common_fail_memory(err);
    for (int i = 0; !status && i < NUM_FOLDERS; i++) {
        work->folders[i] = bench_text_of("%s/%s", work->place, folder_names[i]);
        if (!work->folders[i])
            return common_fail_memory(err);
        remove_folder(work->folders[i]); /* of one that was killed */
        status = bench_make_directories(work->folders[i], err);
    }
    return status;
}

/* ---- from the sources ---------------------------------------------------------------------- */

static int take(void *data, struct bench_entry *entry, diarist_error *err) {
    struct work *work = data;
    enum bench_corpus_kind kind = work->corpus->kind(entry->path);
    if (kind == BENCH_CORPUS_NOTHING)
        return DIARIST_OK;
    bool audio = kind == BENCH_CORPUS_AUDIO;
    const char *name = bench_path_name(entry->path);
    char *to = bench_text_of("%s/%s", work->folders[audio ? RAW_AUDIO : RAW_REFERENCES], name);
    int status = to ? DIARIST_OK : common_fail_memory(err);
    if (!status && bench_is_file(to))
        status = skip(work, entry->path, "another file of that name came first", err);
    else if (!status)
        status = bench_entry_save(entry, to, audio ? MAX_AUDIO_BYTES : MAX_REFERENCE_BYTES, err);
    free(to);
    return status;
}

/* ---- recordings ---------------------------------------------------------------------------- */

static int keep_audio(const char *from, const char *to, diarist_error *err) {
    if (!rename(from, to))
        return DIARIST_OK;
    return common_fail(err, DIARIST_ERROR_OUTPUT, "%s: cannot be renamed: %s; choose another place",
                       from, strerror(errno));
}

static int make_audio(struct work *work, const char *name, diarist_error *err) {
    const struct bench_corpus *corpus = work->corpus;
    diarist_error wrong = {0};
    size_t n = (size_t)(bench_extension(name) - name);
    char *stem = bench_text_of("%.*s", (int)n, name);
    if (stem && corpus->first_channel)
        stem[bench_id_without_channel(stem)] = 0;
    char *from = bench_text_of("%s/%s", work->folders[RAW_AUDIO], name);
    char *to = stem ? bench_text_of("%s/%s%s", work->folders[AUDIO], stem,
                                    corpus->first_channel ? ".wav" : bench_extension(name))
                    : NULL;
    int status = from && to ? DIARIST_OK : common_fail_memory(err);
    if (!status && bench_is_file(to)) {
        status = skip(work, name, "another channel of the recording came first", err);
    } else if (!status) {
        int failed = corpus->first_channel ? bench_wav_make_channel(to, from, 1, NULL, &wrong)
                                           : keep_audio(from, to, &wrong);
        if (failed == DIARIST_ERROR_INPUT)
            status = skip(work, name, wrong.message, err);
        else if (failed)
            status = common_fail(err, failed, "%s", wrong.message);
        work->num_audio += !failed;
    }
    if (from)
        unlink(from); /* the place is needed */
    free(to);
    free(from);
    free(stem);
    return status;
}

/* ---- references ---------------------------------------------------------------------------- */

/* As RTTM under the name of the recording that it is of, where it is one. */
static int convert(const char *from, const char *to, const char *stem, bool is_rttm,
                   diarist_error *err) {
    diarist_document *document;
    int status = diarist_document_read(&document, from, is_rttm ? "rttm" : "textgrid", err);
    if (status)
        return status;
    if (!is_rttm && diarist_document_num_recordings(document) == 1)
        status = diarist_document_rename(document, 0, stem, err);
    if (!status)
        status = diarist_document_write(document, to, "rttm", NULL, err);
    diarist_document_free(document);
    return status;
}

static int make_reference(struct work *work, const char *name, diarist_error *err) {
    diarist_error wrong = {0};
    char *stem = bench_text_of("%.*s", (int)(bench_extension(name) - name), name);
    char *from = bench_text_of("%s/%s", work->folders[RAW_REFERENCES], name);
    char *to = stem ? bench_text_of("%s/%s.rttm", work->folders[RTTM], stem) : NULL;
    int status = from && to ? DIARIST_OK : common_fail_memory(err);
    /* What the authors made themselves goes first: .rttm is made before .TextGrid. */
    if (!status && !bench_is_file(to)) {
        int failed = convert(from, to, stem, bench_has_extension(name, "rttm"), &wrong);
        if (failed == DIARIST_ERROR_INPUT)
            status = skip(work, name, wrong.message, err);
        else if (failed)
            status = common_fail(err, failed, "%s", wrong.message);
        work->num_references += !failed;
    }
    free(to);
    free(from);
    free(stem);
    return status;
}

/* -------------------------------------------------------------------------------------------- */

static int make_all(struct work *work, diarist_error *err) {
    struct bench_names audio = {0}, references = {0};
    int status = bench_folder_names(&audio, work->folders[RAW_AUDIO], err);
    if (!status)
        status = bench_folder_names(&references, work->folders[RAW_REFERENCES], err);
    for (size_t i = 0; !status && i < audio.num; i++)
        status = make_audio(work, audio.names[i], err);
    for (int rttm = 1; rttm >= 0; rttm--)
        for (size_t i = 0; !status && i < references.num; i++)
            if (bench_has_extension(references.names[i], "rttm") == (bool)rttm)
                status = make_reference(work, references.names[i], err);
    bench_names_free(&audio);
    bench_names_free(&references);
    if (!status && (!work->num_audio || !work->num_references))
        status = common_fail(err, DIARIST_ERROR_INPUT,
                             "%zu recordings and %zu references of %s were found there; give %s",
                             work->num_audio, work->num_references, work->corpus->name,
                             work->corpus->looks_like);
    return status;
}

static int move_in(const struct work *work, diarist_error *err) {
    int status = DIARIST_OK;
    for (int i = AUDIO; i <= RTTM && !status; i++) {
        char *to = bench_text_of("%s/%s", work->dataset, folder_names[i]);
        if (!to)
            status = common_fail_memory(err);
        else if (rename(work->folders[i], to))
            status =
                common_fail(err, DIARIST_ERROR_OUTPUT,
                            "%s: cannot be renamed: %s; choose another place", to, strerror(errno));
        free(to);
    }
    return status;
}

static int write_summary(char **json, const struct work *work, diarist_error *err) {
    json_t *skipped = json_array();
    for (size_t i = 0; i < work->skipped.num; i++)
        json_array_append_new(skipped, bench_json_text(work->skipped.names[i]));
    return bench_json_out(json,
                          json_pack("{s:s,s:s,s:I,s:I,s:o}", "dataset_id", work->corpus->dataset_id,
                                    "folder", work->dataset, "audio", (json_int_t)work->num_audio,
                                    "references", (json_int_t)work->num_references, "skipped",
                                    skipped),
                          err);
}

int diarist_bench_dataset_prepare(char **json, const diarist_bench_settings *settings,
                                  const char *corpus, const char *const *sources,
                                  size_t num_sources, diarist_error *err) {
    struct work work = {.corpus = bench_corpus_find(corpus), .lock = -1};
    *json = NULL;
    if (!work.corpus)
        return common_fail(err, DIARIST_ERROR_ARGUMENT,
                           "%s: no corpus that can be prepared; there are: aishell4, alimeeting, "
                           "voxconverse",
                           corpus);
    int status = open_place(&work, settings, err);
    for (size_t i = 0; !status && i < num_sources; i++)
        status = bench_source_walk(sources[i], take, &work, &work.skipped, err);
    if (!status)
        status = make_all(&work, err);
    if (!status)
        status = move_in(&work, err);
    if (!status)
        status = write_summary(json, &work, err);
    remove_place(&work);
    if (work.lock >= 0)
        close(work.lock);
    for (int i = 0; i < NUM_FOLDERS; i++)
        free(work.folders[i]);
    free(work.place);
    free(work.dataset);
    bench_names_free(&work.skipped);
    return status;
}
