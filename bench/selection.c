/* selection.c - which recordings are measured, against which references.
 * SPDX-License-Identifier: MIT */
#include "selection.h"

#include "common/fail.h"
#include "hash.h"
#include "manifest.h"
#include "match.h"
#include "probe.h"
#include "text.h"
#include "uems.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static void free_file(struct bench_file *file) {
    free(file->file_id);
    free(file->audio);
    free(file->rttm);
    free(file->rttm_id);
    free(file->uem);
    free(file->uem_id);
    free(file->problem);
}

void bench_selection_free(struct bench_selection *selection) {
    if (!selection)
        return;
    for (size_t i = 0; i < selection->num_files; i++)
        free_file(&selection->files[i]);
    free(selection->files);
    json_decref(selection->manifest);
    free(selection);
}

/* ---- one file ------------------------------------------------------------------------------ */

struct span {
    int64_t start, end;  /* microseconds */
    const char *speaker; /* "": a region */
};

static int by_time(const void *a, const void *b) {
    const struct span *x = a, *y = b;
    if (x->start != y->start)
        return x->start < y->start ? -1 : 1;
    if (x->end != y->end)
        return x->end < y->end ? -1 : 1;
    return strcmp(x->speaker, y->speaker);
}

static int64_t microseconds(double seconds) {
    return llround(seconds * 1e6);
}

/* In an order that does not depend on that of the lines in a file. */
static void hash_spans(struct bench_hash *hash, struct span *spans, size_t num) {
    if (num)
        qsort(spans, num, sizeof *spans, by_time);
    for (size_t i = 0; i < num; i++)
        bench_hash_text(hash, "%lld %lld%s%s", (long long)spans[i].start, (long long)spans[i].end,
                        *spans[i].speaker ? " " : "", spans[i].speaker);
}

static int hash_reference(struct bench_hash *hash, const diarist_document *document,
                          size_t recording, diarist_error *err) {
    bool empty = !document || recording == SIZE_MAX;
    size_t num = empty ? 0 : diarist_document_num_turns(document, recording, DIARIST_OVERLAPPING);
    struct span *spans = calloc(num + 1, sizeof *spans);
    diarist_turn turn;
    if (!spans)
        return common_fail_memory(err);
    for (size_t i = 0; i < num; i++) {
        diarist_document_turn(document, recording, DIARIST_OVERLAPPING, i, &turn);
        spans[i] =
            (struct span){microseconds(turn.start), microseconds(turn.end),
                          diarist_document_speaker_name(document, recording, (size_t)turn.speaker)};
    }
    bench_hash_text(hash, "reference");
    hash_spans(hash, spans, num);
    free(spans);
    return DIARIST_OK;
}

static int hash_regions(struct bench_hash *hash, const diarist_uem *uem, const char *id,
                        diarist_error *err) {
    size_t num = 0;
    const diarist_region *regions = id ? diarist_uem_regions(uem, id, &num) : NULL;
    struct span *spans = calloc(num + 1, sizeof *spans);
    if (!spans)
        return common_fail_memory(err);
    for (size_t i = 0; i < num; i++)
        spans[i] = (struct span){microseconds(regions[i].start), microseconds(regions[i].end), ""};
    bench_hash_text(hash, id ? "uem" : "no uem");
    hash_spans(hash, spans, num);
    free(spans);
    return DIARIST_OK;
}

static int set_problem(struct bench_file *file, const char *what, const char *problem,
                       diarist_error *err) {
    if (file->problem || !problem)
        return DIARIST_OK;
    file->problem = bench_text_of("%s%s", what, problem);
    return file->problem ? DIARIST_OK : common_fail_memory(err);
}

/* Paths and ids. */
static int name_file(struct bench_file *file, const struct bench_dataset *dataset,
                     const struct bench_recording *recording, const char *rttm, const char *rttm_id,
                     diarist_error *err) {
    file->file_id = bench_text_of("%s", recording->id);
    file->audio = bench_text_of("%s/%s", dataset->audio_dir, recording->name);
    file->rttm = bench_text_of("%s", rttm);
    file->rttm_id = bench_text_of("%s", rttm_id);
    return file->file_id && file->audio && file->rttm && file->rttm_id ? DIARIST_OK
                                                                       : common_fail_memory(err);
}

static int add_uem(struct bench_file *file, struct bench_hash *hash, const struct bench_uems *uems,
                   diarist_error *err) {
    const char *id;
    const struct bench_uem_file *uem = bench_uems_find(&id, uems, file->file_id);
    if (!uem)
        uem = bench_uems_find(&id, uems, file->rttm_id);
    int status = hash_regions(hash, uem ? uem->uem : NULL, id, err);
    if (status || !uem)
        return status;
    if (uem->problem)
        return set_problem(file, "", uem->problem, err);
    file->uem = bench_text_of("%s", uem->path);
    file->uem_id = bench_text_of("%s", id);
    return file->uem && file->uem_id ? DIARIST_OK : common_fail_memory(err);
}

static int add_audio(struct bench_file *file, struct bench_hash *hash, diarist_error *err) {
    struct bench_probe probe;
    int status = bench_probe(&probe, file->audio, err);
    if (status)
        return status;
    file->duration_s = probe.duration_s;
    bench_hash_text(hash, "audio %llu %s", (unsigned long long)probe.num_bytes, probe.sha256);
    status = set_problem(file, "", probe.problem, err);
    free(probe.problem);
    return status;
}

static int fill_file(struct bench_file *file, struct bench_reference_facts *facts,
                     struct bench_hash *hash, const struct bench_dataset *dataset,
                     const struct bench_recording *recording,
                     const struct bench_references *references, const struct bench_uems *uems,
                     diarist_error *err) {
    const struct bench_reference *reference = &references->items[recording->reference];
    const struct bench_reference_file *of = &references->files[reference->file];
    int status = name_file(file, dataset, recording, of->path, reference->id, err);
    if (!status)
        status = bench_reference_facts(facts, references, reference, err);
    file->num_speakers = facts->num_speakers;
    if (!status)
        status = hash_reference(hash, of->document, reference->recording, err);
    if (!status)
        status = set_problem(file, "", of->problem, err);
    if (!status)
        status = add_uem(file, hash, uems, err);
    if (!status)
        status = add_audio(file, hash, err);
    if (!status && !facts->num_turns && !dataset->allow_empty)
        status = set_problem(file, bench_path_name(of->path),
                             ": has no turns; if nobody talks in it, say "
                             "allow_empty_references in the list of datasets",
                             err);
    return status;
}

/* ---- all of them --------------------------------------------------------------------------- */

struct maker {
    const struct bench_dataset *dataset;
    struct bench_recordings *recordings;
    struct bench_references *references;
    struct bench_uems *uems;
    struct bench_selection *selection;
    struct bench_reference_facts *facts; /* of each file */
};

static int read_folders(struct maker *maker, diarist_error *err) {
    struct bench_names ids = {0};
    int status = bench_recordings_list(&maker->recordings, maker->dataset->audio_dir, err);
    for (size_t i = 0; !status && i < maker->recordings->num; i++)
        status = bench_names_add(&ids, maker->recordings->items[i].id, err);
    if (!status)
        status = bench_references_read(&maker->references, maker->dataset->rttm_dir, &ids, err);
    if (!status)
        status = bench_uems_read(&maker->uems, maker->dataset->uem_dir, err);
    if (!status)
        status = bench_match(maker->recordings, maker->references, err);
    bench_names_free(&ids);
    return status;
}

/* The hash of the selection is made of those of its files. */
static int fill_files(struct maker *maker, size_t limit_files, diarist_error *err) {
    struct bench_selection *selection = maker->selection;
    const struct bench_recordings *recordings = maker->recordings;
    struct bench_hash *all = bench_hash_new();
    int status = all ? DIARIST_OK : common_fail_memory(err);
    if (all)
        bench_hash_text(all, "diarist selection 1");
    for (size_t i = 0; !status && i < recordings->num; i++) {
        const struct bench_recording *recording = &recordings->items[i];
        size_t k = selection->num_files;
        if (recording->reference == SIZE_MAX || (limit_files && k >= limit_files))
            continue;
        struct bench_hash *hash = bench_hash_new();
        if (!hash) {
            status = common_fail_memory(err);
            break;
        }
        selection->num_files++;
        status = fill_file(&selection->files[k], &maker->facts[k], hash, maker->dataset, recording,
                           maker->references, maker->uems, err);
        if (bench_hash_end(hash, selection->files[k].hash) && !status)
            status = common_fail_memory(err);
        bench_hash_text(all, "%s %s", recording->id, selection->files[k].hash);
    }
    if (bench_hash_end(all, selection->hash) && !status)
        status = common_fail_memory(err);
    return status;
}

int bench_select_any(struct bench_selection **out, const struct bench_dataset *dataset,
                     size_t limit_files, diarist_error *err) {
    struct maker maker = {.dataset = dataset};
    struct bench_selection *selection = calloc(1, sizeof *selection);
    maker.selection = selection;
    int status = selection ? read_folders(&maker, err) : common_fail_memory(err);
    *out = NULL;
    if (!status) {
        selection->files = calloc(maker.recordings->num + 1, sizeof *selection->files);
        maker.facts = calloc(maker.recordings->num + 1, sizeof *maker.facts);
        status = selection->files && maker.facts ? fill_files(&maker, limit_files, err)
                                                 : common_fail_memory(err);
    }
    if (!status)
        status = bench_manifest_make(selection, dataset, limit_files, maker.recordings,
                                     maker.references, maker.uems, maker.facts, err);
    bench_recordings_free(maker.recordings);
    bench_references_free(maker.references);
    bench_uems_free(maker.uems);
    free(maker.facts);
    if (status)
        bench_selection_free(selection);
    else
        *out = selection;
    return status;
}

int bench_select(struct bench_selection **out, const struct bench_dataset *dataset,
                 size_t limit_files, diarist_error *err) {
    int status = bench_select_any(out, dataset, limit_files, err);
    if (status || (*out)->num_files)
        return status;
    bench_selection_free(*out);
    *out = NULL;
    return common_fail(err, DIARIST_ERROR_INPUT,
                       "%s: no recording has a reference; see diarist bench datasets check %s",
                       dataset->id, dataset->id);
}
