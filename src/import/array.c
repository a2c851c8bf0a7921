/* array.c - a tensor as it lies in somebody's file, and its values.
 * SPDX-License-Identifier: MIT */
#include "import/array.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "import/refuse.h"

#define MAX_ITEMS ((uint64_t)1 << 28)

static const size_t item_sizes[DR_NUM_ITEMS] = {
    [DR_ITEM_F64] = 8, [DR_ITEM_F32] = 4, [DR_ITEM_F16] = 2, [DR_ITEM_BF16] = 2};

size_t dr_item_size(enum dr_item item) {
    return item_sizes[item];
}

const struct dr_array *dr_arrays_find(const struct dr_arrays *arrays, const char *name) {
    for (size_t i = arrays->num; i > 0; i--)
        if (!strcmp(arrays->items[i - 1].name, name))
            return &arrays->items[i - 1];
    return NULL;
}

void dr_array_pack(struct dr_array *array) {
    uint64_t step = 1;
    for (uint32_t d = array->num_dims; d > 0; d--) {
        array->stride[d - 1] = step;
        /* A product that overflows belongs to a shape that dr_array_place refuses. */
        step *= array->shape[d - 1] ? array->shape[d - 1] : 1;
    }
}

/* The product of the shape into *num_items, the place of the last item into *last. */
static int measure(const struct dr_array *array, uint64_t *num_items, uint64_t *last,
                   diarist_error *err) {
    bool overflow = false;
    *num_items = 1;
    *last = 0;
    for (uint32_t d = 0; d < array->num_dims; d++)
        if (array->shape[d] == 0)
            *num_items = 0;
    for (uint32_t d = 0; d < array->num_dims && *num_items; d++) {
        uint64_t reach;
        overflow |= __builtin_mul_overflow(*num_items, array->shape[d], num_items);
        overflow |= __builtin_mul_overflow(array->shape[d] - 1, array->stride[d], &reach);
        overflow |= __builtin_add_overflow(*last, reach, last);
    }
    if (overflow || *num_items > MAX_ITEMS)
        return dr_damaged(err, "tensor %.80s has a shape beyond any network's", array->name);
    return DIARIST_OK;
}

int dr_array_place(struct dr_array *array, const unsigned char *data, size_t size,
                   diarist_error *err) {
    uint64_t last;
    int status = measure(array, &array->num_items, &last, err);
    if (status || array->item == DR_ITEM_OTHER)
        return status;
    uint64_t room = size / dr_item_size(array->item);
    if (array->num_items && last >= room)
        return dr_damaged(err, "tensor %.80s reaches item %llu of %llu", array->name,
                          (unsigned long long)last, (unsigned long long)room);
    array->data = data;
    return DIARIST_OK;
}

bool dr_array_has_shape(const struct dr_array *array, uint32_t num_dims, const uint64_t *shape) {
    return array->num_dims == num_dims &&
           !memcmp(array->shape, shape, num_dims * sizeof array->shape[0]);
}

static double half_value(uint16_t bits) {
    const int exponent = bits >> 10 & 31, fraction = bits & 1023;
    double value = exponent == 31  ? (fraction ? (double)NAN : (double)INFINITY)
                   : exponent == 0 ? ldexp(fraction, -24)
                                   : ldexp(1024 + fraction, exponent - 25);
    return bits >> 15 ? -value : value;
}

static double item_value(const unsigned char *at, enum dr_item item) {
    uint16_t half;
    uint32_t word;
    float single;
    double value;
    switch (item) {
    case DR_ITEM_F64:
        memcpy(&value, at, sizeof value);
        return value;
    case DR_ITEM_F32:
        memcpy(&single, at, sizeof single);
        return (double)single;
    case DR_ITEM_F16:
        memcpy(&half, at, sizeof half);
        return half_value(half);
    case DR_ITEM_BF16:
        memcpy(&half, at, sizeof half);
        word = (uint32_t)half << 16;
        memcpy(&single, &word, sizeof single);
        return (double)single;
    default:
        return (double)NAN;
    }
}

/* Goes to the next item in C order: index and the item's place. */
static uint64_t step(const struct dr_array *array, uint64_t *index, uint64_t place) {
    for (uint32_t d = array->num_dims; d > 0; d--) {
        place += array->stride[d - 1];
        if (++index[d - 1] < array->shape[d - 1])
            return place;
        place -= array->shape[d - 1] * array->stride[d - 1];
        index[d - 1] = 0;
    }
    return place;
}

/* Values into floats or doubles, whichever is not NULL. */
static int convert(float *floats, double *doubles, const struct dr_array *array,
                   diarist_error *err) {
    uint64_t index[DR_MAX_DIMS] = {0}, place = 0;
    const size_t size = dr_item_size(array->item);
    if (array->item == DR_ITEM_OTHER)
        return dr_refuse(err, "give the file with weights of 16, 32 or 64-bit floats",
                         "tensor %.80s does not hold floats", array->name);
    for (uint64_t i = 0; i < array->num_items; i++) {
        const double value = item_value(array->data + place * size, array->item);
        if (!isfinite(value) || (floats && !isfinite((float)value)))
            return dr_damaged(err, "tensor %.80s holds an infinity or NaN", array->name);
        if (floats)
            floats[i] = (float)value;
        else
            doubles[i] = value;
        place = step(array, index, place);
    }
    return DIARIST_OK;
}

/* Whether the values lie as C order has them, one after another. */
static bool is_packed(const struct dr_array *array) {
    struct dr_array packed = *array;
    dr_array_pack(&packed);
    return !memcmp(packed.stride, array->stride, array->num_dims * sizeof array->stride[0]);
}

/* The usual case, and the bulk of all data: floats as they are. */
static int copy_floats(float *out, const struct dr_array *array, diarist_error *err) {
    float sum = 0.0f;
    if (array->num_items)
        memmove(out, array->data, array->num_items * sizeof *out); /* it may be in place */
    /* Zero times an infinity or NaN is NaN, and so is every sum with it. */
    for (uint64_t i = 0; i < array->num_items; i++)
        sum += 0.0f * out[i];
    if (isnan(sum))
        return dr_damaged(err, "tensor %.80s holds an infinity or NaN", array->name);
    return DIARIST_OK;
}

int dr_array_floats(float *out, const struct dr_array *array, diarist_error *err) {
    if (array->item == DR_ITEM_F32 && is_packed(array))
        return copy_floats(out, array, err);
    return convert(out, NULL, array, err);
}

int dr_array_doubles(double *out, const struct dr_array *array, diarist_error *err) {
    return convert(NULL, out, array, err);
}

void dr_print_shape(char text[80], uint32_t num_dims, const uint64_t *shape) {
    size_t used = 0;
    snprintf(text, 80, "[]");
    for (uint32_t d = 0; d < num_dims && used < 60; d++)
        used += (size_t)snprintf(text + used, 80 - used, "[%llu]", (unsigned long long)shape[d]);
}
