/* dump_community1.c - community-1's clustering of arrays in files, for community1.py.
 * SPDX-License-Identifier: MIT
 *
 * usage: dump_community1 FOLDER pipeline MIN MAX   active, embeddings, mean1, lda, mean2, mu, tr,
 *                                                  psi -> everything that the stages make
 *        dump_community1 FOLDER linkage THRESHOLD  points -> merges, labels
 *        dump_community1 FOLDER kmeans K           points -> labels
 *        dump_community1 FOLDER assign K           scores -> hard
 * An array NAME is FOLDER/NAME.bin, raw and little-endian. */
#include "clustering/centroid_linkage.h"
#include "clustering/community1.h"
#include "clustering/constrained_assignment.h"
#include "clustering/kmeans.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *folder;
static struct dr_arena arena;
static diarist_error error;

static void check(int ok, const char *what) {
    if (!ok) {
        fprintf(stderr, "dump_community1: %s %s\n", what, error.message);
        exit(1);
    }
}

static FILE *open_array(const char *name, const char *mode) {
    char path[1024];
    snprintf(path, sizeof path, "%s/%s.bin", folder, name);
    FILE *file = fopen(path, mode);
    check(file != NULL, path);
    return file;
}

/* All items of `size` bytes; their number in *num unless it is NULL. */
static void *load(const char *name, size_t size, size_t *num) {
    FILE *file = open_array(name, "rb");
    check(fseek(file, 0, SEEK_END) == 0, name);
    size_t bytes = (size_t)ftell(file);
    rewind(file);
    void *data = dr_arena_alloc(&arena, bytes + 1, 1);
    check(data && fread(data, 1, bytes, file) == bytes && bytes % size == 0, name);
    fclose(file);
    if (num)
        *num = bytes / size;
    return data;
}

static void save(const char *name, const void *data, size_t num, size_t size) {
    FILE *file = open_array(name, "wb");
    check(fwrite(data, size, num, file) == num && fclose(file) == 0, name);
}

static struct dr_plda load_plda(void) {
    struct dr_plda_arrays arrays = {.mean1 = load("mean1", sizeof(double), NULL),
                                    .lda = load("lda", sizeof(double), NULL),
                                    .mean2 = load("mean2", sizeof(double), NULL),
                                    .mu = load("mu", sizeof(double), NULL),
                                    .tr = load("tr", sizeof(double), NULL),
                                    .psi = load("psi", sizeof(double), NULL)};
    struct dr_plda plda;
    check(dr_plda_init(&plda, &arrays, &arena, &error) == 0, "PLDA");
    return plda;
}

static void save_plda(const struct dr_plda *plda, const struct dr_community1_stages *stages,
                      const float *embeddings) {
    size_t num = stages->num_training;
    double *reduced = dr_arena_alloc(&arena, num, DR_PLDA_DIM * sizeof *reduced);
    double *feature = dr_arena_alloc(&arena, num, DR_PLDA_DIM * sizeof *feature);
    check(reduced && feature, "no memory");
    for (size_t i = 0; i < num; i++) {
        const float *embedding = embeddings + (size_t)stages->training[i] * DR_XVECTOR_DIM;
        dr_plda_reduce(reduced + i * DR_PLDA_DIM, embedding, plda);
        dr_plda_transform(feature + i * DR_PLDA_DIM, embedding, plda);
    }
    save("reduced", reduced, num, DR_PLDA_DIM * sizeof *reduced);
    save("feature", feature, num, DR_PLDA_DIM * sizeof *feature);
    save("phi", plda->phi, DR_PLDA_DIM, sizeof *plda->phi);
}

static void run_pipeline(char **bounds) {
    struct dr_segmentation segmentation = {0};
    struct dr_community1_params params = dr_community1_defaults;
    struct dr_community1_clusters out;
    struct dr_plda plda = load_plda();
    segmentation.active = load("active", DR_CHUNK_FRAMES, &segmentation.num_chunks);
    const float *embeddings = load("embeddings", sizeof *embeddings, NULL);
    params.min_speakers = (size_t)strtoul(bounds[0], NULL, 10);
    params.max_speakers = (size_t)strtoul(bounds[1], NULL, 10);
    check(dr_community1_cluster(&out, &segmentation, embeddings, &plda, &params, &arena, &error) ==
              0,
          "clustering");
    const struct dr_community1_stages *stages = &out.stages;
    size_t num_local = segmentation.num_chunks * DR_LOCAL_SPEAKERS;
    size_t num_gamma = stages->num_training * stages->vbx.num_speakers;
    save_plda(&plda, stages, embeddings);
    save("training", stages->training, stages->num_training, sizeof *stages->training);
    save("hard", out.hard, num_local, sizeof *out.hard);
    save("score", out.score, num_local * out.num_speakers, sizeof *out.score);
    save("centroid", out.centroid, out.num_speakers, DR_XVECTOR_DIM * sizeof *out.centroid);
    if (!stages->ahc)
        return;
    save("ahc", stages->ahc, stages->num_training, sizeof *stages->ahc);
    save("gamma", stages->vbx.gamma, num_gamma, sizeof *stages->vbx.gamma);
    save("pi", stages->vbx.pi, stages->vbx.num_speakers, sizeof *stages->vbx.pi);
    save("elbo", stages->vbx.elbo, stages->vbx.num_iterations, sizeof *stages->vbx.elbo);
}

static void run_linkage(const char *threshold) {
    size_t num, num_clusters;
    double *points = load("points", DR_XVECTOR_DIM * sizeof *points, &num);
    struct dr_dendrogram_merge *merge = dr_arena_alloc(&arena, num, sizeof *merge);
    int32_t *label = dr_arena_alloc(&arena, num, sizeof *label);
    double *rows = dr_arena_alloc(&arena, num, 3 * sizeof *rows);
    check(merge && label && rows, "no memory");
    check(dr_centroid_linkage(merge, points, num, &arena, &error) == 0, "linkage");
    check(dr_dendrogram_cut(label, &num_clusters, merge, num, strtod(threshold, NULL), &arena,
                            &error) == 0,
          "cut");
    for (size_t i = 0; i + 1 < num; i++) {
        rows[3 * i] = merge[i].left;
        rows[3 * i + 1] = merge[i].right;
        rows[3 * i + 2] = merge[i].distance;
    }
    save("merges", rows, num - 1, 3 * sizeof *rows);
    save("labels", label, num, sizeof *label);
}

static void run_kmeans(const char *k) {
    size_t num;
    double *points = load("points", DR_XVECTOR_DIM * sizeof *points, &num);
    int32_t *label = dr_arena_alloc(&arena, num, sizeof *label);
    check(label != NULL, "no memory");
    check(dr_kmeans(label, points, num, (size_t)strtoul(k, NULL, 10), &arena, &error) == 0,
          "k-means");
    save("labels", label, num, sizeof *label);
}

static void run_assign(const char *k) {
    size_t num, num_speakers = (size_t)strtoul(k, NULL, 10);
    const double *scores = load("scores", DR_LOCAL_SPEAKERS * num_speakers * sizeof *scores, &num);
    int32_t *hard = dr_arena_alloc(&arena, num, DR_LOCAL_SPEAKERS * sizeof *hard);
    check(hard != NULL, "no memory");
    check(dr_constrained_assignment(hard, scores, num, num_speakers, &arena, &error) == 0,
          "assignment");
    save("hard", hard, num, DR_LOCAL_SPEAKERS * sizeof *hard);
}

int main(int argc, char **argv) {
    const char *mode = argc > 3 ? argv[2] : "";
    folder = argv[1];
    if (argc == 5 && strcmp(mode, "pipeline") == 0)
        run_pipeline(argv + 3);
    else if (argc == 4 && strcmp(mode, "linkage") == 0)
        run_linkage(argv[3]);
    else if (argc == 4 && strcmp(mode, "kmeans") == 0)
        run_kmeans(argv[3]);
    else if (argc == 4 && strcmp(mode, "assign") == 0)
        run_assign(argv[3]);
    else {
        fprintf(stderr, "usage: dump_community1 FOLDER pipeline|linkage|kmeans|assign ...\n");
        return 2;
    }
    dr_arena_free(&arena);
    return 0;
}
