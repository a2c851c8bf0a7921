/* dump_resnet34.c - ResNet34's embeddings of given features and masks, for compare_resnet34.py.
 * SPDX-License-Identifier: MIT
 *
 * usage: dump_resnet34 MODEL.safetensors FEATURES.f32 MASKS.u8 NUM_MASKS OUT.f32 float32|int16
 *
 * FEATURES.f32: [frames][80]; MASKS.u8: [NUM_MASKS][any number of frames]; OUT.f32: [NUM_MASKS]
 * [256]. Of the model only embedding.resnet.* is read. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cpu.h"
#include "base/mapped_file.h"
#include "embedding/resnet34.h"
#include "types.h"

struct inputs {
    struct dr_mapped_file model, features, masks;
};

static int write_embeddings(const char *path, const float *embeddings, size_t floats) {
    FILE *f = fopen(path, "wb");
    if (!f)
        return -1;
    const size_t written = fwrite(embeddings, sizeof *embeddings, floats, f);
    return fclose(f) || written != floats ? -1 : 0;
}

static int embed(const struct dr_resnet34 *net, const struct inputs *in, size_t num_masks,
                 const char *path, struct dr_arena *arena) {
    const size_t frames = in->features.size / (DR_MELS * sizeof(float));
    const size_t columns = dr_resnet34_num_columns(frames),
                 mask_frames = in->masks.size / num_masks;
    float *map = dr_arena_alloc(arena, columns, DR_RESNET34_COLUMN_DIM * sizeof *map);
    float *trunk = dr_arena_alloc(arena, dr_resnet34_trunk_scratch(frames), sizeof *trunk);
    float *head = dr_arena_alloc(arena, dr_resnet34_voices_scratch(num_masks), sizeof *head);
    unsigned char *keep = dr_arena_alloc(arena, num_masks, columns);
    float *embeddings = dr_arena_alloc(arena, num_masks * DR_RESNET34_DIM, sizeof *embeddings);
    if (!map || !trunk || !head || !keep || !embeddings)
        return -1;
    const unsigned char *masks = in->masks.data;
    for (size_t i = 0; i < num_masks; i++)
        dr_resnet34_mask(keep + i * columns, columns, 0.0f, masks + i * mask_frames, mask_frames,
                         columns);
    dr_resnet34_trunk(net, map, (const float *)(const void *)in->features.data, frames, trunk);
    dr_resnet34_voices(net, embeddings, map, columns, keep, num_masks, head);
    return write_embeddings(path, embeddings, num_masks * DR_RESNET34_DIM);
}

int main(int argc, char **argv) {
    struct inputs in = {0};
    struct dr_kernels kernels;
    struct dr_weights *weights = NULL;
    struct dr_arena arena = {NULL};
    struct dr_loader loader = {
        .arena = &arena, .err = {.message = "cannot read or write a file, or memory is short"}};
    const size_t num_masks = argc == 7 ? strtoul(argv[4], NULL, 10) : 0;
    if (!num_masks) {
        fprintf(stderr, "usage: dump_resnet34 MODEL FEATURES MASKS NUM_MASKS OUT float32|int16\n");
        return 2;
    }
    dr_kernels_init(&kernels, dr_cpu_flags(DIARIST_CPU_ALL));
    loader.precision = strcmp(argv[6], "int16") ? DR_FLOAT32 : DR_INT16;
    int status = dr_mapped_file_open(&in.model, argv[1]) ||
                 dr_mapped_file_open(&in.features, argv[2]) ||
                 dr_mapped_file_open(&in.masks, argv[3]);
    if (!status)
        status = dr_weights_parse(&weights, in.model.data, in.model.size, &loader.err);
    if (!status) {
        loader.weights = weights;
        const struct dr_resnet34 *net = dr_resnet34_load(&loader, &kernels);
        status = net ? embed(net, &in, num_masks, argv[5], &arena) : loader.err.status;
    }
    if (status)
        fprintf(stderr, "dump_resnet34: %s\n", loader.err.message);
    free(loader.scratch);
    dr_arena_free(&arena);
    dr_weights_free(weights);
    dr_mapped_file_close(&in.model);
    dr_mapped_file_close(&in.features);
    dr_mapped_file_close(&in.masks);
    return status ? 1 : 0;
}
