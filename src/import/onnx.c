/* onnx.c - an ONNX file as a graph: nodes in order, and the constants that they use.
 * SPDX-License-Identifier: MIT
 *
 * ModelProto -> GraphProto -> initializers (TensorProto) and nodes (NodeProto) -> attributes, which
 * may hold graphs again. Numbers of fields as in onnx.proto. */
#include "import/onnx.h"

#include <string.h>

#include "base/error.h"
#include "import/refuse.h"

enum {
    MODEL_GRAPH = 7,
    GRAPH_NODE = 1,
    GRAPH_INITIALIZER = 5,
    NODE_INPUT = 1,
    NODE_OUTPUT = 2,
    NODE_OP = 4,
    NODE_ATTRIBUTE = 5,
    ATTRIBUTE_NAME = 1,
    ATTRIBUTE_FLOAT = 2,
    ATTRIBUTE_INT = 3,
    ATTRIBUTE_TENSOR = 5,
    ATTRIBUTE_GRAPH = 6,
    TENSOR_DIMS = 1,
    TENSOR_TYPE = 2,
    TENSOR_FLOATS = 4,
    TENSOR_NAME = 8,
    TENSOR_RAW = 9,
    TENSOR_DOUBLES = 10,
    TENSOR_EXTERNAL = 13,
    TENSOR_LOCATION = 14,
    ENTRY_KEY = 1,
    ENTRY_VALUE = 2
};
/* Of a network of either kind: a few hundred nodes and constants. Walks look at all of them for
 * each. */
enum {
    MAX_NODES = 1 << 12,
    MAX_CONSTANTS = 1 << 12,
    MAX_NAMES = 1 << 16,
    MAX_DEPTH = 4,
    MAX_NAME = 1024
};

struct reader {
    struct dr_onnx *onnx;
    struct dr_arena *arena;
    dr_onnx_beside *beside;
    void *user;
    size_t num_names; /* of inputs and outputs of all nodes */
    diarist_error *err;
};

static int broken(struct reader *reader, const char *what) {
    return dr_damaged(reader->err, "%s is broken", what);
}

/* A field's text as a string; NULL when there is no memory or it is no name. */
static const char *copy_text(struct dr_arena *arena, const struct dr_proto *bytes) {
    const size_t length = dr_proto_size(bytes);
    char *text = length < MAX_NAME ? dr_arena_zalloc(arena, length + 1, 1) : NULL;
    if (text && length)
        memcpy(text, bytes->at, length);
    return text;
}

static bool text_is(const struct dr_proto *bytes, const char *text) {
    const size_t length = strlen(text);
    return dr_proto_size(bytes) == length && !memcmp(bytes->at, text, length);
}

/* ---- tensors ----------------------------------------------------------------------------- */

/* What a TensorProto says, before its values are looked for. */
struct tensor {
    struct dr_array array;
    struct dr_proto raw, typed;
    bool has_raw, is_external, is_scattered; /* scattered: values in more than one piece */
    const char *location;
    uint64_t offset, length;
};

static enum dr_item item_of(uint64_t type) {
    switch (type) {
    case 1:
        return DR_ITEM_F32;
    case 10:
        return DR_ITEM_F16;
    case 11:
        return DR_ITEM_F64;
    case 16:
        return DR_ITEM_BF16;
    default:
        return DR_ITEM_OTHER;
    }
}

static int add_dim(struct reader *reader, struct dr_array *array, uint64_t size) {
    if (array->num_dims == DR_MAX_DIMS)
        return broken(reader, "the shape of a tensor");
    array->shape[array->num_dims++] = size;
    return DIARIST_OK;
}

static int add_dims(struct reader *reader, struct dr_array *array,
                    const struct dr_proto_field *field) {
    struct dr_proto list = field->bytes;
    uint64_t size;
    int status = DIARIST_OK, found;
    if (field->wire == DR_WIRE_VARINT)
        return add_dim(reader, array, field->value);
    while (!status && (found = dr_proto_varint(&list, &size)) != 0)
        status = found < 0 ? broken(reader, "the shape of a tensor") : add_dim(reader, array, size);
    return status;
}

/* Digits to the end of the text. */
static bool decimal(uint64_t *out, const struct dr_proto *text) {
    *out = 0;
    for (const unsigned char *c = text->at; c < text->end; c++) {
        if (*c < '0' || *c > '9' || *out > UINT64_MAX / 10 - 10)
            return false;
        *out = 10 * *out + (uint64_t)(*c - '0');
    }
    return text->at < text->end;
}

/* An entry of external_data: location, offset or length (a checksum is passed over). */
static int read_external(struct reader *reader, struct tensor *tensor, struct dr_proto entry) {
    struct dr_proto key = {NULL, NULL}, value = {NULL, NULL};
    struct dr_proto_field field;
    int found;
    while ((found = dr_proto_next(&entry, &field)) > 0)
        if (field.wire == DR_WIRE_BYTES && field.number == ENTRY_KEY)
            key = field.bytes;
        else if (field.wire == DR_WIRE_BYTES && field.number == ENTRY_VALUE)
            value = field.bytes;
    bool good = found == 0;
    if (text_is(&key, "location"))
        good = good && (tensor->location = copy_text(reader->arena, &value));
    else if (text_is(&key, "offset"))
        good = good && decimal(&tensor->offset, &value);
    else if (text_is(&key, "length"))
        good = good && decimal(&tensor->length, &value);
    return good ? DIARIST_OK : broken(reader, "a reference to external data");
}

static int read_tensor_field(struct reader *reader, struct tensor *tensor,
                             const struct dr_proto_field *field) {
    const bool is_bytes = field->wire == DR_WIRE_BYTES;
    switch (field->number) {
    case TENSOR_DIMS:
        return add_dims(reader, &tensor->array, field);
    case TENSOR_TYPE:
        tensor->array.item = item_of(field->value);
        return DIARIST_OK;
    case TENSOR_NAME:
        tensor->array.name = is_bytes ? copy_text(reader->arena, &field->bytes) : NULL;
        return tensor->array.name ? DIARIST_OK : broken(reader, "the name of a tensor");
    case TENSOR_FLOATS:
    case TENSOR_DOUBLES:
        tensor->is_scattered |= !is_bytes || dr_proto_size(&tensor->typed);
        tensor->typed = field->bytes;
        return DIARIST_OK;
    case TENSOR_RAW:
        tensor->has_raw = is_bytes;
        tensor->raw = field->bytes;
        return DIARIST_OK;
    case TENSOR_EXTERNAL:
        return is_bytes ? read_external(reader, tensor, field->bytes)
                        : broken(reader, "a reference to external data");
    case TENSOR_LOCATION:
        tensor->is_external = field->value == 1;
        return DIARIST_OK;
    default:
        return DIARIST_OK;
    }
}

/* Where the values are that lie in a file beside this one. */
static int find_external(struct reader *reader, struct tensor *tensor) {
    const unsigned char *bytes;
    size_t size;
    const char *name = tensor->location;
    if (!name || !*name || strchr(name, '/') || strchr(name, '\\') || !strcmp(name, ".."))
        return dr_refuse(reader->err, "save it as one file",
                         "tensor %.80s lies in a file that is not beside this one",
                         tensor->array.name);
    int status = reader->beside(reader->user, name, &bytes, &size, reader->err);
    if (status)
        return status;
    if (tensor->offset > size || tensor->length > size - tensor->offset)
        return dr_damaged(reader->err, "tensor %.80s is not in %.80s", tensor->array.name, name);
    tensor->raw.at = bytes + tensor->offset;
    tensor->raw.end = tensor->raw.at + (tensor->length ? tensor->length : size - tensor->offset);
    return DIARIST_OK;
}

static int read_tensor(struct reader *reader, struct dr_array *out, const char *name,
                       struct dr_proto message) {
    struct tensor tensor = {.array = {.name = name}};
    struct dr_proto_field field;
    int found, status = DIARIST_OK;
    while (!status && (found = dr_proto_next(&message, &field)) != 0)
        status =
            found < 0 ? broken(reader, "a tensor") : read_tensor_field(reader, &tensor, &field);
    if (!status && tensor.is_external && tensor.array.item != DR_ITEM_OTHER)
        status = find_external(reader, &tensor);
    if (status)
        return status;
    const bool is_typed = !tensor.has_raw && !tensor.is_external;
    if (is_typed && tensor.is_scattered)
        return dr_refuse(reader->err, "save it again with raw data",
                         "tensor %.80s has its values in pieces", tensor.array.name);
    const struct dr_proto *bytes = is_typed ? &tensor.typed : &tensor.raw;
    dr_array_pack(&tensor.array);
    *out = tensor.array;
    if (*name)
        out->name = name; /* a Constant is called as its node's output, whatever it says itself */
    return dr_array_place(out, bytes->at, dr_proto_size(bytes), reader->err);
}

static int add_constant(struct reader *reader, const char *name, struct dr_proto message) {
    struct dr_arrays *constants = &reader->onnx->constants;
    if (constants->num == MAX_CONSTANTS)
        return broken(reader, "its graph: it has more tensors than any network");
    int status = read_tensor(reader, &constants->items[constants->num], name, message);
    if (!status)
        constants->num++;
    return status;
}

/* ---- nodes ------------------------------------------------------------------------------- */

static int read_graph(struct reader *reader, struct dr_proto message, int depth);

/* A graph or, of a Constant, a tensor. */
static int read_attribute(struct reader *reader, const struct dr_onnx_node *node,
                          struct dr_proto message, int depth) {
    struct dr_proto_field field;
    int found, status = DIARIST_OK;
    while (!status && (found = dr_proto_next(&message, &field)) != 0) {
        if (found < 0)
            status = broken(reader, "an attribute of a node");
        else if (field.wire == DR_WIRE_BYTES && field.number == ATTRIBUTE_GRAPH)
            status = read_graph(reader, field.bytes, depth + 1);
        else if (field.wire == DR_WIRE_BYTES && field.number == ATTRIBUTE_TENSOR &&
                 !strcmp(node->op, "Constant"))
            status = add_constant(reader, dr_onnx_output(node, 0), field.bytes);
    }
    return status;
}

/* Room for as many names as the message has fields of that number, then the names. */
static int read_names(struct reader *reader, struct dr_onnx_names *out, struct dr_proto message,
                      uint64_t number) {
    struct dr_proto_field field;
    size_t num = 0;
    for (struct dr_proto all = message; dr_proto_next(&all, &field) > 0;)
        num += field.number == number;
    reader->num_names += num;
    if (num > MAX_NAMES || reader->num_names > MAX_NAMES)
        return broken(reader, "its graph: it has more inputs and outputs than any network");
    *out = (struct dr_onnx_names){dr_arena_alloc(reader->arena, num + 1, sizeof *out->at), 0};
    if (!out->at)
        return dr_fail_memory(reader->err);
    while (dr_proto_next(&message, &field) > 0) {
        if (field.number != number)
            continue;
        const char *name =
            field.wire == DR_WIRE_BYTES ? copy_text(reader->arena, &field.bytes) : NULL;
        if (!name)
            return broken(reader, "the name of an input or output");
        out->at[out->num++] = name;
    }
    return DIARIST_OK;
}

static int read_node(struct reader *reader, struct dr_proto message, int depth) {
    struct dr_onnx *onnx = reader->onnx;
    struct dr_onnx_node node = {.op = "", .message = message};
    struct dr_proto_field field;
    int found, status = read_names(reader, &node.inputs, message, NODE_INPUT);
    if (!status)
        status = read_names(reader, &node.outputs, message, NODE_OUTPUT);
    for (struct dr_proto all = message; !status && (found = dr_proto_next(&all, &field)) != 0;) {
        if (found < 0)
            status = broken(reader, "a node");
        else if (field.number == NODE_OP && field.wire == DR_WIRE_BYTES &&
                 !(node.op = copy_text(reader->arena, &field.bytes)))
            status = broken(reader, "the operator of a node");
    }
    for (struct dr_proto all = message; !status && dr_proto_next(&all, &field) > 0;)
        if (field.number == NODE_ATTRIBUTE && field.wire == DR_WIRE_BYTES)
            status = read_attribute(reader, &node, field.bytes, depth);
    if (!status && onnx->num_nodes == MAX_NODES)
        status = broken(reader, "its graph: it has more nodes than any network");
    if (!status)
        onnx->nodes[onnx->num_nodes++] = node;
    return status;
}

static int read_graph(struct reader *reader, struct dr_proto message, int depth) {
    struct dr_proto_field field;
    int found, status = DIARIST_OK;
    if (depth == MAX_DEPTH)
        return broken(reader, "its graph: it is nested too deep");
    while (!status && (found = dr_proto_next(&message, &field)) != 0) {
        if (found < 0)
            status = broken(reader, "its graph");
        else if (field.wire == DR_WIRE_BYTES && field.number == GRAPH_NODE)
            status = read_node(reader, field.bytes, depth);
        else if (field.wire == DR_WIRE_BYTES && field.number == GRAPH_INITIALIZER)
            status = add_constant(reader, "", field.bytes);
    }
    return status;
}

int dr_onnx_read(struct dr_onnx *out, const unsigned char *bytes, size_t size,
                 dr_onnx_beside *beside, void *user, struct dr_arena *arena, diarist_error *err) {
    struct reader reader = {
        .onnx = out, .arena = arena, .beside = beside, .user = user, .err = err};
    struct dr_proto message = {bytes, size ? bytes + size : bytes}; /* an empty file is NULL */
    struct dr_proto_field field;
    int found, status = DIARIST_OK;
    *out = (struct dr_onnx){0};
    out->nodes = dr_arena_alloc(arena, MAX_NODES, sizeof *out->nodes);
    out->constants.items = dr_arena_alloc(arena, MAX_CONSTANTS, sizeof *out->constants.items);
    if (!out->nodes || !out->constants.items)
        return dr_fail_memory(err);
    while (!status && (found = dr_proto_next(&message, &field)) != 0) {
        if (found < 0)
            status = dr_damaged(err, "it is neither a PyTorch checkpoint nor a whole ONNX file");
        else if (field.wire == DR_WIRE_BYTES && field.number == MODEL_GRAPH)
            status = read_graph(&reader, field.bytes, 0);
    }
    if (!status && !out->num_nodes)
        status = dr_damaged(err, "it is neither a PyTorch checkpoint nor an ONNX file");
    return status;
}

/* ---- what is in it ----------------------------------------------------------------------- */

const char *dr_onnx_input(const struct dr_onnx_node *node, size_t i) {
    return i < node->inputs.num ? node->inputs.at[i] : "";
}

const char *dr_onnx_output(const struct dr_onnx_node *node, size_t i) {
    return i < node->outputs.num ? node->outputs.at[i] : "";
}

static bool has_input(const struct dr_onnx_node *node, const char *name) {
    for (size_t i = 0; i < node->inputs.num; i++)
        if (!strcmp(node->inputs.at[i], name))
            return true;
    return false;
}

const struct dr_onnx_node *dr_onnx_next(const struct dr_onnx *onnx, size_t first, const char *op,
                                        const char *input) {
    for (size_t i = first; i < onnx->num_nodes; i++)
        if (!strcmp(onnx->nodes[i].op, op) && (!input || has_input(&onnx->nodes[i], input)))
            return &onnx->nodes[i];
    return NULL;
}

size_t dr_onnx_index(const struct dr_onnx *onnx, const struct dr_onnx_node *node) {
    return (size_t)(node - onnx->nodes);
}

/* The value of an attribute in the field of that number, if it is written. */
static bool find_attribute(struct dr_proto_field *out, const struct dr_onnx_node *node,
                           const char *name, uint64_t number) {
    struct dr_proto message = node->message;
    struct dr_proto_field field, part;
    while (dr_proto_next(&message, &field) > 0) {
        bool is_named = false, has_value = false;
        if (field.number != NODE_ATTRIBUTE || field.wire != DR_WIRE_BYTES)
            continue;
        for (struct dr_proto parts = field.bytes; dr_proto_next(&parts, &part) > 0;) {
            if (part.number == ATTRIBUTE_NAME && part.wire == DR_WIRE_BYTES)
                is_named = text_is(&part.bytes, name);
            if (part.number == number) {
                *out = part;
                has_value = true;
            }
        }
        if (is_named && has_value)
            return true;
    }
    return false;
}

int64_t dr_onnx_int(const struct dr_onnx_node *node, const char *name, int64_t otherwise) {
    struct dr_proto_field field;
    if (!find_attribute(&field, node, name, ATTRIBUTE_INT) || field.wire != DR_WIRE_VARINT)
        return otherwise;
    return (int64_t)field.value;
}

float dr_onnx_float(const struct dr_onnx_node *node, const char *name, float otherwise) {
    struct dr_proto_field field;
    float value;
    if (!find_attribute(&field, node, name, ATTRIBUTE_FLOAT) || field.wire != DR_WIRE_FIXED32)
        return otherwise;
    memcpy(&value, field.bytes.at, sizeof value);
    return value;
}

static const struct dr_onnx_node *producer(const struct dr_onnx *onnx, const char *name) {
    for (size_t i = 0; i < onnx->num_nodes; i++)
        for (size_t k = 0; k < onnx->nodes[i].outputs.num; k++)
            if (!strcmp(onnx->nodes[i].outputs.at[k], name))
                return &onnx->nodes[i];
    return NULL;
}

bool dr_onnx_constant(struct dr_array *out, const struct dr_onnx *onnx, const char *name) {
    bool transposed = false;
    const struct dr_array *found = NULL;
    for (int depth = 0; depth < 8 && *name; depth++) {
        if ((found = dr_arrays_find(&onnx->constants, name)))
            break;
        const struct dr_onnx_node *node = producer(onnx, name);
        if (!node || (strcmp(node->op, "Identity") && strcmp(node->op, "Transpose")))
            return false;
        transposed ^= !strcmp(node->op, "Transpose");
        name = dr_onnx_input(node, 0);
    }
    if (!found || (transposed && found->num_dims != 2))
        return false;
    *out = *found;
    if (transposed) {
        /* A matrix has one transposition only, whatever "perm" says other than not to. */
        *out = (struct dr_array){.name = found->name,
                                 .item = found->item,
                                 .num_dims = 2,
                                 .shape = {found->shape[1], found->shape[0]},
                                 .stride = {found->stride[1], found->stride[0]},
                                 .data = found->data,
                                 .num_items = found->num_items};
    }
    return true;
}
