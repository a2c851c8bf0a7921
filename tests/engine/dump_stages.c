/* dump_stages.c - every stage's output for one recording, as .npy files, for compare_stages.py.
 * SPDX-License-Identifier: MIT
 *
 * usage: dump_stages MODEL SAMPLES.f32 OUT_DIR STEP_SECONDS reference|reference16|default|fast
 *
 * SAMPLES.f32: 16 kHz mono, little-endian floats. "reference" switches off what diarist does beyond
 * the reference implementation (embeddings on overlapped frames, clusters confirmed by VBx,
 * mirrored short recordings) and is in single precision; "reference16" does the former alone. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mapped_file.h"
#include "pipeline/offline.h"
#include "pipeline/trunk_pass.h"

static const char *out_dir;

static void write_npy(const char *name, const char *type, size_t item, const void *data, size_t d0,
                      size_t d1, size_t d2) {
    char path[1024], header[256], shape[96];
    snprintf(path, sizeof path, "%s/%s.npy", out_dir, name);
    if (d2)
        snprintf(shape, sizeof shape, "(%zu, %zu, %zu)", d0, d1, d2);
    else if (d1)
        snprintf(shape, sizeof shape, "(%zu, %zu)", d0, d1);
    else
        snprintf(shape, sizeof shape, "(%zu,)", d0);
    int used = snprintf(header, sizeof header,
                        "{'descr': '%s', 'fortran_order': False, 'shape': %s, }", type, shape);
    while ((used + 11) % 64)
        header[used++] = ' ';
    header[used++] = '\n';
    FILE *f = fopen(path, "wb");
    unsigned char magic[10] = {0x93, 'N', 'U', 'M', 'P', 'Y', 1, 0, 0, 0};
    magic[8] = (unsigned char)(used & 255);
    magic[9] = (unsigned char)(used >> 8);
    size_t count = d0 * (d1 ? d1 : 1) * (d2 ? d2 : 1);
    if (!f || fwrite(magic, 1, sizeof magic, f) != sizeof magic ||
        fwrite(header, 1, (size_t)used, f) != (size_t)used ||
        fwrite(data, item, count, f) != count || fclose(f)) {
        fprintf(stderr, "dump_stages: cannot write %s\n", path);
        exit(2);
    }
}

static void write_turns(const char *name, const struct dr_turn *turns, size_t num) {
    double *rows = malloc((num + 1) * 3 * sizeof *rows);
    for (size_t i = 0; rows && i < num; i++) {
        rows[3 * i] = turns[i].start_s;
        rows[3 * i + 1] = turns[i].end_s;
        rows[3 * i + 2] = turns[i].speaker;
    }
    write_npy(name, "<f8", sizeof *rows, rows, num, 3, 0);
    free(rows);
}

static int copy_columns(void *context, const struct dr_trunk_pass *pass, size_t *keep_from,
                        diarist_error *err) {
    float *columns = context;
    (void)err;
    memcpy(columns + pass->first * DR_COLUMN_DIM, pass->columns,
           (pass->end - pass->first) * DR_COLUMN_DIM * sizeof *columns);
    *keep_from = pass->end;
    return 0;
}

/* The whole trunk once more, no chunk skipped. */
static void dump_trunk(struct diarist_recording *r, struct dr_arena *arena) {
    diarist_error err = {0};
    float mean[DR_MELS];
    struct dr_trunk_pass pass;
    size_t num = dr_num_columns(dr_trunk_of(DR_DEFAULT_1), r->energies.num_frames);
    float *columns = calloc(num + 1, DR_COLUMN_DIM * sizeof *columns);
    uint8_t *wanted = malloc(num + 1);
    if (!columns || !wanted)
        exit(2);
    memset(wanted, 1, num);
    dr_speech_mean_get(mean, &r->embedder.mean);
    if (dr_trunk_pass_open(&pass, &r->workers, &r->energies, r->plan.column_rate, arena, &err) ||
        dr_trunk_pass_run(&pass, r->energies.num_frames, mean, wanted, copy_columns, columns,
                          &err)) {
        fprintf(stderr, "dump_stages: %s\n", err.message);
        exit(2);
    }
    write_npy("cmn_mean", "<f4", sizeof(float), mean, DR_MELS, 0, 0);
    write_npy("trunk", "<f4", sizeof(float), columns, num, DR_COLUMN_DIM, 0);
    free(columns);
    free(wanted);
}

/* As a stream does it, piece by piece, each at the end of the one before: a long one, one as short
 * as what the masks look back on, a shorter one, and whole steps. Those that there are frames for.
 */
static void dump_pieces(const struct diarist_recording *r) {
    static const size_t pieces[] = {162, 108, 28, 108};
    const size_t num = r->energies.num_frames;
    float mean[DR_MELS];
    float *features = malloc((num + 1) * DR_MELS * sizeof *features);
    float *columns = malloc((num + 1) * DR_COLUMN_DIM * sizeof *columns);
    struct dr_campplus_past *past = calloc(1, sizeof *past);
    size_t end = 0;
    if (!features || !columns || !past)
        exit(2);
    dr_speech_mean_get(mean, &r->embedder.mean);
    for (size_t t = 0; t < num; t++)
        for (size_t m = 0; m < DR_MELS; m++)
            features[t * DR_MELS + m] = dr_energies_frame(&r->energies, t)[m] - mean[m];
    for (size_t i = 0; i < sizeof pieces / sizeof *pieces && end + pieces[i] <= num; i++) {
        const size_t lead = end ? DR_CAMPPLUS_LEAD : 0;
        dr_campplus_continue(r->workers.networks->campplus, past, columns + end / 2 * DR_COLUMN_DIM,
                             features + (end - lead) * DR_MELS, lead, lead + pieces[i],
                             r->workers.scratch[0]);
        end += pieces[i];
    }
    write_npy("pieces", "<f4", sizeof(float), columns, end / 2, DR_COLUMN_DIM, 0);
    free(features);
    free(columns);
    free(past);
}

/* The network once more, chunk by chunk: a recording keeps only what it makes of its output. */
static void dump_logprob(struct diarist_recording *r, const float *samples) {
    size_t num = r->segments.num_chunks, size = (size_t)DR_CHUNK_FRAMES * DR_CLASSES;
    float *logprob = malloc((num + 1) * size * sizeof *logprob);
    float *chunk = malloc(DR_CHUNK_SAMPLES * sizeof *chunk);
    if (!logprob || !chunk)
        exit(2);
    for (size_t i = 0; i < num; i++) {
        for (size_t n = 0, at = i * r->plan.step; n < DR_CHUNK_SAMPLES; n++, at++)
            chunk[n] = at < r->num_samples ? samples[at] : 0.0f;
        dr_pyannet_run(r->workers.networks->pyannet, logprob + i * size, chunk, DR_CHUNK_SAMPLES, 1,
                       NULL, r->workers.scratch[0]);
    }
    write_npy("logprob", "<f4", sizeof(float), logprob, num, DR_CHUNK_FRAMES, DR_CLASSES);
    free(logprob);
    free(chunk);
}

static void dump_windows(const char *name, const struct dr_windows *w) {
    char file[64];
    float *values = malloc((w->num + 1) * DR_EMBEDDING_DIM * sizeof *values);
    if (!values)
        exit(2);
    for (size_t i = 0; i < w->num; i++)
        dr_window_unpack(values + i * DR_EMBEDDING_DIM, w, i);
    snprintf(file, sizeof file, "%s_t", name);
    write_npy(file, "<f8", sizeof(double), w->centre_s, w->num, 0, 0);
    snprintf(file, sizeof file, "%s_emb", name);
    write_npy(file, "<f4", sizeof(float), values, w->num, DR_EMBEDDING_DIM, 0);
    free(values);
}

/* Of every local speaker that has one, the others being zeros. */
static void dump_local(const struct dr_local_embeddings *local, size_t num) {
    float *values = calloc(num * DR_LOCAL_SPEAKERS + 1, DR_EMBEDDING_DIM * sizeof *values);
    if (!values)
        exit(2);
    for (size_t i = 0; i < num * DR_LOCAL_SPEAKERS; i++)
        if (local->has[i])
            dr_embedding_unpack(values + i * DR_EMBEDDING_DIM, &local->embedding[i]);
    write_npy("emb", "<f4", sizeof(float), values, num, DR_LOCAL_SPEAKERS, DR_EMBEDDING_DIM);
    write_npy("has", "|u1", 1, local->has, num, DR_LOCAL_SPEAKERS, 0);
    free(values);
}

static void dump_fbank(const struct dr_energies *energies) {
    size_t num = energies->num_frames;
    float *fbank = malloc((num + 1) * DR_MELS * sizeof *fbank);
    for (size_t t = 0; fbank && t < num; t++)
        memcpy(fbank + t * DR_MELS, dr_energies_frame(energies, t), DR_MELS * sizeof *fbank);
    write_npy("fbank", "<f4", sizeof(float), fbank, num, DR_MELS, 0);
    free(fbank);
}

/* A recording of one section still has all its energies. */
static void dump(struct diarist_recording *r, const struct dr_stages *s, const float *samples,
                 struct dr_arena *arena) {
    size_t chunks = s->segmentation.num_chunks;
    dump_fbank(&r->energies);
    dump_logprob(r, samples);
    write_npy("active", "|u1", 1, s->segmentation.active, chunks, DR_CHUNK_FRAMES, 0);
    write_npy("count", "|u1", 1, s->count, s->num_frames, 0, 0);
    dump_trunk(r, arena);
    dump_pieces(r);
    dump_windows("rwin", &s->embeddings.fine);
    dump_windows("win", &s->embeddings.coarse);
    dump_local(&s->embeddings.local, chunks);
    write_npy("labels", "<i4", sizeof(int32_t), s->window_speaker, s->embeddings.coarse.num, 0, 0);
    write_npy("centroids", "<f4", sizeof(float), s->centroids.centroid, s->centroids.num_speakers,
              DR_EMBEDDING_DIM, 0);
    write_npy("assign", "<i4", sizeof(int32_t), s->assign, chunks, DR_LOCAL_SPEAKERS, 0);
    write_turns("segments", s->turns.turn, s->turns.num_turns);
    write_turns("exclusive", s->turns.exclusive, s->turns.num_exclusive);
}

int main(int argc, char **argv) {
    diarist_error err = {0};
    diarist_options options;
    diarist_model *model = NULL;
    diarist_recording *recording = NULL;
    struct dr_mapped_file samples = {0};
    struct dr_stages stages = {0};
    struct dr_arena arena = {NULL};
    if (argc != 6) {
        fprintf(stderr, "usage: dump_stages MODEL SAMPLES.f32 OUT_DIR STEP\n"
                        "       reference|reference16|default|fast\n");
        return 2;
    }
    out_dir = argv[3];
    diarist_options_init(&options);
    options.step_s = strtod(argv[4], NULL);
    if (!strcmp(argv[5], "reference"))
        options.preset = DIARIST_PRESET_ACCURATE;
    else if (!strcmp(argv[5], "fast"))
        options.preset = DIARIST_PRESET_FAST;
    int status = diarist_model_load(&model, argv[1], &options, &err);
    if (!status)
        status = diarist_recording_open(&recording, model, &options, &err);
    if (!status && dr_mapped_file_open(&samples, argv[2]))
        status = -1;
    if (!status) {
        if (!strncmp(argv[5], "reference", strlen("reference"))) {
            recording->plan.mirror_short = 0;
            recording->plan.reconstruct.overlap_weight = 0.0;
            recording->plan.clustering.confirm.rise = 0.0;
        }
        status = diarist_recording_feed(recording, (const float *)(const void *)samples.data,
                                        samples.size / sizeof(float), &err);
    }
    if (!status)
        status = dr_recording_end(recording, DIARIST_TASK_DIARIZE, &err);
    if (!status)
        status = dr_stages_run(&stages, recording, &arena, &arena, &err);
    if (status)
        fprintf(stderr, "dump_stages: %s\n", err.message);
    else
        dump(recording, &stages, (const float *)(const void *)samples.data, &arena);
    dr_arena_free(&arena);
    dr_mapped_file_close(&samples);
    diarist_recording_free(recording);
    diarist_model_free(model);
    return status ? 1 : 0;
}
