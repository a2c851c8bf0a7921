# SPDX-License-Identifier: MIT
"""The writer of model files: safetensors, the same bytes for the same tensors on every machine.

Layout: 8 bytes little-endian header length, the JSON header padded with spaces so that the data
start at a multiple of 64, the tensors' bytes in the order of their names, without gaps.
"""

import json
import struct

from . import Failure, tensor

ALIGNMENT = 64
MAX_NAME_BYTES = 256
MAX_TENSORS = 4096


def encode(tensors, metadata):
    """The bytes of a model file. tensors: {name: Tensor}; metadata: {str: str}."""
    if not tensors:
        raise Failure("there is no tensor to write")
    if len(tensors) > MAX_TENSORS:
        raise Failure("there are %d tensors; a model file has at most %d"
                      % (len(tensors), MAX_TENSORS))
    header, chunks, offset = {"__metadata__": dict(sorted(metadata.items()))}, [], 0
    for name in sorted(tensors):
        if not name or len(name.encode("utf-8")) > MAX_NAME_BYTES or name == "__metadata__":
            raise Failure("a tensor cannot be named %.80r" % name)
        dtype, data = tensor.stored(tensors[name], "tensor " + name)
        header[name] = {"dtype": dtype, "shape": list(tensors[name].shape),
                        "data_offsets": [offset, offset + len(data)]}
        chunks.append(data)
        offset += len(data)
    text = json.dumps(header, separators=(",", ":"), ensure_ascii=True).encode("ascii")
    text += b" " * (-(8 + len(text)) % ALIGNMENT)
    return struct.pack("<Q", len(text)) + text + b"".join(chunks)
