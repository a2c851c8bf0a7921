/* npy.h - NumPy's files: an array, or a zip of arrays.
 * SPDX-License-Identifier: MIT */
#ifndef DR_IMPORT_NPY_H
#define DR_IMPORT_NPY_H

#include "base/arena.h"
#include "import/array.h"

/* One .npy in memory. out->name must be set; bytes must stay valid as long as the array. */
int dr_npy_read(struct dr_array *out, const unsigned char *bytes, size_t size, diarist_error *err);

/* All arrays of an .npz, under their names without ".npy". */
int dr_npz_read(struct dr_arrays *out, const unsigned char *bytes, size_t size,
                struct dr_arena *arena, diarist_error *err);

#endif
