/* resnet34.c - WeSpeaker ResNet34 from a checkpoint or an ONNX file.
 * SPDX-License-Identifier: MIT
 *
 * In an ONNX file the network is walked along its data: convolution, its batch norm when the
 * exporter kept it, ReLU, and so on to the last linear layer. A batch norm that was folded into its
 * convolution becomes one that only adds the folded bias. */
#include "import/networks.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "import/refuse.h"

enum { LAYERS = 4, FIRST_CHANNELS = 32, EMBEDDING = 256, STATISTICS = 2 * 256 * 10 };

static const char prefix[] = "embedding.resnet.";
static const int num_blocks[LAYERS] = {3, 4, 6, 3};
static const char *const norm_parts[4] = {"weight", "bias", "running_mean", "running_var"};
static const float epsilon = 1e-5f; /* of every batch norm */

static const char advice[] = "give WeSpeaker ResNet34-LM";

/* ---- from a checkpoint ------------------------------------------------------------------- */

struct checkpoint {
    struct dr_model_tensors *out;
    const struct dr_arrays *tensors;
    const char *before;
    int before_length;
    diarist_error *err;
};

static int take(const struct checkpoint *c, const char *name, uint32_t num_dims,
                const uint64_t *shape) {
    return dr_model_tensors_take(c->out, prefix, name, false, num_dims, shape,
                                 dr_find_prefixed(c->tensors, c->before, c->before_length, name),
                                 c->err);
}

/* CONV.weight and NORM.* */
static int take_convolution(const struct checkpoint *c, const char *conv, const char *norm,
                            const uint64_t shape[4]) {
    char name[80];
    snprintf(name, sizeof name, "%s.weight", conv);
    int status = take(c, name, 4, shape);
    for (int i = 0; i < 4 && !status; i++) {
        snprintf(name, sizeof name, "%s.%s", norm, norm_parts[i]);
        status = take(c, name, 1, shape);
    }
    return status;
}

/* The layers are told by their place: layer 0 to 3, block, and which of its convolutions. */
static void name_layer(char out[48], int layer, int block, const char *part) {
    snprintf(out, 48, "layer%d.%d.%s", layer + 1, block, part);
}

static int take_block(const struct checkpoint *c, int layer, int block) {
    const uint64_t channels = FIRST_CHANNELS << layer;
    const bool is_wider = layer && !block;
    const uint64_t inputs = is_wider ? channels / 2 : channels;
    char conv[48], norm[48];
    name_layer(conv, layer, block, "conv1");
    name_layer(norm, layer, block, "bn1");
    int status = take_convolution(c, conv, norm, (uint64_t[]){channels, inputs, 3, 3});
    if (!status) {
        name_layer(conv, layer, block, "conv2");
        name_layer(norm, layer, block, "bn2");
        status = take_convolution(c, conv, norm, (uint64_t[]){channels, channels, 3, 3});
    }
    if (!status && is_wider) {
        name_layer(conv, layer, block, "shortcut.0");
        name_layer(norm, layer, block, "shortcut.1");
        status = take_convolution(c, conv, norm, (uint64_t[]){channels, inputs, 1, 1});
    }
    return status;
}

/* Deeper networks of the same family have these tensors too, and more. */
static int check_depth(const struct checkpoint *c) {
    static const char *const others[] = {"layer1.3.conv1.weight", "layer1.0.conv3.weight",
                                         "seg_2.weight"};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        if (dr_find_prefixed(c->tensors, c->before, c->before_length, others[i]))
            return dr_refuse(c->err, advice, "it is another network: it has tensor %s", others[i]);
    return DIARIST_OK;
}

int dr_resnet34_from_checkpoint(struct dr_model_tensors *out, const struct dr_arrays *tensors,
                                diarist_error *err) {
    static const char first[] = "layer1.0.conv1.weight";
    struct checkpoint c = {.out = out, .tensors = tensors, .before = "", .err = err};
    c.before_length = dr_prefix_of(tensors, first, &c.before);
    if (c.before_length < 0)
        return dr_refuse(err, advice, "it has no tensor %s", first);
    int status = check_depth(&c);
    if (!status)
        status = take_convolution(&c, "conv1", "bn1", (uint64_t[]){FIRST_CHANNELS, 1, 3, 3});
    for (int layer = 0; layer < LAYERS; layer++)
        for (int block = 0; block < num_blocks[layer] && !status; block++)
            status = take_block(&c, layer, block);
    if (!status)
        status = take(&c, "seg_1.weight", 2, (uint64_t[]){EMBEDDING, STATISTICS});
    return status ? status : take(&c, "seg_1.bias", 1, (uint64_t[]){EMBEDDING});
}

/* ---- from an ONNX file ------------------------------------------------------------------- */

struct walk {
    struct dr_model_tensors *out;
    const struct dr_onnx *onnx;
    diarist_error *err;
};

static int lacks(const struct walk *walk, const char *what, const char *where) {
    return dr_refuse(walk->err, "give WeSpeaker ResNet34-LM in float32, or its pytorch_model.bin",
                     "its graph has no %s where ResNet34 has %.40s", what, where);
}

/* The convolution of a shape that works on a value (NULL: on any), and its weights. */
static const struct dr_onnx_node *find_convolution(struct dr_array *weight, const struct walk *walk,
                                                   const char *input, const uint64_t shape[4]) {
    const struct dr_onnx_node *node = NULL;
    for (size_t first = 0; (node = dr_onnx_next(walk->onnx, first, "Conv", input));
         first = dr_onnx_index(walk->onnx, node) + 1)
        if ((!input || !strcmp(dr_onnx_input(node, 0), input)) &&
            dr_onnx_constant(weight, walk->onnx, dr_onnx_input(node, 1)) &&
            dr_array_has_shape(weight, 4, shape))
            return node;
    return NULL;
}

/* What a node made, seen through Identity. */
static const char *value_of(const struct walk *walk, const struct dr_onnx_node *node) {
    const struct dr_onnx_node *same = NULL;
    for (int depth = 0; depth < 4; depth++) {
        same = dr_onnx_next(walk->onnx, 0, "Identity", dr_onnx_output(node, 0));
        if (!same)
            break;
        node = same;
    }
    return dr_onnx_output(node, 0);
}

/* NORM.* from a BatchNormalization: inputs 1 to 4 are its parts in order. */
static int take_norm(const struct walk *walk, const char *norm, const struct dr_onnx_node *node,
                     uint64_t channels) {
    int status = DIARIST_OK;
    if (fabsf(dr_onnx_float(node, "epsilon", epsilon) - epsilon) > 1e-9f)
        return dr_refuse(walk->err, advice, "its batch norms have another epsilon than 1e-5");
    for (size_t i = 0; i < 4 && !status; i++) {
        char name[80];
        struct dr_array array;
        snprintf(name, sizeof name, "%s.%s", norm, norm_parts[i]);
        const bool found = dr_onnx_constant(&array, walk->onnx, dr_onnx_input(node, i + 1));
        status = dr_model_tensors_take(walk->out, prefix, name, false, 1, &channels,
                                       found ? &array : NULL, walk->err);
    }
    return status;
}

/* NORM.* that adds the bias and does nothing else: its variance and epsilon make 1. */
static int make_norm(const struct walk *walk, const char *norm, const struct dr_array *bias,
                     uint64_t channels) {
    const float values[4] = {1.0f, 0.0f, 0.0f, 1.0f - epsilon};
    int status = DIARIST_OK;
    for (size_t i = 0; i < 4 && !status; i++) {
        char name[80];
        snprintf(name, sizeof name, "%s.%s", norm, norm_parts[i]);
        if (i == 1) {
            status = dr_model_tensors_take(walk->out, prefix, name, false, 1, &channels, bias,
                                           walk->err);
            continue;
        }
        float *data = dr_model_tensors_add(walk->out, prefix, name, false, 1, &channels, walk->err);
        for (uint64_t k = 0; data && k < channels; k++)
            data[k] = values[i];
        status = data ? DIARIST_OK : DIARIST_ERROR_MEMORY;
    }
    return status;
}

/* CONV.weight and NORM.* from the convolution of that shape that works on *value, which becomes
 * what comes out of the norm. */
static int walk_convolution(const struct walk *walk, const char **value, const char *conv,
                            const char *norm, const uint64_t shape[4]) {
    struct dr_array weight, bias;
    const struct dr_onnx_node *node = find_convolution(&weight, walk, *value, shape);
    if (!node)
        return lacks(walk, "convolution", conv);
    char name[80];
    snprintf(name, sizeof name, "%s.weight", conv);
    int status =
        dr_model_tensors_take(walk->out, prefix, name, false, 4, shape, &weight, walk->err);
    if (status)
        return status;
    const bool has_bias = *dr_onnx_input(node, 2);
    *value = value_of(walk, node);
    const struct dr_onnx_node *batch_norm =
        dr_onnx_next(walk->onnx, 0, "BatchNormalization", *value);
    if (batch_norm && !has_bias) {
        *value = value_of(walk, batch_norm);
        return take_norm(walk, norm, batch_norm, shape[0]);
    }
    if (batch_norm || !has_bias || !dr_onnx_constant(&bias, walk->onnx, dr_onnx_input(node, 2)))
        return lacks(walk, "batch norm or bias", norm);
    return make_norm(walk, norm, &bias, shape[0]);
}

static int walk_relu(const struct walk *walk, const char **value) {
    const struct dr_onnx_node *node = dr_onnx_next(walk->onnx, 0, "Relu", *value);
    if (!node)
        return lacks(walk, "ReLU", "one");
    *value = value_of(walk, node);
    return DIARIST_OK;
}

static int walk_block(const struct walk *walk, const char **value, int layer, int block) {
    const uint64_t channels = FIRST_CHANNELS << layer;
    const bool is_wider = layer && !block;
    const uint64_t inputs = is_wider ? channels / 2 : channels;
    const char *shortcut = *value;
    char conv[48], norm[48];
    name_layer(conv, layer, block, "conv1");
    name_layer(norm, layer, block, "bn1");
    int status = walk_convolution(walk, value, conv, norm, (uint64_t[]){channels, inputs, 3, 3});
    if (!status)
        status = walk_relu(walk, value);
    if (!status) {
        name_layer(conv, layer, block, "conv2");
        name_layer(norm, layer, block, "bn2");
        status = walk_convolution(walk, value, conv, norm, (uint64_t[]){channels, channels, 3, 3});
    }
    if (!status && is_wider) {
        name_layer(conv, layer, block, "shortcut.0");
        name_layer(norm, layer, block, "shortcut.1");
        status =
            walk_convolution(walk, &shortcut, conv, norm, (uint64_t[]){channels, inputs, 1, 1});
    }
    if (status)
        return status;
    const struct dr_onnx_node *add = dr_onnx_next(walk->onnx, 0, "Add", *value);
    if (!add ||
        (strcmp(dr_onnx_input(add, 0), shortcut) && strcmp(dr_onnx_input(add, 1), shortcut)))
        return lacks(walk, "sum with the shortcut", conv);
    *value = value_of(walk, add);
    return walk_relu(walk, value);
}

/* The one linear layer: MatMul or Gemm with a constant of 5120 x 256, either way around. */
static const struct dr_onnx_node *find_linear(struct dr_array *weight, const struct walk *walk) {
    static const uint64_t straight[2] = {EMBEDDING, STATISTICS},
                          turned[2] = {STATISTICS, EMBEDDING};
    for (size_t i = 0; i < walk->onnx->num_nodes; i++) {
        const struct dr_onnx_node *node = &walk->onnx->nodes[i];
        const bool is_gemm = !strcmp(node->op, "Gemm");
        if ((!is_gemm && strcmp(node->op, "MatMul")) ||
            !dr_onnx_constant(weight, walk->onnx, dr_onnx_input(node, 1)))
            continue;
        const bool is_straight = is_gemm && dr_onnx_int(node, "transB", 0);
        if (!dr_array_has_shape(weight, 2, is_straight ? straight : turned))
            continue;
        if (!is_straight) {
            const uint64_t stride = weight->stride[0];
            memcpy(weight->shape, straight, sizeof straight);
            weight->stride[0] = weight->stride[1];
            weight->stride[1] = stride;
        }
        return node;
    }
    return NULL;
}

/* What WeSpeaker's exporter subtracts from the embeddings must be nothing: PLDA subtracts its own
 * mean. */
static int check_end(const struct walk *walk, const char *value) {
    const struct dr_onnx_node *node = dr_onnx_next(walk->onnx, 0, "Sub", value);
    struct dr_array mean;
    float values[EMBEDDING];
    if (!node || !dr_onnx_constant(&mean, walk->onnx, dr_onnx_input(node, 1)))
        return DIARIST_OK;
    if (mean.num_items > EMBEDDING)
        return lacks(walk, "end", "one");
    int status = dr_array_floats(values, &mean, walk->err);
    for (uint64_t i = 0; i < mean.num_items && !status; i++)
        if (values[i] != 0.0f)
            return dr_refuse(walk->err, "give one that was exported without a mean",
                             "its graph subtracts a mean from the embeddings");
    return status;
}

static int walk_end(const struct walk *walk) {
    static const uint64_t straight[2] = {EMBEDDING, STATISTICS};
    struct dr_array weight, bias;
    const struct dr_onnx_node *node = find_linear(&weight, walk), *add = NULL;
    if (!node)
        return lacks(walk, "linear layer", "5120 -> 256");
    int status = dr_model_tensors_take(walk->out, prefix, "seg_1.weight", false, 2, straight,
                                       &weight, walk->err);
    if (status)
        return status;
    const bool is_gemm = !strcmp(node->op, "Gemm");
    if (!is_gemm && !(add = dr_onnx_next(walk->onnx, 0, "Add", dr_onnx_output(node, 0))))
        return lacks(walk, "bias", "seg_1");
    const bool found = is_gemm ? dr_onnx_constant(&bias, walk->onnx, dr_onnx_input(node, 2))
                               : dr_onnx_constant(&bias, walk->onnx, dr_onnx_input(add, 0)) ||
                                     dr_onnx_constant(&bias, walk->onnx, dr_onnx_input(add, 1));
    status = dr_model_tensors_take(walk->out, prefix, "seg_1.bias", false, 1, straight,
                                   found ? &bias : NULL, walk->err);
    return status ? status : check_end(walk, dr_onnx_output(add ? add : node, 0));
}

int dr_resnet34_from_onnx(struct dr_model_tensors *out, const struct dr_onnx *onnx,
                          diarist_error *err) {
    const struct walk walk = {.out = out, .onnx = onnx, .err = err};
    const uint64_t first[4] = {FIRST_CHANNELS, 1, 3, 3};
    const char *value = NULL; /* the first convolution is told by its shape alone */
    int status = walk_convolution(&walk, &value, "conv1", "bn1", first);
    if (!status)
        status = walk_relu(&walk, &value);
    for (int layer = 0; layer < LAYERS; layer++)
        for (int block = 0; block < num_blocks[layer] && !status; block++)
            status = walk_block(&walk, &value, layer, block);
    return status ? status : walk_end(&walk);
}
