/* api_score.c - public entry points: documents scored, recording by recording.
 * SPDX-License-Identifier: MIT */
#include "diarist/score.h"

#include "base/arena.h"
#include "base/error.h"
#include "document.h"
#include "score/rates.h"
#include "score/tally.h"
#include "score/uem.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const double max_collar_s = 3600;

void diarist_score_options_init(diarist_score_options *options) {
    *options = (diarist_score_options){.struct_size = sizeof *options};
}

/* What the caller's version of the struct says, defaults for the rest. */
static int resolve_options(diarist_score_options *out, const diarist_score_options *options,
                           diarist_error *err) {
    diarist_score_options_init(out);
    if (options) {
        if (options->struct_size < sizeof options->struct_size)
            return dr_fail(err, DIARIST_ERROR_ARGUMENT,
                           "score options were not set up; call diarist_score_options_init");
        memcpy(out, options,
               options->struct_size < sizeof *out ? options->struct_size : sizeof *out);
    }
    if (!(out->collar_s >= 0 && out->collar_s <= max_collar_s))
        return dr_fail(err, DIARIST_ERROR_ARGUMENT, "collar_s is %g; give 0 to %g", out->collar_s,
                       max_collar_s);
    if (out->skip_overlap != 0 && out->skip_overlap != 1)
        return dr_fail(err, DIARIST_ERROR_ARGUMENT, "skip_overlap is %d; give 0 or 1",
                       out->skip_overlap);
    return DIARIST_OK;
}

/* ---- figures ------------------------------------------------------------------------------ */

double diarist_score_der(const diarist_score *score) {
    double wrong = score->missed_s + score->false_alarm_s + score->confusion_s;
    return score->scored_s > 0 ? wrong / score->scored_s : NAN;
}

double diarist_score_jer(const diarist_score *score) {
    return score->jaccard_num > 0 ? score->jaccard_sum / (double)score->jaccard_num : NAN;
}

void diarist_score_pool(diarist_score *sum, const diarist_score *score) {
    sum->scored_s += score->scored_s;
    sum->missed_s += score->missed_s;
    sum->false_alarm_s += score->false_alarm_s;
    sum->confusion_s += score->confusion_s;
    sum->jaccard_sum += score->jaccard_sum;
    sum->jaccard_num += score->jaccard_num;
    sum->num_files += score->num_files;
    sum->num_ref_speakers += score->num_ref_speakers;
    sum->num_hyp_speakers += score->num_hyp_speakers;
    sum->count_error += score->count_error;
    sum->count_exact += score->count_exact;
}

/* ---- one recording ------------------------------------------------------------------------ */

/* arena is left as it was. */
static int score_pair(diarist_score *out, const struct dr_document_recording *reference,
                      const struct dr_document_recording *hypothesis, const diarist_region *regions,
                      size_t num_regions, int32_t *mapping, const diarist_score_options *options,
                      struct dr_arena *arena, diarist_error *err) {
    struct dr_arena_mark mark = dr_arena_mark(arena);
    struct dr_tally tally;
    int status = dr_tally_recording(&tally, reference, hypothesis, regions, num_regions, options,
                                    arena, err);
    if (!status)
        status = dr_rates_of(out, mapping, &tally, arena, err);
    dr_arena_rewind(arena, mark);
    return status;
}

/* *out NULL: nobody talks. */
static int recording_of(const struct dr_document_recording **out, const diarist_document *document,
                        size_t recording, diarist_error *err) {
    *out = NULL;
    if (document && recording >= document->num_recordings)
        return dr_fail(err, DIARIST_ERROR_ARGUMENT, "there is no recording %zu; there are %zu",
                       recording, document->num_recordings);
    if (document)
        *out = document->recordings[recording];
    return DIARIST_OK;
}

int diarist_score_recording(diarist_score *out, const diarist_document *reference,
                            size_t reference_recording, const diarist_document *hypothesis,
                            size_t hypothesis_recording, const diarist_region *regions,
                            size_t num_regions, int32_t *mapping,
                            const diarist_score_options *options, diarist_error *err) {
    diarist_score_options resolved;
    const struct dr_document_recording *ref, *hyp;
    struct dr_arena arena = {0};
    *out = (diarist_score){0};
    int status = resolve_options(&resolved, options, err);
    if (!status)
        status = recording_of(&ref, reference, reference_recording, err);
    if (!status)
        status = recording_of(&hyp, hypothesis, hypothesis_recording, err);
    for (size_t i = 0; i < (regions ? num_regions : 0) && !status; i++)
        if (!(regions[i].start >= 0 && regions[i].end >= regions[i].start &&
              regions[i].end <= DR_DOCUMENT_MAX_S))
            status = dr_fail(err, DIARIST_ERROR_ARGUMENT,
                             "region %zu is from %g to %g s; give 0 <= start <= end", i,
                             regions[i].start, regions[i].end);
    if (!status)
        status = score_pair(out, ref, hyp, regions, num_regions, mapping, &resolved, &arena, err);
    dr_arena_free(&arena);
    return status;
}

/* ---- documents ---------------------------------------------------------------------------- */

struct diarist_scores {
    size_t num;
    diarist_scored_file *files;
    struct dr_arena arena; /* the ids */
    diarist_score overall;
};

/* What all files of one call share. */
struct scoring {
    const diarist_document *reference, *hypothesis;
    const diarist_uem *uem; /* NULL: none */
    diarist_score_options options;
    struct dr_arena arena;
    diarist_scores *scores;
};

static int32_t what_of(const struct scoring *s, int has_reference, int has_hypothesis,
                       int has_regions) {
    if (s->uem && !has_regions)
        return DIARIST_UNSCORED_NOT_IN_UEM;
    if (!has_reference)
        return s->uem ? DIARIST_SCORED_NO_REFERENCE : DIARIST_UNSCORED_NO_REFERENCE;
    return has_hypothesis ? DIARIST_SCORED : DIARIST_SCORED_NO_HYPOTHESIS;
}

static int score_file(struct scoring *s, const char *id, diarist_error *err) {
    const struct dr_document_recording *reference = dr_document_find(s->reference, id);
    const struct dr_document_recording *hypothesis = dr_document_find(s->hypothesis, id);
    size_t num_regions = 0;
    const diarist_region *regions = s->uem ? diarist_uem_regions(s->uem, id, &num_regions) : NULL;
    int32_t what = what_of(s, reference != NULL, hypothesis != NULL, regions != NULL);
    diarist_scored_file *file = &s->scores->files[s->scores->num];
    char *copy = dr_arena_alloc(&s->scores->arena, strlen(id) + 1, 1);
    if (!copy)
        return dr_fail_memory(err);
    memcpy(copy, id, strlen(id) + 1);
    *file = (diarist_scored_file){.id = copy, .what = what};
    s->scores->num++;
    if (what == DIARIST_UNSCORED_NO_REFERENCE || what == DIARIST_UNSCORED_NOT_IN_UEM)
        return DIARIST_OK;
    int status = score_pair(&file->score, reference, hypothesis, regions, num_regions, NULL,
                            &s->options, &s->arena, err);
    if (!status)
        diarist_score_pool(&s->scores->overall, &file->score);
    return status;
}

/* Recordings without turns, of which nothing else knows, are no files of this evaluation: an empty
 * RTTM is one, called after its path. */
static int says_nothing(const struct scoring *s, const struct dr_document_recording *hypothesis) {
    size_t num;
    return hypothesis->turns[DIARIST_OVERLAPPING].num == 0 &&
           !(s->uem && diarist_uem_regions(s->uem, hypothesis->id, &num));
}

static int score_all(struct scoring *s, diarist_error *err) {
    int status = DIARIST_OK;
    for (size_t i = 0; i < s->reference->num_recordings && !status; i++)
        status = score_file(s, s->reference->recordings[i]->id, err);
    for (size_t i = 0; i < s->hypothesis->num_recordings && !status; i++) {
        const struct dr_document_recording *hypothesis = s->hypothesis->recordings[i];
        if (!dr_document_find(s->reference, hypothesis->id) && !says_nothing(s, hypothesis))
            status = score_file(s, hypothesis->id, err);
    }
    for (size_t i = 0; s->uem && i < s->uem->num && !status; i++) {
        const char *id = s->uem->recordings[i]->id;
        if (!dr_document_find(s->reference, id) && !dr_document_find(s->hypothesis, id))
            status = score_file(s, id, err);
    }
    return status;
}

int diarist_score_documents(diarist_scores **out, const diarist_document *reference,
                            const diarist_document *hypothesis, const diarist_uem *uem,
                            const diarist_score_options *options, diarist_error *err) {
    struct scoring s = {.reference = reference, .hypothesis = hypothesis, .uem = uem};
    *out = NULL;
    int status = resolve_options(&s.options, options, err);
    if (status)
        return status;
    size_t most = reference->num_recordings + hypothesis->num_recordings + (uem ? uem->num : 0);
    s.scores = calloc(1, sizeof *s.scores);
    if (s.scores)
        s.scores->files = calloc(most + 1, sizeof *s.scores->files);
    status = s.scores && s.scores->files ? score_all(&s, err) : dr_fail_memory(err);
    dr_arena_free(&s.arena);
    if (status)
        diarist_scores_free(s.scores);
    else
        *out = s.scores;
    return status;
}

size_t diarist_scores_num_files(const diarist_scores *scores) {
    return scores->num;
}

int diarist_scores_file(const diarist_scores *scores, size_t i, diarist_scored_file *out) {
    if (i >= scores->num)
        return -1;
    *out = scores->files[i];
    return 0;
}

void diarist_scores_overall(const diarist_scores *scores, diarist_score *out) {
    *out = scores->overall;
}

void diarist_scores_free(diarist_scores *scores) {
    if (!scores)
        return;
    dr_arena_free(&scores->arena);
    free(scores->files);
    free(scores);
}
