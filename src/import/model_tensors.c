/* model_tensors.c - the tensors of a model file that is being made, and the file.
 * SPDX-License-Identifier: MIT */
#include "import/model_tensors.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "import/refuse.h"

enum { ALIGNMENT = 64, MAX_TENSORS = 512 };

static const char *join(struct dr_arena *arena, const char *prefix, const char *name) {
    const size_t size = strlen(prefix) + strlen(name) + 1;
    char *text = dr_arena_alloc(arena, size, 1);
    if (text)
        snprintf(text, size, "%s%s", prefix, name);
    return text;
}

void *dr_model_tensors_add(struct dr_model_tensors *tensors, const char *prefix, const char *name,
                           bool is_f64, uint32_t num_dims, const uint64_t *shape,
                           diarist_error *err) {
    if (!tensors->items) {
        tensors->items = dr_arena_zalloc(tensors->arena, MAX_TENSORS, sizeof *tensors->items);
        tensors->capacity = tensors->items ? MAX_TENSORS : 0;
    }
    struct dr_model_tensor tensor = {.is_f64 = is_f64, .num_dims = num_dims, .num_items = 1};
    memcpy(tensor.shape, shape, num_dims * sizeof *shape);
    for (uint32_t d = 0; d < num_dims; d++)
        tensor.num_items *= shape[d];
    tensor.name = join(tensors->arena, prefix, name);
    tensor.data =
        dr_arena_alloc(tensors->arena, tensor.num_items, is_f64 ? sizeof(double) : sizeof(float));
    if (tensors->num == tensors->capacity || !tensor.name || !tensor.data) {
        dr_fail_memory(err);
        return NULL;
    }
    tensors->items[tensors->num++] = tensor;
    return tensor.data;
}

int dr_model_tensors_take(struct dr_model_tensors *tensors, const char *prefix, const char *name,
                          bool is_f64, uint32_t num_dims, const uint64_t *shape,
                          const struct dr_array *array, diarist_error *err) {
    static const char advice[] = "it is another network or version";
    if (!array)
        return dr_refuse(err, advice, "it has no tensor for %s%s", prefix, name);
    if (!dr_array_has_shape(array, num_dims, shape)) {
        char has[80], wanted[80];
        dr_print_shape(has, array->num_dims, array->shape);
        dr_print_shape(wanted, num_dims, shape);
        return dr_refuse(err, advice, "tensor %.60s has shape %.50s instead of %.50s", array->name,
                         has, wanted);
    }
    void *data = dr_model_tensors_add(tensors, prefix, name, is_f64, num_dims, shape, err);
    if (!data)
        return DIARIST_ERROR_MEMORY;
    return is_f64 ? dr_array_doubles(data, array, err) : dr_array_floats(data, array, err);
}

/* ---- the file ---------------------------------------------------------------------------- */

/* The header, measured when text is NULL and then written. */
struct header {
    char *text;
    size_t used;
};

static void add(struct header *header, const char *text, size_t length) {
    if (header->text)
        memcpy(header->text + header->used, text, length);
    header->used += length;
}

static void add_text(struct header *header, const char *text) {
    add(header, text, strlen(text));
}

static void add_number(struct header *header, uint64_t number) {
    char digits[24];
    snprintf(digits, sizeof digits, "%llu", (unsigned long long)number);
    add_text(header, digits);
}

static void add_string(struct header *header, const char *text) {
    add_text(header, "\"");
    for (const char *c = text; *c; c++) {
        char escaped[8];
        if (*c == '"' || *c == '\\' || (unsigned char)*c < ' ') {
            snprintf(escaped, sizeof escaped, "\\u%04x", (unsigned char)*c);
            add_text(header, escaped);
        } else {
            add(header, c, 1);
        }
    }
    add_text(header, "\"");
}

static size_t num_bytes(const struct dr_model_tensor *tensor) {
    return tensor->num_items * (tensor->is_f64 ? sizeof(double) : sizeof(float));
}

static void add_tensor(struct header *header, const struct dr_model_tensor *tensor,
                       uint64_t offset) {
    add_string(header, tensor->name);
    add_text(header, tensor->is_f64 ? ":{\"dtype\":\"F64\",\"shape\":["
                                    : ":{\"dtype\":\"F32\",\"shape\":[");
    for (uint32_t d = 0; d < tensor->num_dims; d++) {
        add_text(header, d ? "," : "");
        add_number(header, tensor->shape[d]);
    }
    add_text(header, "],\"data_offsets\":[");
    add_number(header, offset);
    add_text(header, ",");
    add_number(header, offset + num_bytes(tensor));
    add_text(header, "]}");
}

static void add_all(struct header *header, const struct dr_model_tensors *tensors,
                    const struct dr_metadata *metadata, size_t num_metadata) {
    uint64_t offset = 0;
    add_text(header, "{\"__metadata__\":{");
    for (size_t i = 0; i < num_metadata; i++) {
        add_text(header, i ? "," : "");
        add_string(header, metadata[i].key);
        add_text(header, ":");
        add_string(header, metadata[i].value);
    }
    add_text(header, "}");
    for (size_t i = 0; i < tensors->num; i++) {
        add_text(header, ",");
        add_tensor(header, &tensors->items[i], offset);
        offset += num_bytes(&tensors->items[i]);
    }
    add_text(header, "}");
    while ((8 + header->used) % ALIGNMENT)
        add_text(header, " ");
}

/* Doubles first, then by name. */
static int compare(const void *a, const void *b) {
    const struct dr_model_tensor *x = a, *y = b;
    return x->is_f64 != y->is_f64 ? y->is_f64 - x->is_f64 : strcmp(x->name, y->name);
}

int dr_model_tensors_write(const struct dr_model_tensors *tensors,
                           const struct dr_metadata *metadata, size_t num_metadata,
                           void (*put)(void *user, const void *bytes, size_t size), void *user,
                           diarist_error *err) {
    struct header measured = {NULL, 0}, header = {NULL, 0};
    qsort(tensors->items, tensors->num, sizeof *tensors->items, compare);
    add_all(&measured, tensors, metadata, num_metadata);
    header.text = malloc(measured.used);
    if (!header.text)
        return dr_fail_memory(err);
    add_all(&header, tensors, metadata, num_metadata);
    unsigned char length[8];
    for (int i = 0; i < 8; i++)
        length[i] = (unsigned char)((uint64_t)header.used >> 8 * i);
    put(user, length, sizeof length);
    put(user, header.text, header.used);
    free(header.text);
    for (size_t i = 0; i < tensors->num; i++)
        put(user, tensors->items[i].data, num_bytes(&tensors->items[i]));
    return DIARIST_OK;
}
