/* fuzz_weights.c - bytes as a model file.
 * SPDX-License-Identifier: MIT
 *
 * What was read is looked at through every function of weights.h, and must lie within the bytes. */
#include "nn/weights.h"

#include <string.h>

#include "fuzz.h"

static void check_tensor(const struct dr_weights *weights, const struct dr_tensor *tensor,
                         const uint8_t *bytes, size_t size) {
    diarist_error err = {0};
    const uint64_t *n = tensor->shape;
    size_t offset = (size_t)((const uint8_t *)tensor->data - bytes), product = 1;
    FUZZ_CHECK(offset <= size && (size - offset) / (tensor->is_f64   ? 8
                                                    : tensor->is_f32 ? 4
                                                                     : 1) >=
                                     tensor->num_elements);
    FUZZ_CHECK((uintptr_t)tensor->data % 4 == 0 && tensor->num_dims <= DR_MAX_DIMS);
    for (uint32_t i = 0; i < tensor->num_dims; i++)
        product *= n[i];
    FUZZ_CHECK(product == tensor->num_elements);
    const float *values =
        dr_weights_get(weights, &err, tensor->name, tensor->num_dims, (unsigned)n[0],
                       (unsigned)n[1], (unsigned)n[2], (unsigned)n[3], (unsigned)n[4],
                       (unsigned)n[5], (unsigned)n[6], (unsigned)n[7]);
    FUZZ_CHECK(values ? err.status == 0 : err.status == DIARIST_ERROR_MODEL && *err.message);
    FUZZ_CHECK(!values || values == tensor->data);
    for (size_t i = 0; values && i < tensor->num_elements; i++)
        FUZZ_CHECK(values[i] - values[i] == 0);
    FUZZ_CHECK(!dr_weights_get(weights, NULL, tensor->name, 1, ~0u));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct dr_weights *weights;
    diarist_error err = {0};
    int status = dr_weights_parse(&weights, data, size, &err);
    FUZZ_CHECK(status == err.status && (status == DIARIST_OK) == (weights != NULL));
    if (status) {
        FUZZ_CHECK(status == DIARIST_ERROR_MODEL && *err.message);
        return 0;
    }
    for (size_t i = 0; i < dr_weights_num_tensors(weights); i++) {
        const struct dr_tensor *tensor = dr_weights_tensor(weights, i);
        FUZZ_CHECK(i == 0 || strcmp(dr_weights_tensor(weights, i - 1)->name, tensor->name) < 0);
        check_tensor(weights, tensor, data, size);
    }
    const char *architecture = dr_weights_metadata(weights, "architecture");
    FUZZ_CHECK(!architecture || strlen(architecture) <= size);
    FUZZ_CHECK(!dr_weights_get(weights, &err, "\n", 1, 1u) && err.status == DIARIST_ERROR_MODEL);
    dr_weights_free(weights);
    return 0;
}
