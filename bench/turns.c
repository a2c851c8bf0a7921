/* turns.c - what a system said about a recording.
 * SPDX-License-Identifier: MIT */
#include "turns.h"

#include "common/fail.h"
#include "files.h"
#include "folder.h"
#include "rows.h"
#include "text.h"

#include "diarist/score.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- keeping ------------------------------------------------------------------------------ */

/* A name without white space. */
static void add_name(struct bench_text *text, const char *name) {
    for (const char *c = name; *c; c++)
        bench_text_add(text, "%c", (unsigned char)*c <= ' ' ? '_' : *c);
}

/* Microseconds: what the system said must not be rounded into another score. */
static int write_rttm(const char *rttm, const diarist_document *document, const char *file_id,
                      diarist_error *err) {
    struct bench_text text = {0};
    diarist_turn turn;
    for (size_t i = 0; diarist_document_num_recordings(document) > 0 &&
                       !diarist_document_turn(document, 0, DIARIST_OVERLAPPING, i, &turn);
         i++) {
        bench_text_add(&text, "SPEAKER ");
        add_name(&text, file_id);
        bench_text_add(&text, " 1 %.6f %.6f <NA> <NA> ", turn.start, turn.end - turn.start);
        add_name(&text, diarist_document_speaker_name(document, 0, (size_t)turn.speaker));
        bench_text_add(&text, " <NA> <NA>\n");
    }
    int status = text.failed ? common_fail_memory(err)
                             : bench_file_write(rttm, text.bytes ? text.bytes : "", text.size, err);
    bench_text_free(&text);
    return status;
}

/* Whether turns are of the recording by name: its own, or one that they have from a file. */
static bool is_of(const char *id, const struct bench_file *file, const char *said,
                  const char *wav) {
    size_t n = strlen(id);
    const char *paths[] = {said, wav, file->audio};
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
        const char *name = bench_path_name(paths[i]);
        if (!strncmp(name, id, n) && (!name[n] || name[n] == '.'))
            return true;
    }
    return !strcmp(id, file->file_id) || !strcmp(id, file->rttm_id);
}

int bench_turns_take(char note[240], const char *rttm, const char *said,
                     const struct bench_file *file, const char *wav, diarist_error *err) {
    diarist_document *document = NULL;
    diarist_error wrong;
    char *text;
    size_t size = 0;
    struct stat info;
    note[0] = 0;
    if (lstat(said, &info))
        return common_fail(err, DIARIST_ERROR_INPUT,
                           "left no output; the command must write {out}, or print the turns");
    if (!S_ISREG(info.st_mode)) /* nor a link */
        return common_fail(err, DIARIST_ERROR_INPUT,
                           "its output is no regular file; the command must write {out}");
    if (bench_file_read(&text, &size, said, (size_t)1 << 30, &wrong))
        return common_fail(err, DIARIST_ERROR_INPUT, "its output cannot be read: %.180s",
                           wrong.message);
    bool blank = strspn(text, " \t\r\n") == size;
    free(text);
    int status = DIARIST_OK;
    /* An empty file is a diarization in which nobody talks. */
    if (!blank && diarist_document_read(&document, said, NULL, &wrong)) {
        const char *what = strstr(wrong.message, said);
        what = what ? what + strlen(said) : wrong.message;
        status = common_fail(err, DIARIST_ERROR_INPUT, "its output is no diarization%s%.*s",
                             *what == ':' ? "" : ": ", (int)strcspn(what, ";"), what);
    }
    if (!status && document && diarist_document_num_recordings(document) > 1)
        status = common_fail(err, DIARIST_ERROR_INPUT,
                             "its output is of %zu recordings; it must be of one",
                             diarist_document_num_recordings(document));
    if (!status && document && diarist_document_num_recordings(document)) {
        const char *id = diarist_document_recording_id(document, 0);
        if (!is_of(id, file, said, wav))
            snprintf(note, 240, "its turns are of '%.80s'; taken as those of '%.80s'", id,
                     file->file_id);
    }
    if (!status && document)
        status = write_rttm(rttm, document, file->file_id, err);
    else if (!status)
        status = bench_file_write(rttm, "", 0, err);
    diarist_document_free(document);
    unlink(said);
    return status;
}

/* ---- scoring ------------------------------------------------------------------------------ */

struct sides {
    diarist_document *reference, *hypothesis; /* NULL: nobody talks */
    size_t reference_recording;
    diarist_uem *uem; /* NULL: from the first start to the last end */
    const diarist_region *regions;
    size_t num_regions;
};

static void close_sides(struct sides *sides) {
    diarist_document_free(sides->reference);
    diarist_document_free(sides->hypothesis);
    diarist_uem_free(sides->uem);
}

/* The recording called id; a document without it says that nobody talks. */
static void choose_recording(struct sides *sides, const char *id) {
    size_t num = diarist_document_num_recordings(sides->reference);
    for (size_t i = 0; i < num; i++) {
        if (!strcmp(diarist_document_recording_id(sides->reference, i), id)) {
            sides->reference_recording = i;
            return;
        }
    }
    diarist_document_free(sides->reference);
    sides->reference = NULL;
}

static int open_sides(struct sides *sides, const struct bench_file *file, const char *rttm,
                      diarist_error *err) {
    *sides = (struct sides){0};
    int status = bench_file_check(file->rttm, err);
    if (!status)
        status = diarist_document_read(&sides->reference, file->rttm, "rttm", err);
    if (!status)
        choose_recording(sides, file->rttm_id);
    if (!status && rttm)
        status = diarist_document_read(&sides->hypothesis, rttm, "rttm", err);
    if (!status && sides->hypothesis && !diarist_document_num_recordings(sides->hypothesis)) {
        diarist_document_free(sides->hypothesis);
        sides->hypothesis = NULL;
    }
    if (!status && file->uem)
        status = diarist_uem_new(&sides->uem, err);
    if (!status && file->uem)
        status = bench_file_check(file->uem, err);
    if (!status && file->uem)
        status = diarist_uem_read(sides->uem, file->uem, err);
    if (!status && file->uem)
        sides->regions = diarist_uem_regions(sides->uem, file->uem_id, &sides->num_regions);
    return status;
}

/* A number, or null where it is none. */
static json_t *number(double value) {
    return isfinite(value) ? json_real(value) : json_null();
}

static int score_one(json_t *scores, const char *key, const struct sides *sides, double collar_s,
                     int32_t skip_overlap, diarist_score *score, diarist_error *err) {
    diarist_score_options options;
    diarist_score_options_init(&options);
    options.collar_s = collar_s;
    options.skip_overlap = skip_overlap;
    int status = diarist_score_recording(score, sides->reference, sides->reference_recording,
                                         sides->hypothesis, 0, sides->regions, sides->num_regions,
                                         NULL, &options, err);
    if (!status)
        json_object_set_new(
            scores, key,
            json_pack("{s:o,s:o,s:o,s:o,s:o,s:o,s:I}", "scored", number(score->scored_s), "missed",
                      number(score->missed_s), "false_alarm", number(score->false_alarm_s),
                      "confusion", number(score->confusion_s), "der",
                      number(diarist_score_der(score)), "jer", number(diarist_score_jer(score)),
                      "jer_speakers", (json_int_t)score->jaccard_num));
    return status;
}

int bench_turns_score(json_t *row, const struct bench_file *file, const char *rttm,
                      diarist_error *err) {
    struct sides sides;
    diarist_score score;
    json_t *scores = json_object();
    int status = open_sides(&sides, file, rttm, err);
    if (!status)
        status = score_one(scores, bench_scoring_keys[BENCH_COLLAR], &sides, 0.25, 1, &score, err);
    if (!status)
        status = score_one(scores, bench_scoring_keys[BENCH_STRICT], &sides, 0, 0, &score, err);
    if (!status) {
        json_object_set_new(row, "reference_speakers", json_integer(score.num_ref_speakers));
        if (rttm)
            json_object_set_new(row, "predicted_speakers", json_integer(score.num_hyp_speakers));
        json_object_set(row, "scores", scores);
    }
    json_decref(scores);
    close_sides(&sides);
    return status;
}
