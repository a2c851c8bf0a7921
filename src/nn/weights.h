/* weights.h - a model file: named tensors and metadata, mapped and checked, never executed.
 * SPDX-License-Identifier: MIT
 *
 * The format is safetensors: 8 bytes little-endian header length, a JSON header
 * {"__metadata__": {...}, "name": {"dtype": "F32", "shape": [..], "data_offsets": [begin, end]}},
 * then the tensors' bytes. Everything in it is hostile until checked here: lengths, offsets,
 * products of dimensions, overlaps, alignment, duplicate names. */
#ifndef DR_NN_WEIGHTS_H
#define DR_NN_WEIGHTS_H

#include <stddef.h>
#include <stdint.h>

#include "diarist/diarist.h"

#define DR_MAX_DIMS 8

struct dr_tensor {
    const char *name;
    uint32_t num_dims; /* <= DR_MAX_DIMS */
    uint64_t shape[DR_MAX_DIMS];
    const void *data; /* into the file; 4-byte aligned, 8-byte for doubles */
    size_t num_elements;
    int is_f32, is_f64; /* neither: an integer tensor, which the engine does not use */
};

struct dr_weights;

/* Reads the file's header. bytes must stay valid as long as the weights. DIARIST_ERROR_MODEL names
 * what is wrong. */
int dr_weights_parse(struct dr_weights **out, const void *bytes, size_t size, diarist_error *err);
void dr_weights_free(struct dr_weights *weights); /* NULL allowed */

size_t dr_weights_num_tensors(const struct dr_weights *weights);
const struct dr_tensor *dr_weights_tensor(const struct dr_weights *weights, size_t i);

/* A metadata value, or NULL. */
const char *dr_weights_metadata(const struct dr_weights *weights, const char *key);

/* The floats of tensor `name`, which must have exactly the shape (num_dims values follow as
 * unsigned ints) and hold only finite values; NULL with *err filled otherwise. Once *err holds a
 * failure (err->status != 0), returns NULL at once: so a loader can ask for everything and check
 * err once. */
const float *dr_weights_get(const struct dr_weights *weights, diarist_error *err, const char *name,
                            unsigned num_dims, ...);
/* The same of a tensor of doubles. */
const double *dr_weights_get_f64(const struct dr_weights *weights, diarist_error *err,
                                 const char *name, unsigned num_dims, ...);

/* The model set embedded at build time, or *size = 0 when there is none. */
const void *dr_embedded_model(size_t *size);

/* Its SHA-256 as 64 hex digits, computed by the build; NULL when there is none. */
const char *dr_embedded_model_sha256(void);

#endif
