/* segmentation.c - pyannote segmentation-3.0 from a checkpoint or an ONNX file.
 * SPDX-License-Identifier: MIT
 *
 * In an ONNX file the layers stand in the order in which they run, each kind of node in a known
 * number; what the nodes use is the weights, whatever their names. ONNX orders the gates of an LSTM
 * i o f c, PyTorch i f c o. */
#include "import/networks.h"

#include <stdio.h>
#include <string.h>

#include "import/refuse.h"
#include "import/sinc_filters.h"

enum { LSTM_LAYERS = 4, UNITS = 128, GATES = 4, ROWS = GATES * UNITS, FILTERS = 2 * DR_SINC_BANDS };

static const char prefix[] = "segmentation.";
static const char filters_name[] = "sincnet.conv1d.0.weight";

struct tensor {
    const char *name;
    uint32_t num_dims;
    uint64_t shape[3];
};

/* Of the norms: weight, then bias, in the order of the layers. */
static const struct tensor norms[] = {
    {"sincnet.wav_norm1d.weight", 1, {1}}, {"sincnet.wav_norm1d.bias", 1, {1}},
    {"sincnet.norm1d.0.weight", 1, {80}},  {"sincnet.norm1d.0.bias", 1, {80}},
    {"sincnet.norm1d.1.weight", 1, {60}},  {"sincnet.norm1d.1.bias", 1, {60}},
    {"sincnet.norm1d.2.weight", 1, {60}},  {"sincnet.norm1d.2.bias", 1, {60}}};
static const struct tensor convolutions[] = {{"sincnet.conv1d.1.weight", 3, {60, 80, 5}},
                                             {"sincnet.conv1d.1.bias", 1, {60}},
                                             {"sincnet.conv1d.2.weight", 3, {60, 60, 5}},
                                             {"sincnet.conv1d.2.bias", 1, {60}}};
static const struct tensor linears[] = {
    {"linear.0.weight", 2, {128, 256}}, {"linear.0.bias", 1, {128}},
    {"linear.1.weight", 2, {128, 128}}, {"linear.1.bias", 1, {128}},
    {"classifier.weight", 2, {7, 128}}, {"classifier.bias", 1, {7}}};
static const struct tensor parameters[] = {
    {"sincnet.conv1d.0.filterbank.low_hz_", 2, {DR_SINC_BANDS, 1}},
    {"sincnet.conv1d.0.filterbank.band_hz_", 2, {DR_SINC_BANDS, 1}},
    {"sincnet.conv1d.0.filterbank.window_", 1, {DR_SINC_HALF}},
    {"sincnet.conv1d.0.filterbank.n_", 2, {1, DR_SINC_HALF}}};
#define COUNT(table) (sizeof(table) / sizeof *(table))

static int take(struct dr_model_tensors *out, const struct tensor *tensor,
                const struct dr_array *array, diarist_error *err) {
    return dr_model_tensors_take(out, prefix, tensor->name, false, tensor->num_dims, tensor->shape,
                                 array, err);
}

/* ---- the filter bank --------------------------------------------------------------------- */

/* Filters from the parameters, which are the last tensors that were taken. */
static int make_filters(struct dr_model_tensors *out, diarist_error *err) {
    static const uint64_t shape[2] = {FILTERS, DR_SINC_LENGTH};
    const struct dr_model_tensor *last = out->items + out->num - COUNT(parameters);
    float *filters = dr_model_tensors_add(out, prefix, filters_name, false, 2, shape, err);
    if (!filters)
        return DIARIST_ERROR_MEMORY;
    dr_sinc_filters((float(*)[DR_SINC_LENGTH])(void *)filters, last[0].data, last[1].data,
                    last[2].data, last[3].data);
    struct dr_array made = {.name = filters_name,
                            .item = DR_ITEM_F32,
                            .num_dims = 1,
                            .shape = {FILTERS * DR_SINC_LENGTH},
                            .stride = {1},
                            .data = (const unsigned char *)filters,
                            .num_items = FILTERS * DR_SINC_LENGTH};
    return dr_array_floats(filters, &made, err); /* in place: checks that they are finite */
}

static int take_parameters(struct dr_model_tensors *out, const struct dr_arrays *tensors,
                           const char *before, int before_length, diarist_error *err) {
    int status = DIARIST_OK;
    for (size_t i = 0; i < COUNT(parameters) && !status; i++)
        status = take(out, &parameters[i],
                      dr_find_prefixed(tensors, before, before_length, parameters[i].name), err);
    return status ? status : make_filters(out, err);
}

/* ---- from a checkpoint ------------------------------------------------------------------- */

struct checkpoint {
    const struct dr_arrays *tensors;
    const char *before;
    int before_length;
};

static int take_table(struct dr_model_tensors *out, const struct checkpoint *checkpoint,
                      const struct tensor *table, size_t num, diarist_error *err) {
    int status = DIARIST_OK;
    for (size_t i = 0; i < num && !status; i++)
        status = take(out, &table[i],
                      dr_find_prefixed(checkpoint->tensors, checkpoint->before,
                                       checkpoint->before_length, table[i].name),
                      err);
    return status;
}

static uint64_t lstm_inputs(int layer) {
    return layer ? 2 * UNITS : 60;
}

static int take_lstm(struct dr_model_tensors *out, const struct checkpoint *checkpoint, int layer,
                     const char *direction, diarist_error *err) {
    char names[4][48];
    snprintf(names[0], sizeof names[0], "lstm.weight_ih_l%d%s", layer, direction);
    snprintf(names[1], sizeof names[1], "lstm.weight_hh_l%d%s", layer, direction);
    snprintf(names[2], sizeof names[2], "lstm.bias_ih_l%d%s", layer, direction);
    snprintf(names[3], sizeof names[3], "lstm.bias_hh_l%d%s", layer, direction);
    const struct tensor table[] = {{names[0], 2, {ROWS, lstm_inputs(layer)}},
                                   {names[1], 2, {ROWS, UNITS}},
                                   {names[2], 1, {ROWS}},
                                   {names[3], 1, {ROWS}}};
    return take_table(out, checkpoint, table, COUNT(table), err);
}

int dr_segmentation_from_checkpoint(struct dr_model_tensors *out, const struct dr_arrays *tensors,
                                    diarist_error *err) {
    struct checkpoint checkpoint = {.tensors = tensors, .before = ""};
    checkpoint.before_length = dr_prefix_of(tensors, norms[0].name, &checkpoint.before);
    if (checkpoint.before_length < 0)
        return dr_refuse(err, "give pyannote segmentation-3.0", "it has no tensor %s",
                         norms[0].name);
    int status = take_table(out, &checkpoint, norms, COUNT(norms), err);
    if (!status)
        status = take_table(out, &checkpoint, convolutions, COUNT(convolutions), err);
    for (int layer = 0; layer < LSTM_LAYERS && !status; layer++) {
        status = take_lstm(out, &checkpoint, layer, "", err);
        if (!status)
            status = take_lstm(out, &checkpoint, layer, "_reverse", err);
    }
    if (!status)
        status = take_table(out, &checkpoint, linears, COUNT(linears), err);
    return status ? status
                  : take_parameters(out, tensors, checkpoint.before, checkpoint.before_length, err);
}

/* ---- from an ONNX file ------------------------------------------------------------------- */

struct walk {
    struct dr_model_tensors *out;
    const struct dr_onnx *onnx;
    size_t next; /* nodes before this one are done */
    diarist_error *err;
};

static int lacks(const struct walk *walk, const char *what) {
    return dr_refuse(walk->err, "give pyannote segmentation-3.0, or its pytorch_model.bin",
                     "its graph has no %s where segmentation-3.0 has one", what);
}

/* The next node of one of two kinds (or NULL for one). */
static const struct dr_onnx_node *next_node(struct walk *walk, const char *op, const char *other) {
    const struct dr_onnx_node *a = dr_onnx_next(walk->onnx, walk->next, op, NULL);
    const struct dr_onnx_node *b = other ? dr_onnx_next(walk->onnx, walk->next, other, NULL) : NULL;
    const struct dr_onnx_node *node = !a || (b && b < a) ? b : a;
    if (node)
        walk->next = dr_onnx_index(walk->onnx, node) + 1;
    return node;
}

static int take_constant(struct walk *walk, const struct tensor *tensor, const char *name) {
    struct dr_array array;
    const bool found = dr_onnx_constant(&array, walk->onnx, name);
    return take(walk->out, tensor, found ? &array : NULL, walk->err);
}

/* Inputs 1 and 2 of a node are the two tensors. */
static int take_pair(struct walk *walk, const char *op, const struct tensor *pair) {
    const struct dr_onnx_node *node = next_node(walk, op, NULL);
    if (!node)
        return lacks(walk, op);
    int status = take_constant(walk, &pair[0], dr_onnx_input(node, 1));
    return status ? status : take_constant(walk, &pair[1], dr_onnx_input(node, 2));
}

/* The filters are a constant, or computed in the graph from parameters that keep their names. Other
 * convolutions with the same filters (branches of an If) are passed over. */
static int take_filters(struct walk *walk) {
    const struct dr_onnx_node *node = next_node(walk, "Conv", NULL);
    struct dr_array array;
    if (!node)
        return lacks(walk, "Conv");
    const char *name = dr_onnx_input(node, 1);
    const struct dr_onnx_node *norm =
        dr_onnx_next(walk->onnx, walk->next, "InstanceNormalization", NULL);
    if (norm)
        walk->next = dr_onnx_index(walk->onnx, norm);
    if (dr_onnx_constant(&array, walk->onnx, name)) {
        const struct tensor filters = {filters_name, 2, {FILTERS, DR_SINC_LENGTH}};
        if (array.num_dims == 3 && array.shape[1] == 1) {
            array.num_dims = 2;
            array.shape[1] = array.shape[2];
            array.stride[1] = array.stride[2];
        }
        return take(walk->out, &filters, &array, walk->err);
    }
    const char *before = "";
    const int length = dr_prefix_of(&walk->onnx->constants, parameters[0].name, &before);
    if (length < 0)
        return lacks(walk, "filter bank");
    return take_parameters(walk->out, &walk->onnx->constants, before, length, walk->err);
}

/* rows of the four gates, [4 UNITS][columns], from ONNX's order into PyTorch's */
static int take_gates(struct walk *walk, const char *name, const struct dr_array *all,
                      uint64_t direction, uint64_t first_row, uint64_t columns) {
    static const int onnx_gate[GATES] = {0, 2, 3, 1};
    const uint64_t shape[2] = {ROWS, columns ? columns : 1};
    float *data =
        dr_model_tensors_add(walk->out, prefix, name, false, columns ? 2 : 1, shape, walk->err);
    if (!data)
        return DIARIST_ERROR_MEMORY;
    const size_t item = dr_item_size(all->item);
    int status = DIARIST_OK;
    for (int gate = 0; gate < GATES && !status; gate++) {
        struct dr_array part = {.name = all->name, .item = all->item, .num_dims = 2};
        const uint64_t row = first_row + (uint64_t)(onnx_gate[gate] * UNITS);
        part.shape[0] = UNITS;
        part.shape[1] = shape[1];
        part.stride[0] = all->stride[1];
        part.stride[1] = columns ? all->stride[2] : 1;
        part.num_items = UNITS * shape[1];
        part.data = all->data + (direction * all->stride[0] + row * all->stride[1]) * item;
        status = dr_array_floats(data + (size_t)gate * part.num_items, &part, walk->err);
    }
    return status;
}

/* A constant of exactly the shape, holding floats. */
static int find_block(struct walk *walk, struct dr_array *out, const char *name, uint32_t num_dims,
                      const uint64_t *shape) {
    if (!dr_onnx_constant(out, walk->onnx, name))
        return lacks(walk, "LSTM with constant weights");
    if (out->item == DR_ITEM_OTHER || !dr_array_has_shape(out, num_dims, shape))
        return lacks(walk, "LSTM of 128 units");
    return DIARIST_OK;
}

static int take_lstm_node(struct walk *walk, int layer) {
    const struct dr_onnx_node *node = next_node(walk, "LSTM", NULL);
    struct dr_array w, r, b;
    if (!node)
        return lacks(walk, "LSTM");
    const uint64_t inputs = lstm_inputs(layer);
    int status = find_block(walk, &w, dr_onnx_input(node, 1), 3, (uint64_t[]){2, ROWS, inputs});
    if (!status)
        status = find_block(walk, &r, dr_onnx_input(node, 2), 3, (uint64_t[]){2, ROWS, UNITS});
    if (!status)
        status = find_block(walk, &b, dr_onnx_input(node, 3), 2, (uint64_t[]){2, 2 * ROWS});
    for (uint64_t direction = 0; direction < 2 && !status; direction++) {
        const char *suffix = direction ? "_reverse" : "";
        const struct {
            const char *kind;
            const struct dr_array *from;
            uint64_t row, columns;
        } parts[] = {{"weight_ih", &w, 0, inputs},
                     {"weight_hh", &r, 0, UNITS},
                     {"bias_ih", &b, 0, 0},
                     {"bias_hh", &b, ROWS, 0}};
        for (size_t i = 0; i < COUNT(parts) && !status; i++) {
            char name[48];
            snprintf(name, sizeof name, "lstm.%s_l%d%s", parts[i].kind, layer, suffix);
            status =
                take_gates(walk, name, parts[i].from, direction, parts[i].row, parts[i].columns);
        }
    }
    return status;
}

/* MatMul with the transposed weights and Add, or Gemm. */
static int take_linear(struct walk *walk, const struct tensor *pair) {
    const struct dr_onnx_node *node = next_node(walk, "MatMul", "Gemm");
    struct dr_array weight, bias;
    if (!node || !dr_onnx_constant(&weight, walk->onnx, dr_onnx_input(node, 1)) ||
        weight.num_dims != 2)
        return lacks(walk, "linear layer");
    if (strcmp(node->op, "Gemm") || !dr_onnx_int(node, "transB", 0)) {
        const uint64_t rows = weight.shape[0], stride = weight.stride[0];
        weight.shape[0] = weight.shape[1];
        weight.shape[1] = rows;
        weight.stride[0] = weight.stride[1];
        weight.stride[1] = stride;
    }
    int status = take(walk->out, &pair[0], &weight, walk->err);
    if (status)
        return status;
    if (!strcmp(node->op, "Gemm"))
        return take_constant(walk, &pair[1], dr_onnx_input(node, 2));
    const struct dr_onnx_node *add =
        dr_onnx_next(walk->onnx, walk->next, "Add", dr_onnx_output(node, 0));
    if (!add || !(dr_onnx_constant(&bias, walk->onnx, dr_onnx_input(add, 0)) ||
                  dr_onnx_constant(&bias, walk->onnx, dr_onnx_input(add, 1))))
        return lacks(walk, "bias of a linear layer");
    return take(walk->out, &pair[1], &bias, walk->err);
}

int dr_segmentation_from_onnx(struct dr_model_tensors *out, const struct dr_onnx *onnx,
                              diarist_error *err) {
    struct walk walk = {.out = out, .onnx = onnx, .err = err};
    int status = take_pair(&walk, "InstanceNormalization", &norms[0]);
    if (!status)
        status = take_filters(&walk);
    if (!status)
        status = take_pair(&walk, "InstanceNormalization", &norms[2]);
    for (int i = 0; i < 2 && !status; i++) {
        status = take_pair(&walk, "Conv", &convolutions[2 * i]);
        if (!status)
            status = take_pair(&walk, "InstanceNormalization", &norms[4 + 2 * i]);
    }
    for (int layer = 0; layer < LSTM_LAYERS && !status; layer++)
        status = take_lstm_node(&walk, layer);
    for (int i = 0; i < 3 && !status; i++)
        status = take_linear(&walk, &linears[2 * i]);
    return status;
}
