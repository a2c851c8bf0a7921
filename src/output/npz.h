/* npz.h - NumPy's archives: a zip of arrays, stored as they are.
 * SPDX-License-Identifier: MIT
 *
 * Of less than 4 GiB: what a reader without zip64 reads. */
#ifndef DR_OUTPUT_NPZ_H
#define DR_OUTPUT_NPZ_H

#include "output/sink.h"

enum { DR_NPZ_MAX_ARRAYS = 16, DR_NPZ_MAX_DIMS = 3 };

struct dr_npz_array {
    const char *name;
    const char *type; /* NumPy's: "<f4" */
    size_t item_bytes, num_dims, shape[DR_NPZ_MAX_DIMS];
    const void *data; /* in C's order; may be NULL when there are no items */
};

/* Puts all of them into the sink, which keeps its own errors. At most DR_NPZ_MAX_ARRAYS.
 * DIARIST_ERROR_LIMIT when they are too large together. */
int dr_npz_write(struct dr_sink *sink, const struct dr_npz_array *arrays, size_t num,
                 diarist_error *err);

#endif
