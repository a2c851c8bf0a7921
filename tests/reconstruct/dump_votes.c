/* dump_votes.c - frames and turns by votes, of arrays in files, for votes.py.
 * SPDX-License-Identifier: MIT
 *
 * usage: dump_votes FOLDER NUM_SPEAKERS MAX_COUNT STEP_SAMPLES MIN_DURATION_OFF
 *
 * FOLDER/active.bin [chunks][589] bytes and FOLDER/assign.bin [chunks][3] int32 -> FOLDER/count.bin
 * [frames] bytes, and turns, exclusive: start_s, end_s, speaker, overlap as doubles. */
#include "reconstruct/votes.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static const char *folder;
static struct dr_arena arena;

static void check(int ok, const char *what) {
    if (!ok) {
        fprintf(stderr, "dump_votes: %s\n", what);
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

static void *load(const char *name, size_t size, size_t *num) {
    FILE *file = open_array(name, "rb");
    check(fseek(file, 0, SEEK_END) == 0, name);
    *num = (size_t)ftell(file) / size;
    rewind(file);
    void *data = dr_arena_alloc(&arena, *num + 1, size);
    check(data && fread(data, size, *num, file) == *num, name);
    fclose(file);
    return data;
}

static void save_turns(const char *name, const struct dr_turn *turn, size_t num,
                       const uint32_t *order) {
    FILE *file = open_array(name, "wb");
    for (size_t i = 0; i < num; i++) {
        const double row[] = {turn[i].start_s, turn[i].end_s, order[turn[i].speaker],
                              turn[i].overlap};
        check(fwrite(row, sizeof row, 1, file) == 1, name);
    }
    fclose(file);
}

static void save_counts(struct dr_votes *votes) {
    FILE *file = open_array("count", "wb");
    for (dr_votes_next(votes); votes->num; dr_votes_next(votes))
        check(fwrite(votes->count, 1, votes->num, file) == votes->num, "count");
    fclose(file);
}

int main(int argc, char **argv) {
    check(argc == 6, "usage: dump_votes FOLDER NUM_SPEAKERS MAX_COUNT STEP MIN_DURATION_OFF");
    folder = argv[1];
    const size_t num_speakers = strtoul(argv[2], NULL, 10);
    const unsigned max_count = (unsigned)strtoul(argv[3], NULL, 10);
    size_t num_assigned;
    diarist_error err = {0};
    struct dr_segmentation segmentation = {.step = strtoul(argv[4], NULL, 10)};
    struct dr_reconstruct_params params = dr_reconstruct_defaults;
    struct dr_votes votes;
    struct dr_turns turns;
    params.min_duration_off_s = strtod(argv[5], NULL);
    segmentation.active = load("active", DR_CHUNK_FRAMES, &segmentation.num_chunks);
    const int32_t *assign = load("assign", DR_LOCAL_SPEAKERS * sizeof *assign, &num_assigned);
    check(num_assigned == segmentation.num_chunks, "chunks differ");
    check(!dr_votes_open(&votes, &segmentation, assign, num_speakers, max_count, &arena, &err),
          err.message);
    save_counts(&votes);
    check(!dr_reconstruct_votes(&turns, &segmentation, assign, num_speakers, max_count, INFINITY,
                                &params, &arena, &err),
          err.message);
    save_turns("turns", turns.turn, turns.num_turns, turns.order);
    save_turns("exclusive", turns.exclusive, turns.num_exclusive, turns.order);
    dr_arena_free(&arena);
    return 0;
}
