/* model_tensors.h - the tensors of a model file that is being made, and the file.
 * SPDX-License-Identifier: MIT */
#ifndef DR_IMPORT_MODEL_TENSORS_H
#define DR_IMPORT_MODEL_TENSORS_H

#include "base/arena.h"
#include "import/array.h"

struct dr_model_tensor {
    const char *name;
    bool is_f64; /* otherwise single precision */
    uint32_t num_dims;
    uint64_t shape[DR_MAX_DIMS];
    size_t num_items;
    void *data;
};

struct dr_model_tensors {
    struct dr_arena *arena; /* owns names and values */
    struct dr_model_tensor *items;
    size_t num, capacity;
};

/* A tensor PREFIX + NAME of that shape, its values yet to be filled in; NULL: no memory. */
void *dr_model_tensors_add(struct dr_model_tensors *tensors, const char *prefix, const char *name,
                           bool is_f64, uint32_t num_dims, const uint64_t *shape,
                           diarist_error *err);

/* The same with the values of an array, which must have that shape and be finite; an array that is
 * NULL is missing. */
int dr_model_tensors_take(struct dr_model_tensors *tensors, const char *prefix, const char *name,
                          bool is_f64, uint32_t num_dims, const uint64_t *shape,
                          const struct dr_array *array, diarist_error *err);

struct dr_metadata {
    const char *key, *value; /* UTF-8 */
};

/* Writes the file through put: header with the metadata, then doubles, then floats, each by name,
 * so that every tensor is aligned. The same bytes for the same tensors. */
int dr_model_tensors_write(const struct dr_model_tensors *tensors,
                           const struct dr_metadata *metadata, size_t num_metadata,
                           void (*put)(void *user, const void *bytes, size_t size), void *user,
                           diarist_error *err);

#endif
