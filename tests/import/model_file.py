"""model_file.py - reads a .safetensors model file, independently of the engine.
SPDX-License-Identifier: MIT"""

import json
import struct


def read_raw(path):
    """({name: (dtype, shape, bytes)}, metadata)"""
    with open(path, "rb") as file:
        data = file.read()
    (length,) = struct.unpack("<Q", data[:8])
    header, body = json.loads(data[8: 8 + length]), data[8 + length:]
    metadata = header.pop("__metadata__", {})
    tensors = {}
    for name, entry in header.items():
        begin, end = entry["data_offsets"]
        tensors[name] = entry["dtype"], tuple(entry["shape"]), body[begin:end]
    return tensors, metadata


def read_model(path):
    """({name: NumPy array}, metadata)"""
    import numpy

    types = {"F32": "<f4", "F64": "<f8"}
    tensors, metadata = read_raw(path)
    return {name: numpy.frombuffer(data, types[dtype]).reshape(shape)
            for name, (dtype, shape, data) in tensors.items()}, metadata
