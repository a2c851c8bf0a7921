/* checkpoint.c - the tensors of a PyTorch checkpoint (torch.save since 1.6).
 * SPDX-License-Identifier: MIT
 *
 * zip -> NAME/data.pkl -> dictionary -> per tensor: call of _rebuild_tensor_v2(storage, offset,
 * size, stride, ...), whose storage is the entry NAME/data/KEY of the zip */
#include "import/checkpoint.h"

#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "import/pickle.h"
#include "import/refuse.h"
#include "import/zip.h"

enum { MAX_PICKLE = 16 << 20, MAX_NAME = 256, MAX_TENSORS = 4096 };

typedef const struct dr_pickle_value value;

struct reader {
    struct dr_zip zip;
    struct dr_arena *arena;
    char prefix[MAX_NAME]; /* "NAME/" */
    diarist_error *err;
};

/* The entry prefix + folder + key, or NULL. */
static struct dr_zip_entry *find_entry(struct reader *reader, const char *folder,
                                       const struct dr_pickle_text *key) {
    char name[2 * MAX_NAME];
    if (key->length >= MAX_NAME / 2)
        return NULL;
    snprintf(name, sizeof name, "%s%s%.*s", reader->prefix, folder, (int)key->length, key->at);
    return dr_zip_find(&reader->zip, name);
}

static struct dr_zip_entry *find_named(struct reader *reader, const char *name) {
    const struct dr_pickle_text key = {name, strlen(name)};
    return find_entry(reader, "", &key);
}

static enum dr_item storage_item(value *class) {
    static const struct {
        const char *name;
        enum dr_item item;
    } classes[] = {{"FloatStorage", DR_ITEM_F32},
                   {"DoubleStorage", DR_ITEM_F64},
                   {"HalfStorage", DR_ITEM_F16},
                   {"BFloat16Storage", DR_ITEM_BF16}};
    for (size_t i = 0; i < sizeof classes / sizeof *classes; i++)
        if (dr_pickle_is_global(class, "torch", classes[i].name))
            return classes[i].item;
    return DR_ITEM_OTHER;
}

/* A tuple of counts, such as a shape. */
static bool read_counts(value *tuple, uint32_t *num, uint64_t counts[DR_MAX_DIMS]) {
    if (tuple->kind != DR_PICKLE_TUPLE || tuple->num_items > DR_MAX_DIMS)
        return false;
    *num = (uint32_t)tuple->num_items;
    for (size_t i = 0; i < tuple->num_items; i++) {
        if (tuple->items[i]->kind != DR_PICKLE_INT || tuple->items[i]->integer < 0)
            return false;
        counts[i] = (uint64_t)tuple->items[i]->integer;
    }
    return true;
}

/* Puts the tensor at its place in the storage ("storage", class, key, device, count). */
static int place(struct reader *reader, struct dr_array *array, value *storage, int64_t offset) {
    value *id = storage->kind == DR_PICKLE_PERSISTENT ? storage->args : NULL;
    if (!id || id->kind != DR_PICKLE_TUPLE || id->num_items < 5 ||
        !dr_pickle_is_text(id->items[0], "storage") || id->items[2]->kind != DR_PICKLE_TEXT)
        return dr_damaged(reader->err, "tensor %.80s has no storage", array->name);
    array->item = storage_item(id->items[1]);
    if (array->item == DR_ITEM_OTHER)
        return dr_array_place(array, NULL, 0, reader->err);
    struct dr_zip_entry *entry = find_entry(reader, "data/", &id->items[2]->text);
    if (!entry)
        return dr_damaged(reader->err, "the storage of tensor %.80s is not in the file",
                          array->name);
    int status = dr_zip_read(&reader->zip, entry, reader->err);
    if (status)
        return status;
    const uint64_t item = dr_item_size(array->item);
    if (offset < 0 || (uint64_t)offset > entry->size / item)
        return dr_damaged(reader->err, "tensor %.80s begins outside of its storage", array->name);
    return dr_array_place(array, entry->content + (uint64_t)offset * item,
                          entry->size - (uint64_t)offset * item, reader->err);
}

/* The arguments with which a tensor is rebuilt, or NULL when the value is no tensor. */
static value *tensor_args(value *v) {
    for (int depth = 0; depth < 4; depth++) {
        if (v->kind != DR_PICKLE_CALL || v->args->kind != DR_PICKLE_TUPLE)
            return NULL;
        if (dr_pickle_is_global(v->function, "torch._utils", "_rebuild_tensor_v2"))
            return v->args->num_items >= 4 ? v->args : NULL;
        const bool is_parameter =
            dr_pickle_is_global(v->function, "torch._utils", "_rebuild_parameter") ||
            dr_pickle_is_global(v->function, "torch._utils", "_rebuild_parameter_with_state");
        if (!is_parameter || !v->args->num_items)
            return NULL;
        v = v->args->items[0];
    }
    return NULL;
}

static int read_tensor(struct reader *reader, struct dr_array *array, value *args) {
    uint32_t num_strides;
    if (!read_counts(args->items[2], &array->num_dims, array->shape) ||
        !read_counts(args->items[3], &num_strides, array->stride) ||
        num_strides != array->num_dims || args->items[1]->kind != DR_PICKLE_INT)
        return dr_damaged(reader->err, "tensor %.80s has no shape", array->name);
    return place(reader, array, args->items[0], args->items[1]->integer);
}

/* The name as a string, or NULL when no tensor is called so. */
static const char *tensor_name(struct reader *reader, value *key) {
    if (key->kind != DR_PICKLE_TEXT || key->text.length >= MAX_NAME ||
        memchr(key->text.at, 0, key->text.length))
        return NULL;
    char *name = dr_arena_zalloc(reader->arena, key->text.length + 1, 1);
    if (name)
        memcpy(name, key->text.at, key->text.length);
    return name;
}

static int read_dictionary(struct reader *reader, struct dr_arrays *out, value *dict) {
    size_t capacity = dict->num_items / 2;
    capacity = capacity < MAX_TENSORS ? capacity : MAX_TENSORS;
    out->items = dr_arena_zalloc(reader->arena, capacity + 1, sizeof *out->items);
    if (!out->items)
        return dr_fail_memory(reader->err);
    for (size_t i = 0; i + 1 < dict->num_items && out->num < capacity; i += 2) {
        value *args = tensor_args(dict->items[i + 1]);
        struct dr_array *array = &out->items[out->num];
        if (!args || !(array->name = tensor_name(reader, dict->items[i])))
            continue;
        int status = read_tensor(reader, array, args);
        if (status)
            return status;
        out->num++;
    }
    if (!out->num)
        return dr_refuse(reader->err, "give the checkpoint of the network", "it holds no tensors");
    return DIARIST_OK;
}

/* Which pickle, and what else stands beside it. */
static int find_pickle(struct reader *reader, struct dr_zip_entry **out) {
    static const char name[] = "data.pkl";
    *out = NULL;
    for (size_t i = 0; i < reader->zip.num_entries; i++) {
        struct dr_zip_entry *entry = &reader->zip.entries[i];
        const size_t length = strlen(entry->name), prefix = length - (sizeof name - 1);
        if (length < sizeof name - 1 || prefix >= MAX_NAME || strcmp(entry->name + prefix, name) ||
            (prefix && entry->name[prefix - 1] != '/'))
            continue;
        memcpy(reader->prefix, entry->name, prefix);
        reader->prefix[prefix] = 0;
        *out = entry;
        break;
    }
    if (!*out)
        return dr_refuse(reader->err, "give the checkpoint of the network",
                         "the zip is no PyTorch checkpoint: it has no data.pkl");
    if (find_named(reader, "constants.pkl"))
        return dr_refuse(reader->err, "give the checkpoint with the weights",
                         "it is a TorchScript program");
    struct dr_zip_entry *order = find_named(reader, "byteorder");
    if (!order)
        return DIARIST_OK;
    int status = dr_zip_read(&reader->zip, order, reader->err);
    if (!status && (order->size != 6 || memcmp(order->content, "little", 6)))
        return dr_refuse(reader->err, "save it again on a little-endian machine",
                         "its numbers are big-endian");
    return status;
}

int dr_checkpoint_read(struct dr_arrays *out, const unsigned char *bytes, size_t size,
                       struct dr_arena *arena, diarist_error *err) {
    struct reader reader = {.arena = arena, .err = err};
    struct dr_zip_entry *pickle = NULL;
    value *top = NULL;
    *out = (struct dr_arrays){0};
    int status = dr_zip_open(&reader.zip, bytes, size, arena, err);
    if (!status)
        status = find_pickle(&reader, &pickle);
    if (!status && pickle->size > MAX_PICKLE)
        status = dr_damaged(err, "its pickle says that it has %llu bytes",
                            (unsigned long long)pickle->size);
    if (!status)
        status = dr_zip_read(&reader.zip, pickle, err);
    if (!status)
        status = dr_pickle_read(&top, pickle->content, (size_t)pickle->size, arena, err);
    if (status)
        return status;
    value *state = dr_pickle_get(top, "state_dict");
    value *dict = state ? state : top;
    if (dict->kind != DR_PICKLE_DICT && dict->kind != DR_PICKLE_CALL)
        return dr_refuse(err, "give the checkpoint of the network",
                         "it holds no dictionary of tensors");
    return read_dictionary(&reader, out, dict);
}
