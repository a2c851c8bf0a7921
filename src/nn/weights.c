/* weights.c - a model file: named tensors and metadata, mapped and checked, never executed.
 * SPDX-License-Identifier: MIT
 *
 * bytes -> header length -> JSON header -> tensors and metadata, tensors in the order of their
 * names. The tensors must fill the data from its first to its last byte, without gaps or overlaps,
 * as the format demands. */
#include "nn/weights.h"

#include <assert.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/growing.h"
#include "nn/json_cursor.h"

#define MAX_HEADER_BYTES ((uint64_t)16 << 20)
#define MAX_TENSORS 4096
#define MAX_METADATA 256
#define MAX_NAME_BYTES 256

struct metadata {
    const char *key, *value;
};

struct dr_weights {
    struct dr_tensor *tensors; /* [num_tensors], sorted by name */
    struct metadata *metadata; /* [num_metadata], sorted by key */
    size_t num_tensors, tensor_capacity;
    size_t num_metadata, metadata_capacity;
    int has_metadata;
    char *strings; /* names, keys and values */
};

/* Which bytes of the data a tensor takes. */
struct span {
    uint64_t begin, end;
    const char *name;
};

struct reader {
    struct dr_cursor json;
    struct span *spans;          /* [MAX_TENSORS], in the order of the header */
    const unsigned char *header; /* where the JSON begins */
    const unsigned char *data;   /* where the tensors' bytes begin */
    uint64_t data_size;
    diarist_error *err;
};

/* Types of the format that a model file may have, and their sizes. */
static const struct {
    const char *name;
    unsigned size;
} dtypes[] = {{"F32", 4}, {"F64", 8}, {"I64", 8}, {"I32", 4}, {"I16", 2}, {"I8", 1},
              {"U64", 8}, {"U32", 4}, {"U16", 2}, {"U8", 1},  {"BOOL", 1}};

static int broken(diarist_error *err, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static int broken(diarist_error *err, const char *format, ...) {
    char what[200];
    va_list args;
    va_start(args, format);
    vsnprintf(what, sizeof what, format, args);
    va_end(args);
    return dr_fail(err, DIARIST_ERROR_MODEL,
                   "%s; make it again with models/import.py or diarist models import", what);
}

static int broken_json(const struct reader *reader, const char *expected) {
    return broken(reader->err, "the model file's header is broken: %s expected at byte %zu",
                  expected, (size_t)(reader->json.at - reader->header));
}

/* ---- the header --------------------------------------------------------------------------- */

static int read_metadata(struct reader *reader, struct dr_weights *weights) {
    size_t length;
    if (weights->has_metadata)
        return broken(reader->err, "the model file's header has __metadata__ twice");
    weights->has_metadata = 1;
    if (!dr_cursor_take(&reader->json, '{'))
        return broken_json(reader, "{ of the metadata");
    if (dr_cursor_take(&reader->json, '}'))
        return DIARIST_OK;
    do {
        if (weights->num_metadata == MAX_METADATA)
            return broken(reader->err, "the model file has more than %d metadata entries",
                          MAX_METADATA);
        int status = dr_grow(&weights->metadata, &weights->metadata_capacity,
                             weights->num_metadata + 1, sizeof *weights->metadata, reader->err);
        if (status)
            return status;
        struct metadata *entry = &weights->metadata[weights->num_metadata];
        if (!(entry->key = dr_cursor_string(&reader->json, &length)))
            return broken_json(reader, "a metadata key");
        if (!dr_cursor_take(&reader->json, ':'))
            return broken_json(reader, ": of the metadata");
        if (!(entry->value = dr_cursor_string(&reader->json, &length)))
            return broken_json(reader, "a metadata string");
        weights->num_metadata++;
    } while (dr_cursor_take(&reader->json, ','));
    if (!dr_cursor_take(&reader->json, '}'))
        return broken_json(reader, "} of the metadata");
    return DIARIST_OK;
}

/* The value of "dtype". */
static int read_dtype(struct reader *reader, struct dr_tensor *tensor, unsigned *item_size) {
    size_t length;
    const char *name = dr_cursor_string(&reader->json, &length);
    if (!name)
        return broken_json(reader, "a type");
    for (size_t i = 0; i < sizeof dtypes / sizeof *dtypes; i++)
        if (strcmp(name, dtypes[i].name) == 0) {
            tensor->is_f32 = i == 0;
            tensor->is_f64 = i == 1;
            *item_size = dtypes[i].size;
            return DIARIST_OK;
        }
    return broken(reader->err,
                  "tensor \"%.80s\" is of type \"%.16s\", neither F32 or F64 nor an integer",
                  tensor->name, name);
}

/* The value of "shape". */
static int read_shape(struct reader *reader, struct dr_tensor *tensor) {
    tensor->num_dims = 0;
    tensor->num_elements = 1;
    if (!dr_cursor_take(&reader->json, '['))
        return broken_json(reader, "[ of a shape");
    if (dr_cursor_take(&reader->json, ']'))
        return DIARIST_OK;
    do {
        uint64_t size;
        if (tensor->num_dims == DR_MAX_DIMS)
            return broken(reader->err, "tensor \"%.80s\" has more than %d dimensions", tensor->name,
                          DR_MAX_DIMS);
        if (!dr_cursor_uint(&reader->json, &size))
            return broken_json(reader, "a dimension");
        if (__builtin_mul_overflow(tensor->num_elements, size, &tensor->num_elements))
            return broken(reader->err, "tensor \"%.80s\" has a shape beyond any memory",
                          tensor->name);
        tensor->shape[tensor->num_dims++] = size;
    } while (dr_cursor_take(&reader->json, ','));
    if (!dr_cursor_take(&reader->json, ']'))
        return broken_json(reader, "] of a shape");
    return DIARIST_OK;
}

/* The value of "data_offsets". */
static int read_offsets(struct reader *reader, struct span *span) {
    if (!dr_cursor_take(&reader->json, '[') || !dr_cursor_uint(&reader->json, &span->begin) ||
        !dr_cursor_take(&reader->json, ',') || !dr_cursor_uint(&reader->json, &span->end) ||
        !dr_cursor_take(&reader->json, ']'))
        return broken_json(reader, "[begin, end] of data_offsets");
    return DIARIST_OK;
}

/* Checks that the tensor's bytes are in the file and as many as its shape needs. */
static int place_tensor(const struct reader *reader, struct dr_tensor *tensor, unsigned item_size,
                        const struct span *span) {
    uint64_t num_bytes;
    if (span->begin > span->end)
        return broken(reader->err, "tensor \"%.80s\" ends before it begins", tensor->name);
    if (span->end > reader->data_size)
        return broken(
            reader->err, "tensor \"%.80s\" ends at byte %llu of %llu: the model file is cut",
            tensor->name, (unsigned long long)span->end, (unsigned long long)reader->data_size);
    if (__builtin_mul_overflow((uint64_t)tensor->num_elements, item_size, &num_bytes) ||
        num_bytes != span->end - span->begin)
        return broken(reader->err, "tensor \"%.80s\" has %llu bytes where its shape needs %llu",
                      tensor->name, (unsigned long long)(span->end - span->begin),
                      (unsigned long long)num_bytes);
    tensor->data = reader->data + span->begin;
    const unsigned alignment = tensor->is_f64 ? 8 : 4;
    if ((uintptr_t)tensor->data % alignment)
        return broken(reader->err, "tensor \"%.80s\" is not aligned to %u bytes", tensor->name,
                      alignment);
    return DIARIST_OK;
}

enum { HAS_DTYPE = 1, HAS_SHAPE = 2, HAS_OFFSETS = 4, HAS_ALL = 7 };

/* {"dtype": .., "shape": .., "data_offsets": ..} in any order, each once. */
static int read_tensor(struct reader *reader, struct dr_tensor *tensor, struct span *span) {
    unsigned item_size = 0, seen = 0;
    if (!dr_cursor_take(&reader->json, '{'))
        return broken_json(reader, "{ of a tensor");
    do {
        size_t length;
        const char *key = dr_cursor_string(&reader->json, &length);
        if (!key)
            return broken_json(reader, "a key of a tensor");
        if (!dr_cursor_take(&reader->json, ':'))
            return broken_json(reader, ": after a key of a tensor");
        unsigned member = strcmp(key, "dtype") == 0          ? HAS_DTYPE
                          : strcmp(key, "shape") == 0        ? HAS_SHAPE
                          : strcmp(key, "data_offsets") == 0 ? HAS_OFFSETS
                                                             : 0u;
        if (!member || (seen & member))
            return broken(reader->err, "tensor \"%.80s\" has \"%.40s\" %s", tensor->name, key,
                          member ? "twice" : "in its description, which is not known");
        int status = member == HAS_DTYPE   ? read_dtype(reader, tensor, &item_size)
                     : member == HAS_SHAPE ? read_shape(reader, tensor)
                                           : read_offsets(reader, span);
        if (status)
            return status;
        seen |= member;
    } while (dr_cursor_take(&reader->json, ','));
    if (!dr_cursor_take(&reader->json, '}'))
        return broken_json(reader, "} of a tensor");
    if (seen != HAS_ALL)
        return broken(reader->err, "tensor \"%.80s\" lacks its dtype, shape or data_offsets",
                      tensor->name);
    return place_tensor(reader, tensor, item_size, span);
}

static int read_named_tensor(struct reader *reader, struct dr_weights *weights, const char *name,
                             size_t length) {
    if (length == 0 || length > MAX_NAME_BYTES)
        return broken(reader->err, "the model file has a tensor name of %zu bytes", length);
    if (weights->num_tensors == MAX_TENSORS)
        return broken(reader->err, "the model file has more than %d tensors", MAX_TENSORS);
    int status = dr_grow(&weights->tensors, &weights->tensor_capacity, weights->num_tensors + 1,
                         sizeof *weights->tensors, reader->err);
    if (status)
        return status;
    struct dr_tensor *tensor = &weights->tensors[weights->num_tensors];
    memset(tensor, 0, sizeof *tensor);
    tensor->name = name;
    struct span *span = &reader->spans[weights->num_tensors];
    span->name = name;
    status = read_tensor(reader, tensor, span);
    if (status == DIARIST_OK)
        weights->num_tensors++;
    return status;
}

static int read_header(struct reader *reader, struct dr_weights *weights) {
    if (!dr_cursor_take(&reader->json, '{'))
        return broken_json(reader, "{ of the header");
    if (!dr_cursor_take(&reader->json, '}')) {
        do {
            size_t length;
            const char *name = dr_cursor_string(&reader->json, &length);
            if (!name)
                return broken_json(reader, "a tensor's name");
            if (!dr_cursor_take(&reader->json, ':'))
                return broken_json(reader, ": after a tensor's name");
            int status = strcmp(name, "__metadata__") == 0
                             ? read_metadata(reader, weights)
                             : read_named_tensor(reader, weights, name, length);
            if (status)
                return status;
        } while (dr_cursor_take(&reader->json, ','));
        if (!dr_cursor_take(&reader->json, '}'))
            return broken_json(reader, "} of the header");
    }
    if (!dr_cursor_at_end(&reader->json))
        return broken_json(reader, "the end of the header");
    if (weights->num_tensors == 0)
        return broken(reader->err, "the model file has no tensors");
    return DIARIST_OK;
}

/* ---- the whole ---------------------------------------------------------------------------- */

static int compare_spans(const void *a, const void *b) {
    const struct span *x = a, *y = b;
    if (x->begin != y->begin)
        return x->begin < y->begin ? -1 : 1;
    return x->end < y->end ? -1 : x->end > y->end;
}

/* The tensors must cover the data exactly. */
static int check_layout(const struct reader *reader, const struct dr_weights *weights) {
    uint64_t covered = 0;
    qsort(reader->spans, weights->num_tensors, sizeof *reader->spans, compare_spans);
    for (size_t i = 0; i < weights->num_tensors; i++) {
        const struct span *span = &reader->spans[i];
        if (span->begin != covered)
            return broken(reader->err, "tensor \"%.80s\" %s", span->name,
                          span->begin < covered ? "overlaps another one"
                                                : "leaves a gap before it");
        covered = span->end;
    }
    if (covered != reader->data_size)
        return broken(reader->err, "the model file has %llu bytes after its last tensor",
                      (unsigned long long)(reader->data_size - covered));
    return DIARIST_OK;
}

static int compare_tensors(const void *a, const void *b) {
    const struct dr_tensor *x = a, *y = b;
    return strcmp(x->name, y->name);
}

static int compare_metadata(const void *a, const void *b) {
    const struct metadata *x = a, *y = b;
    return strcmp(x->key, y->key);
}

/* Sorts for lookup; a name that comes twice would make lookup a matter of luck. */
static int sort_names(struct dr_weights *weights, diarist_error *err) {
    qsort(weights->tensors, weights->num_tensors, sizeof *weights->tensors, compare_tensors);
    for (size_t i = 1; i < weights->num_tensors; i++)
        if (compare_tensors(&weights->tensors[i - 1], &weights->tensors[i]) == 0)
            return broken(err, "the model file has tensor \"%.80s\" twice",
                          weights->tensors[i].name);
    if (weights->num_metadata == 0)
        return DIARIST_OK;
    qsort(weights->metadata, weights->num_metadata, sizeof *weights->metadata, compare_metadata);
    for (size_t i = 1; i < weights->num_metadata; i++)
        if (compare_metadata(&weights->metadata[i - 1], &weights->metadata[i]) == 0)
            return broken(err, "the model file has metadata \"%.80s\" twice",
                          weights->metadata[i].key);
    return DIARIST_OK;
}

/* The frame of the file: where header and data begin and end. */
static int read_frame(struct reader *reader, const void *bytes, size_t size) {
    const unsigned char *file = bytes;
    uint64_t header_size = 0;
    if (size < 8)
        return broken(reader->err, "the model file has only %zu bytes", size);
    for (int i = 7; i >= 0; i--)
        header_size = header_size << 8 | file[i];
    if (header_size > MAX_HEADER_BYTES)
        return broken(reader->err, "this is not a model file: its header would have %llu bytes",
                      (unsigned long long)header_size);
    if (header_size > size - 8)
        return broken(reader->err, "the model file is cut inside its header");
    reader->header = file + 8;
    reader->data = file + 8 + header_size;
    reader->data_size = size - 8 - header_size;
    reader->json.at = reader->header;
    reader->json.end = reader->data;
    return DIARIST_OK;
}

static int parse(struct dr_weights *weights, const void *bytes, size_t size, diarist_error *err) {
    struct reader reader = {.err = err};
    int status = read_frame(&reader, bytes, size);
    if (status)
        return status;
    /* One byte more, so that an empty header asks for memory too. */
    weights->strings = malloc((size_t)(reader.data - reader.header) + 1);
    reader.spans = malloc(MAX_TENSORS * sizeof *reader.spans);
    if (!weights->strings || !reader.spans) {
        status = dr_fail_memory(err);
        goto done;
    }
    reader.json.pool = weights->strings;
    if ((status = read_header(&reader, weights)) || (status = check_layout(&reader, weights)))
        goto done;
    status = sort_names(weights, err);
done:
    free(reader.spans);
    return status;
}

int dr_weights_parse(struct dr_weights **out, const void *bytes, size_t size, diarist_error *err) {
    *out = NULL;
    struct dr_weights *weights = calloc(1, sizeof *weights);
    if (!weights)
        return dr_fail_memory(err);
    int status = parse(weights, bytes, size, err);
    if (status) {
        dr_weights_free(weights);
        return status;
    }
    *out = weights;
    return DIARIST_OK;
}

void dr_weights_free(struct dr_weights *weights) {
    if (!weights)
        return;
    free(weights->tensors);
    free(weights->metadata);
    free(weights->strings);
    free(weights);
}

/* ---- what is in it ------------------------------------------------------------------------ */

size_t dr_weights_num_tensors(const struct dr_weights *weights) {
    return weights->num_tensors;
}

const struct dr_tensor *dr_weights_tensor(const struct dr_weights *weights, size_t i) {
    assert(i < weights->num_tensors);
    return &weights->tensors[i];
}

const char *dr_weights_metadata(const struct dr_weights *weights, const char *key) {
    if (weights->num_metadata == 0)
        return NULL;
    struct metadata wanted = {.key = key};
    const struct metadata *found = bsearch(&wanted, weights->metadata, weights->num_metadata,
                                           sizeof *weights->metadata, compare_metadata);
    return found ? found->value : NULL;
}

typedef uint32_t four_words __attribute__((vector_size(16)));

/* 1 if no value is an infinity or NaN. Adding one to the exponent carries into the sign bit exactly
 * where all its bits are set. Vectors, because every start of the program goes through all weights.
 */
static int all_finite(const void *data, size_t n) {
    const unsigned char *p = data;
    four_words words, carries = {0};
    uint32_t word, carry = 0;
    size_t i = 0;
    for (; i + 4 <= n; i += 4) {
        memcpy(&words, p + 4 * i, sizeof words);
        carries |= (words & 0x7fffffff) + 0x00800000;
    }
    for (; i < n; i++) {
        memcpy(&word, p + 4 * i, sizeof word);
        carry |= (word & 0x7fffffff) + 0x00800000;
    }
    carry |= carries[0] | carries[1] | carries[2] | carries[3];
    return !(carry >> 31);
}

static int all_finite_f64(const double *values, size_t n) {
    for (size_t i = 0; i < n; i++)
        if (!isfinite(values[i]))
            return 0;
    return 1;
}

/* "[512][60]" into text. */
static void print_shape(char *text, size_t size, const uint64_t *shape, unsigned num_dims) {
    size_t used = 0;
    text[0] = '\0';
    for (unsigned i = 0; i < num_dims && used < size; i++)
        used += (size_t)snprintf(text + used, size - used, "[%llu]", (unsigned long long)shape[i]);
}

static int check_shape(const struct dr_tensor *tensor, const struct dr_tensor *wanted,
                       diarist_error *err) {
    if (tensor->num_dims == wanted->num_dims &&
        memcmp(tensor->shape, wanted->shape, wanted->num_dims * sizeof *wanted->shape) == 0)
        return DIARIST_OK;
    char has[48], instead[48];
    print_shape(has, sizeof has, tensor->shape, tensor->num_dims);
    print_shape(instead, sizeof instead, wanted->shape, wanted->num_dims);
    return broken(err, "tensor \"%.80s\" has shape %s instead of %s", tensor->name,
                  *has ? has : "[]", *instead ? instead : "[]");
}

/* The values of the tensor that `wanted` names and describes. */
static const void *get(const struct dr_weights *weights, const struct dr_tensor *wanted,
                       diarist_error *err) {
    const struct dr_tensor *tensor = bsearch(wanted, weights->tensors, weights->num_tensors,
                                             sizeof *weights->tensors, compare_tensors);
    if (!tensor) {
        broken(err, "the model file has no tensor \"%.80s\"", wanted->name);
        return NULL;
    }
    if (check_shape(tensor, wanted, err))
        return NULL;
    if (tensor->is_f32 != wanted->is_f32 || tensor->is_f64 != wanted->is_f64) {
        broken(err, "tensor \"%.80s\" holds %s instead of %s", tensor->name,
               tensor->is_f32   ? "floats"
               : tensor->is_f64 ? "doubles"
                                : "integers",
               wanted->is_f32 ? "floats" : "doubles");
        return NULL;
    }
    if (!(tensor->is_f32 ? all_finite(tensor->data, tensor->num_elements)
                         : all_finite_f64(tensor->data, tensor->num_elements))) {
        broken(err, "tensor \"%.80s\" holds an infinity or NaN", tensor->name);
        return NULL;
    }
    return tensor->data;
}

static void read_dims(struct dr_tensor *wanted, unsigned num_dims, va_list args) {
    assert(num_dims <= DR_MAX_DIMS);
    wanted->num_dims = num_dims;
    for (unsigned i = 0; i < num_dims; i++)
        wanted->shape[i] = va_arg(args, unsigned);
}

const float *dr_weights_get(const struct dr_weights *weights, diarist_error *err, const char *name,
                            unsigned num_dims, ...) {
    struct dr_tensor wanted = {.name = name, .is_f32 = 1};
    va_list args;
    va_start(args, num_dims);
    read_dims(&wanted, num_dims, args);
    va_end(args);
    return err && err->status ? NULL : get(weights, &wanted, err);
}

const double *dr_weights_get_f64(const struct dr_weights *weights, diarist_error *err,
                                 const char *name, unsigned num_dims, ...) {
    struct dr_tensor wanted = {.name = name, .is_f64 = 1};
    va_list args;
    va_start(args, num_dims);
    read_dims(&wanted, num_dims, args);
    va_end(args);
    return err && err->status ? NULL : get(weights, &wanted, err);
}
