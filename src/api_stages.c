/* api_stages.c - public entry point for what a result kept of its stages, as a NumPy archive.
 * SPDX-License-Identifier: MIT */
#include "diarist/io.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "output/npz.h"
#include "pipeline/result.h"

enum { Q = DR_LOCAL_SPEAKERS };

/* Columns that are made for the file. */
struct made {
    double *chunk_start;      /* [num_chunks] */
    float *speaker_embedding; /* [num_speakers][dim], NAN: none */
};

static int make_columns(struct made *made, const diarist_result *result, diarist_error *err) {
    const struct dr_kept *kept = &result->kept;
    const size_t num_speakers = diarist_result_num_speakers(result);
    diarist_chunk chunk;
    made->chunk_start = calloc(kept->num_chunks + 1, sizeof(double));
    made->speaker_embedding = calloc(num_speakers * kept->dim + 1, sizeof(float));
    if (!made->chunk_start || !made->speaker_embedding)
        return dr_fail_memory(err);
    for (size_t i = 0; diarist_result_chunk(result, i, &chunk) == 0; i++)
        made->chunk_start[i] = chunk.start;
    for (size_t s = 0; s < num_speakers; s++) {
        diarist_speaker speaker;
        diarist_result_speaker(result, s, &speaker);
        for (size_t d = 0; d < kept->dim; d++)
            made->speaker_embedding[s * kept->dim + d] =
                speaker.embedding ? speaker.embedding[d] : NAN;
    }
    return DIARIST_OK;
}

static int write_arrays(struct dr_sink *sink, const diarist_result *result, const struct made *made,
                        diarist_error *err) {
    const struct dr_kept *k = &result->kept;
    const size_t chunks = k->num_chunks, windows = k->num_windows, dim = k->dim;
    const double first_frame = DR_FRAME_MIDDLE_S, frame_step = DR_FRAME_S;
    const size_t speakers = diarist_result_num_speakers(result);
    const struct dr_npz_array arrays[] = {
        {"chunk_start", "<f8", 8, 1, {chunks}, made->chunk_start},
        {"first_frame", "<f8", 8, 0, {0}, &first_frame},
        {"frame_step", "<f8", 8, 0, {0}, &frame_step},
        {"segmentations", "|u1", 1, 3, {chunks, DR_CHUNK_FRAMES, Q}, k->active},
        {"embeddings", "<f4", 4, 3, {chunks, Q, dim}, k->embedding},
        {"hard_clusters", "<i4", 4, 2, {chunks, Q}, k->cluster},
        {"speakers", "<i4", 4, 2, {chunks, Q}, k->speaker},
        {"window_start", "<f8", 8, 1, {windows}, k->window_start_s},
        {"window_end", "<f8", 8, 1, {windows}, k->window_end_s},
        {"window_embeddings", "<f4", 4, 2, {windows, dim}, k->window_embedding},
        {"window_clusters", "<i4", 4, 1, {windows}, k->window_cluster},
        {"window_speakers", "<i4", 4, 1, {windows}, k->window_speaker},
        {"speaker_embeddings", "<f4", 4, 2, {speakers, dim}, made->speaker_embedding},
    };
    const size_t num_of_vad = 4;
    return dr_npz_write(sink, arrays, dim ? sizeof arrays / sizeof *arrays : num_of_vad, err);
}

int diarist_stages_write(const diarist_result *result, const char *path, diarist_error *err) {
    struct made made = {0};
    struct dr_sink sink;
    if (!result->kept.is_kept)
        return dr_fail(err, DIARIST_ERROR_ARGUMENT,
                       "the result kept no stages; set keep_stages in its options");
    int status = make_columns(&made, result, err);
    if (!status)
        status = dr_sink_open(&sink, path, err);
    if (!status)
        status = dr_sink_end(&sink, write_arrays(&sink, result, &made, err), err);
    free(made.chunk_start);
    free(made.speaker_embedding);
    return status;
}
