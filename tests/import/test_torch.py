#!/usr/bin/env python3
"""test_torch.py - checkpoints and ONNX files that PyTorch itself wrote, imported by diarist.
SPDX-License-Identifier: MIT

usage: test_torch.py PROGRAM

Needs PyTorch and onnx, in this Python or in the environment of bench/peers; skipped without."""

import os
import pathlib
import subprocess
import sys
import tempfile

import originals
from model_file import read_model

CACHE = pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache")
PEER = CACHE / "diarist" / "peers" / "senko" / "bin" / "python"
SKIPPED = 77


def find_torch():
    try:
        import onnx  # noqa: F401
        import torch  # noqa: F401
    except ImportError:
        if pathlib.Path(sys.executable) == PEER or not PEER.exists():
            print("skipped: there is no PyTorch with onnx")
            sys.exit(SKIPPED)
        sys.exit(subprocess.run([PEER, *sys.argv]).returncode)


def make_network(torch):
    """WeSpeaker's ResNet34 with random weights and statistics, in evaluation mode."""
    nn = torch.nn

    class Block(nn.Module):
        def __init__(self, inputs, channels, stride):
            super().__init__()
            self.conv1 = nn.Conv2d(inputs, channels, 3, stride, 1, bias=False)
            self.bn1 = nn.BatchNorm2d(channels)
            self.conv2 = nn.Conv2d(channels, channels, 3, 1, 1, bias=False)
            self.bn2 = nn.BatchNorm2d(channels)
            self.shortcut = nn.Sequential()
            if stride != 1:
                self.shortcut = nn.Sequential(nn.Conv2d(inputs, channels, 1, stride, bias=False),
                                              nn.BatchNorm2d(channels))

        def forward(self, x):
            y = torch.relu(self.bn1(self.conv1(x)))
            return torch.relu(self.bn2(self.conv2(y)) + self.shortcut(x))

    class ResNet34(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv1 = nn.Conv2d(1, 32, 3, 1, 1, bias=False)
            self.bn1 = nn.BatchNorm2d(32)
            inputs = 32
            for layer, blocks in enumerate(originals.BLOCKS):
                channels = 32 << layer
                made = []
                for block in range(blocks):
                    made.append(Block(inputs, channels, 2 if layer and not block else 1))
                    inputs = channels
                setattr(self, f"layer{layer + 1}", nn.Sequential(*made))
            self.seg_1 = nn.Linear(5120, 256)

        def forward(self, features):
            x = features.permute(0, 2, 1).unsqueeze(1)
            x = torch.relu(self.bn1(self.conv1(x)))
            for layer in (self.layer1, self.layer2, self.layer3, self.layer4):
                x = layer(x)
            mean, deviation = x.mean(dim=-1), torch.sqrt(x.var(dim=-1, unbiased=True) + 1e-7)
            return self.seg_1(torch.cat([mean.flatten(1), deviation.flatten(1)], dim=1))

    torch.manual_seed(1)
    network = ResNet34()
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.running_mean.normal_(0, 0.1)
            module.running_var.uniform_(0.5, 1.5)
            module.weight.data.uniform_(0.5, 1.5)
            module.bias.data.normal_(0, 0.1)
    return network.eval()


def run_imported(torch, network, tensors):
    """The embedding of some features by the network with the imported tensors."""
    state = {name: torch.from_numpy(tensors[f"embedding.resnet.{name}"].copy())
             for name in network.state_dict() if not name.endswith("num_batches_tracked")}
    copy = make_network(torch)
    copy.load_state_dict(state, strict=False)
    generator = torch.Generator().manual_seed(2)
    features = torch.randn(2, 200, 80, generator=generator)
    with torch.no_grad():
        return network(features), copy(features)


def export(torch, network, path, **how):
    torch.onnx.export(network, (torch.zeros(1, 200, 80),), path, input_names=["feats"],
                      output_names=["embs"], verbose=False, **how)


def make_checkpoint(torch, network, path):
    state = {"resnet." + name: value for name, value in network.state_dict().items()}
    torch.save({"state_dict": state, "epoch": 3, "hyper_parameters": {"rate": 0.1},
                "path": pathlib.PurePosixPath("foreign/class")}, path)


def main():
    find_torch()
    import torch

    preserve = torch.onnx.TrainingMode.PRESERVE
    network = make_network(torch)
    ways = {
        "embedding.bin": lambda path: make_checkpoint(torch, network, path),
        "voxceleb_resnet34_LM.onnx": lambda path: export(torch, network, path, dynamo=False),
        "wespeaker_resnet34_lm.onnx": lambda path: export(torch, network, path, dynamo=False,
                                                          training=preserve,
                                                          do_constant_folding=False),
        "embedding.onnx": lambda path: export(torch, network, path, dynamo=True),
    }
    failed = 0
    for name, write in ways.items():
        with tempfile.TemporaryDirectory() as root:
            folder = pathlib.Path(root)
            try:
                write(str(folder / name))
            except Exception as error:  # an exporter that this PyTorch lacks
                print(f"skipped: {name}: {type(error).__name__}: {str(error).splitlines()[0]}")
                continue
            (folder / "segmentation.bin").write_bytes(originals.checkpoint(originals.segmentation()))
            for file, arrays in originals.plda().items():
                (folder / file).write_bytes(originals.plda_file(arrays))
            made = folder / "made.safetensors"
            run = subprocess.run([sys.argv[1], "models", "import", "--set", "community-1", folder,
                                  "-o", made], capture_output=True, text=True)
            if run.returncode:
                print(f"FAILED {name}: {run.stderr}")
                failed += 1
                continue
            expected, got = run_imported(torch, network, read_model(made)[0])
            cosine = torch.nn.functional.cosine_similarity(expected, got).min().item()
            apart = ((expected - got).abs().max() / expected.abs().max()).item()
            print(f"{name}: cosine {cosine:.9f}, furthest value {apart:.1e} of the largest")
            failed += not (cosine > 0.999999 and apart < 1e-5)
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
