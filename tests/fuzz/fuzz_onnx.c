/* fuzz_onnx.c - bytes as an ONNX file, and the networks looked for in its graph.
 * SPDX-License-Identifier: MIT
 *
 * External data are zeros, so that the seeds stay small although networks are large. */
#include "import/networks.h"

#include <string.h>

#include "fuzz.h"

enum { ZEROS = 6 << 20 };

static int zeros_beside(void *user, const char *name, const unsigned char **bytes, size_t *size,
                        diarist_error *err) {
    static const unsigned char zeros[ZEROS];
    (void)user, (void)err;
    FUZZ_CHECK(!strchr(name, '/') && *name);
    *bytes = zeros;
    *size = sizeof zeros;
    return DIARIST_OK;
}

static void find(const struct dr_onnx *onnx, struct dr_arena *arena,
                 int (*network)(struct dr_model_tensors *, const struct dr_onnx *,
                                diarist_error *)) {
    struct dr_model_tensors tensors = {.arena = arena};
    diarist_error err = {0};
    int status = network(&tensors, onnx, &err);
    FUZZ_CHECK(status == err.status && (!status || fuzz_is_line(err.message)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct dr_arena arena = {NULL};
    struct dr_onnx onnx;
    diarist_error err = {0};
    int status = dr_onnx_read(&onnx, data, size, zeros_beside, NULL, &arena, &err);
    FUZZ_CHECK(status == err.status && (!status || fuzz_is_line(err.message)));
    if (!status) {
        find(&onnx, &arena, dr_segmentation_from_onnx);
        find(&onnx, &arena, dr_resnet34_from_onnx);
    }
    dr_arena_free(&arena);
    return 0;
}
