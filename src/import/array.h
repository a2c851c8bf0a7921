/* array.h - a tensor as it lies in somebody's file, and its values.
 * SPDX-License-Identifier: MIT
 *
 * Values stay where they are, little-endian, at any alignment, with strides as PyTorch has them. */
#ifndef DR_IMPORT_ARRAY_H
#define DR_IMPORT_ARRAY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "diarist/diarist.h"
#include "nn/weights.h"

enum dr_item {
    DR_ITEM_OTHER, /* integers and the like: no network keeps weights so; data is NULL */
    DR_ITEM_F64,
    DR_ITEM_F32,
    DR_ITEM_F16,
    DR_ITEM_BF16,
    DR_NUM_ITEMS
};

struct dr_array {
    const char *name;
    enum dr_item item;
    uint32_t num_dims;
    uint64_t shape[DR_MAX_DIMS];
    uint64_t stride[DR_MAX_DIMS]; /* in items */
    const unsigned char *data;
    uint64_t num_items;
};

/* All tensors of a file, in the order of the file. */
struct dr_arrays {
    struct dr_array *items;
    size_t num;
};
/* The last one of that name, or NULL. */
const struct dr_array *dr_arrays_find(const struct dr_arrays *arrays, const char *name);

size_t dr_item_size(enum dr_item item); /* 0 for DR_ITEM_OTHER */

/* Strides of a C-ordered array of the shape, which dr_array_place has to check. */
void dr_array_pack(struct dr_array *array);

/* Puts the array at data. Refuses it when it would reach beyond the size bytes there, or when its
 * shape has more items than any network's. */
int dr_array_place(struct dr_array *array, const unsigned char *data, size_t size,
                   diarist_error *err);

bool dr_array_has_shape(const struct dr_array *array, uint32_t num_dims, const uint64_t *shape);

/* The values in C order into out[num_items], rounded to nearest. DIARIST_ERROR_MODEL: integers, an
 * infinity or a NaN. */
int dr_array_floats(float *out, const struct dr_array *array, diarist_error *err);
int dr_array_doubles(double *out, const struct dr_array *array, diarist_error *err);

/* "[60][80][5]" */
void dr_print_shape(char text[80], uint32_t num_dims, const uint64_t *shape);

#endif
