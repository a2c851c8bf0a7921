#!/usr/bin/env python3
"""test_queue_community.py - the queue with a community-1 model.
SPDX-License-Identifier: MIT

usage: test_queue_community.py TEST_QUEUE PROGRAM MODEL.safetensors CONVERSATION.flac

The model is imported from files made here: the segmentation network of the default set MODEL, an
embedding network and PLDA with random weights. What speakers it finds has no meaning, but it does find
speech, and the queue must say what diarist_diarize says (TEST_QUEUE).
"""

import pathlib
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "import"))
import originals  # noqa: E402
from model_file import read_raw  # noqa: E402

SEGMENTATION = "segmentation."


def write_originals(folder, default_model):
    tensors, _ = read_raw(default_model)
    network = {name.removeprefix(SEGMENTATION): (shape, data)
               for name, (_, shape, data) in tensors.items() if name.startswith(SEGMENTATION)}
    # The filters themselves are not in a checkpoint, their parameters are.
    network.pop("sincnet.conv1d.0.weight", None)
    for name in ("segmentation", "embedding", "plda"):
        (folder / name).mkdir()
    (folder / "segmentation/pytorch_model.bin").write_bytes(originals.checkpoint(network))
    (folder / "embedding/pytorch_model.bin").write_bytes(
        originals.checkpoint(originals.resnet34(), "resnet."))
    plda = originals.plda()
    shape, values = plda["plda.npz"]["psi"]
    plda["plda.npz"]["psi"] = shape, [abs(value) for value in values]  # variances
    for name, arrays in plda.items():
        (folder / "plda" / name).write_bytes(originals.plda_file(arrays))


def main():
    test_queue, program, default_model, conversation = sys.argv[1:]
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        write_originals(folder, default_model)
        model = folder / "community-1.safetensors"
        subprocess.run([program, "models", "import", "--set", "community-1", folder, "-o", model],
                       check=True, timeout=60, stdout=subprocess.DEVNULL)
        done = subprocess.run([test_queue, conversation, model], timeout=600)
    sys.exit(done.returncode)


if __name__ == "__main__":
    main()
