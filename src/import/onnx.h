/* onnx.h - an ONNX file as a graph: nodes in order, and the constants that they use.
 * SPDX-License-Identifier: MIT
 *
 * Subgraphs (of If and Loop) are laid open: their nodes stand before the node that has them, which
 * is in order too. */
#ifndef DR_IMPORT_ONNX_H
#define DR_IMPORT_ONNX_H

#include "base/arena.h"
#include "import/array.h"
#include "import/protobuf.h"

struct dr_onnx_names {
    const char **at;
    size_t num;
};

struct dr_onnx_node {
    const char *op;
    struct dr_onnx_names inputs, outputs; /* "" for one that is left out */
    struct dr_proto message;              /* where its attributes are */
};

struct dr_onnx {
    struct dr_onnx_node *nodes;
    size_t num_nodes;
    struct dr_arrays constants;
};

/* Finds a file of external data that lies beside the ONNX file: 0 or a status with *err filled. */
typedef int dr_onnx_beside(void *user, const char *name, const unsigned char **bytes, size_t *size,
                           diarist_error *err);

/* bytes, and what `beside` finds, must stay valid as long as the graph. */
int dr_onnx_read(struct dr_onnx *out, const unsigned char *bytes, size_t size,
                 dr_onnx_beside *beside, void *user, struct dr_arena *arena, diarist_error *err);

/* The next node from `first` on with that op and, unless it is NULL, that input; or NULL. */
const struct dr_onnx_node *dr_onnx_next(const struct dr_onnx *onnx, size_t first, const char *op,
                                        const char *input);
size_t dr_onnx_index(const struct dr_onnx *onnx, const struct dr_onnx_node *node);

/* Input or output i of a node, "" when it has none. */
const char *dr_onnx_input(const struct dr_onnx_node *node, size_t i);
const char *dr_onnx_output(const struct dr_onnx_node *node, size_t i);

/* An attribute, or what it is when it is not written. */
int64_t dr_onnx_int(const struct dr_onnx_node *node, const char *name, int64_t otherwise);
float dr_onnx_float(const struct dr_onnx_node *node, const char *name, float otherwise);

/* The constant called so, seen through Identity and through Transpose of a matrix. */
bool dr_onnx_constant(struct dr_array *out, const struct dr_onnx *onnx, const char *name);

#endif
