/* networks.h - from the tensors of somebody's file to those of the model file, network by network.
 * SPDX-License-Identifier: MIT
 *
 * A checkpoint's tensors have PyTorch's names. Those of an ONNX file often have none, or belong to
 * layers that the exporter has merged, so they are found by what the graph does with them. */
#ifndef DR_IMPORT_NETWORKS_H
#define DR_IMPORT_NETWORKS_H

#include "import/model_tensors.h"
#include "import/onnx.h"

/* pyannote segmentation-3.0 -> segmentation.* */
int dr_segmentation_from_checkpoint(struct dr_model_tensors *out, const struct dr_arrays *tensors,
                                    diarist_error *err);
int dr_segmentation_from_onnx(struct dr_model_tensors *out, const struct dr_onnx *onnx,
                              diarist_error *err);

/* WeSpeaker ResNet34 -> embedding.resnet.* */
int dr_resnet34_from_checkpoint(struct dr_model_tensors *out, const struct dr_arrays *tensors,
                                diarist_error *err);
int dr_resnet34_from_onnx(struct dr_model_tensors *out, const struct dr_onnx *onnx,
                          diarist_error *err);

/* plda.npz, or xvec_transform.npz -> plda.* */
int dr_plda_from_npz(struct dr_model_tensors *out, const struct dr_arrays *arrays,
                     diarist_error *err);
int dr_xvec_transform_from_npz(struct dr_model_tensors *out, const struct dr_arrays *arrays,
                               diarist_error *err);

/* What stands before a tensor's name in a checkpoint, told from one tensor that must be there: its
 * length, or -1. *found is the name as it stands there. */
int dr_prefix_of(const struct dr_arrays *tensors, const char *suffix, const char **found);

/* The tensor PREFIX + NAME of a checkpoint, or NULL. */
const struct dr_array *dr_find_prefixed(const struct dr_arrays *tensors, const char *prefix,
                                        int prefix_length, const char *name);

#endif
