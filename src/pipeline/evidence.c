/* evidence.c - what the networks said of a recording, as bytes, and back.
 * SPDX-License-Identifier: MIT */
#include "pipeline/evidence.h"

#include <math.h>
#include <string.h>

#include "base/clock.h"
#include "base/error.h"

enum { Q = DR_LOCAL_SPEAKERS, FRAMES = DR_CHUNK_FRAMES, MAX_ACTIVE = 6 };
static const char magic[8] = "diarist";
static const uint32_t byte_order = 0x01020304;

struct head {
    char magic[8];
    uint32_t byte_order, architecture; /* an enum dr_architecture */
    char sha256[64];                   /* of the model, without a zero */
    uint64_t step, num_samples, num_chunks, num_frames, num_fine, num_coarse;
};

/* The arrays behind the head, wider ones first. */
enum { CENTRE, FINE, LOCAL, VOICE, ROW, ACTIVE, MARGINAL, COUNT, HAS, NUM_PARTS };

static void part_sizes(size_t size[NUM_PARTS], const struct head *head) {
    const size_t chunks = head->num_chunks, windows = head->num_fine;
    const int has_windows = head->architecture == DR_DEFAULT_1;
    memset(size, 0, NUM_PARTS * sizeof *size);
    size[ACTIVE] = chunks * FRAMES;
    size[MARGINAL] = chunks * FRAMES * Q;
    size[COUNT] = head->num_frames;
    if (has_windows) {
        size[CENTRE] = windows * sizeof(double);
        size[FINE] = windows * sizeof(struct dr_embedding);
        size[LOCAL] = chunks * Q * sizeof(struct dr_embedding);
        size[ROW] = head->num_coarse * sizeof(uint32_t);
        size[HAS] = chunks * Q;
    } else {
        size[VOICE] = chunks * Q * DR_XVECTOR_DIM * sizeof(float);
    }
}

/* ---- saving ---- */

int dr_evidence_save(void **bytes, size_t *num_bytes, const struct diarist_recording *r,
                     struct dr_arena *arena, diarist_error *err) {
    const struct dr_embeddings *e = &r->embedder.out;
    const void *const parts[NUM_PARTS] = {
        e->fine.centre_s,     e->fine.embedding, e->local.embedding,
        r->voices.embedding,  e->coarse.row,     r->segments.active,
        r->segments.marginal, r->segments.count, e->local.has};
    size_t size[NUM_PARTS];
    diarist_model_info model;
    struct head head = {.byte_order = byte_order,
                        .architecture = r->plan.architecture,
                        .step = r->plan.step,
                        .num_samples = r->num_samples,
                        .num_chunks = r->segments.num_chunks,
                        .num_frames = r->segments.counter.first,
                        .num_fine = e->fine.num,
                        .num_coarse = e->coarse.num};
    diarist_model_describe(r->workers.model, &model);
    memcpy(head.magic, magic, sizeof magic);
    memcpy(head.sha256, model.sha256, sizeof head.sha256);
    part_sizes(size, &head);
    *num_bytes = sizeof head;
    for (size_t i = 0; i < NUM_PARTS; i++)
        *num_bytes += size[i];
    uint8_t *to = *bytes = dr_arena_alloc(arena, *num_bytes, 1);
    if (!to)
        return dr_fail_memory(err);
    memcpy(to, &head, sizeof head);
    to += sizeof head;
    for (size_t i = 0; i < NUM_PARTS; to += size[i++])
        if (size[i])
            memcpy(to, parts[i], size[i]);
    return DIARIST_OK;
}

/* ---- loading ---- */

static int damaged(diarist_error *err) {
    return dr_fail(err, DIARIST_ERROR_INPUT, "the evidence is damaged; diarize the recording");
}

static int check_head(const struct head *head, size_t num_bytes, const diarist_model *model,
                      diarist_error *err) {
    size_t size[NUM_PARTS], sum = sizeof *head;
    diarist_model_info info;
    diarist_model_describe(model, &info);
    if (memcmp(head->magic, magic, sizeof magic) || head->byte_order != byte_order)
        return dr_fail(err, DIARIST_ERROR_INPUT, "it is no evidence of this machine's kind");
    if (head->architecture != (uint32_t)model->architecture ||
        memcmp(head->sha256, info.sha256, sizeof head->sha256))
        return dr_fail(err, DIARIST_ERROR_MODEL,
                       "the evidence is that of another model; load the one that it is of");
    /* What is larger than the whole cannot be multiplied safely. */
    if (head->num_chunks > num_bytes || head->num_frames > num_bytes ||
        head->num_fine > num_bytes || head->num_coarse > head->num_fine ||
        head->num_samples / DR_FRAME_STEP > num_bytes || head->step < DR_SAMPLE_RATE / 2 ||
        head->step > DR_CHUNK_SAMPLES ||
        head->num_chunks != dr_recording_num_chunks(head->num_samples, head->step) ||
        head->num_frames != dr_num_frames(head->num_samples))
        return damaged(err);
    part_sizes(size, head);
    for (size_t i = 0; i < NUM_PARTS; i++)
        sum += size[i];
    return sum == num_bytes ? DIARIST_OK : damaged(err);
}

static int is_embedding(const struct dr_embedding *embedding) {
    return isfinite(embedding->low) && isfinite(embedding->step);
}

/* Whether the stages can work on it. */
static int is_sound(const struct diarist_recording *r) {
    const struct dr_embeddings *e = &r->embedder.out;
    const size_t chunks = r->segments.num_chunks;
    const double end_s = (double)r->num_samples / DR_SAMPLE_RATE + 1;
    for (size_t i = 0; i < chunks * FRAMES; i++)
        if (r->segments.active[i] > MAX_ACTIVE)
            return 0;
    for (size_t i = 0; i < r->segments.counter.first; i++)
        if (r->segments.count[i] > Q)
            return 0;
    for (size_t i = 0; i < e->fine.num; i++)
        if (!(e->fine.centre_s[i] >= (i ? e->fine.centre_s[i - 1] : 0) &&
              e->fine.centre_s[i] <= end_s) ||
            !is_embedding(&e->fine.embedding[i]))
            return 0;
    for (size_t i = 0; i < e->coarse.num; i++)
        if (e->coarse.row[i] >= e->fine.num || (i && e->coarse.row[i] <= e->coarse.row[i - 1]))
            return 0;
    for (size_t i = 0; e->local.has && i < chunks * Q; i++)
        if (e->local.has[i] > 1 || (e->local.has[i] && !is_embedding(&e->local.embedding[i])))
            return 0;
    return 1;
}

/* Puts the copied arrays where the stages look for them. */
static int place(struct diarist_recording *r, void *const part[NUM_PARTS], const struct head *head,
                 diarist_error *err) {
    struct dr_embeddings *e = &r->embedder.out;
    r->plan.step = r->segments.step = head->step;
    r->num_samples = head->num_samples;
    r->segments.num_chunks = head->num_chunks;
    r->segments.counter.first = head->num_frames;
    r->segments.active = part[ACTIVE];
    r->segments.marginal = part[MARGINAL];
    r->segments.count = part[COUNT];
    r->voices.num_chunks = head->num_chunks;
    r->voices.embedding = part[VOICE];
    if (r->plan.architecture != DR_DEFAULT_1)
        return is_sound(r) ? DIARIST_OK : damaged(err);
    e->fine = (struct dr_windows){
        .num = head->num_fine, .centre_s = part[CENTRE], .embedding = part[FINE]};
    e->coarse =
        (struct dr_windows){.num = head->num_coarse, .embedding = part[FINE], .row = part[ROW]};
    e->local = (struct dr_local_embeddings){.embedding = part[LOCAL], .has = part[HAS]};
    if (!is_sound(r))
        return damaged(err);
    e->coarse.centre_s = dr_arena_alloc(&r->arena, head->num_coarse + 1, sizeof(double));
    if (!e->coarse.centre_s)
        return dr_fail_memory(err);
    for (size_t i = 0; i < e->coarse.num; i++)
        e->coarse.centre_s[i] = e->fine.centre_s[e->coarse.row[i]];
    return DIARIST_OK;
}

int dr_evidence_load(struct diarist_recording *r, const void *bytes, size_t num_bytes,
                     const diarist_model *model, const diarist_options *options,
                     diarist_error *err) {
    const uint8_t *from = bytes;
    struct head head;
    size_t size[NUM_PARTS];
    void *part[NUM_PARTS];
    r->start_s = dr_clock_s();
    r->workers.model = model;
    r->ended = 1;
    int status = dr_plan_make(&r->plan, options, model, err);
    if (!status && num_bytes < sizeof head)
        status = damaged(err);
    if (status)
        return status;
    memcpy(&head, from, sizeof head);
    from += sizeof head;
    status = check_head(&head, num_bytes, model, err);
    if (status)
        return status;
    part_sizes(size, &head);
    for (size_t i = 0; i < NUM_PARTS; from += size[i++]) {
        part[i] = dr_arena_alloc(&r->arena, size[i] + 1, 1);
        if (!part[i])
            return dr_fail_memory(err);
        if (size[i])
            memcpy(part[i], from, size[i]);
    }
    return place(r, part, &head, err);
}
