"""make_model.py - a community-1 model file: the real segmentation and PLDA, random embedding weights.
SPDX-License-Identifier: MIT"""

import json
import pathlib
import struct
import sys

import numpy as np

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "import"))
from model_file import read_model  # noqa: E402

LAYERS = ((3, 32), (4, 64), (6, 128), (3, 256))
METADATA = {"architecture": "diarist/community-1", "cluster_threshold": "0.6", "format": "diarist",
            "name": "community-1", "license": "none", "source": "random weights"}


def resnet34(seed=5):
    """{name: array} with PyTorch's names and orders. Deviations keep the activations near 1."""
    rng = np.random.default_rng(seed)
    tensors = {}

    def put(name, array):
        tensors[name] = array.astype("<f4")

    def convolution(name, outputs, inputs, kernel):
        put(name + ".weight", rng.normal(0, (2 / (inputs * kernel * kernel)) ** 0.5,
                                         (outputs, inputs, kernel, kernel)))

    def norm(name, channels):
        put(name + ".weight", rng.uniform(0.5, 1.5, channels))
        put(name + ".bias", rng.normal(0, 0.1, channels))
        put(name + ".running_mean", rng.normal(0, 0.1, channels))
        put(name + ".running_var", rng.uniform(0.5, 1.5, channels))

    convolution("conv1", 32, 1, 3)
    norm("bn1", 32)
    inputs = 32
    for layer, (blocks, channels) in enumerate(LAYERS, 1):
        for block in range(blocks):
            name = "layer%d.%d." % (layer, block)
            for i in (1, 2):
                convolution("%sconv%d" % (name, i), channels, inputs if i == 1 else channels, 3)
                norm("%sbn%d" % (name, i), channels)
            if block == 0 and layer > 1:
                convolution(name + "shortcut.0", channels, inputs, 1)
                norm(name + "shortcut.1", channels)
            inputs = channels
    put("seg_1.weight", rng.normal(0, 5120 ** -0.5, (256, 5120)))
    put("seg_1.bias", rng.normal(0, 0.1, 256))
    return tensors


def plda(folder):
    """{name: array} of PLDA_FOLDER's two files."""
    return {name: array.astype("<f8") for file in ("xvec_transform.npz", "plda.npz")
            for name, array in np.load(folder / file).items()}


def write(path, default_model, plda_folder, embedding):
    """A model file of the segmentation of default_model, embedding {name: array} and PLDA."""
    tensors = {name: array for name, array in read_model(default_model)[0].items()
               if name.startswith("segmentation.")}
    tensors |= {"embedding.resnet." + name: array for name, array in embedding.items()}
    tensors |= {"plda." + name: array for name, array in plda(plda_folder).items()}
    header, body, offset = {"__metadata__": METADATA}, [], 0
    for name in sorted(tensors, key=lambda name: (tensors[name].dtype != "<f8", name)):
        data = np.ascontiguousarray(tensors[name]).tobytes()
        header[name] = {"dtype": "F64" if tensors[name].dtype == "<f8" else "F32",
                        "shape": list(tensors[name].shape),
                        "data_offsets": [offset, offset + len(data)]}
        offset += len(data)
        body.append(data)
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    path.write_bytes(struct.pack("<Q", len(text)) + text + b"".join(body))
