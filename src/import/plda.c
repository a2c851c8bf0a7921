/* plda.c - what turns an embedding into one that PLDA can judge: plda.* of a model file.
 * SPDX-License-Identifier: MIT */
#include "import/networks.h"

static const char prefix[] = "plda.";

static int take(struct dr_model_tensors *out, const struct dr_arrays *arrays, const char *name,
                uint32_t num_dims, uint64_t rows, uint64_t columns, diarist_error *err) {
    const uint64_t shape[2] = {rows, columns};
    return dr_model_tensors_take(out, prefix, name, true, num_dims, shape,
                                 dr_arrays_find(arrays, name), err);
}

int dr_plda_from_npz(struct dr_model_tensors *out, const struct dr_arrays *arrays,
                     diarist_error *err) {
    int status = take(out, arrays, "mu", 1, 128, 0, err);
    if (!status)
        status = take(out, arrays, "tr", 2, 128, 128, err);
    return status ? status : take(out, arrays, "psi", 1, 128, 0, err);
}

int dr_xvec_transform_from_npz(struct dr_model_tensors *out, const struct dr_arrays *arrays,
                               diarist_error *err) {
    int status = take(out, arrays, "mean1", 1, 256, 0, err);
    if (!status)
        status = take(out, arrays, "lda", 2, 256, 128, err);
    return status ? status : take(out, arrays, "mean2", 1, 128, 0, err);
}
