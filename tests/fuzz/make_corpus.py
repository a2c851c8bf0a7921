#!/usr/bin/env python3
"""make_corpus.py - files for the fuzzers to start from.
SPDX-License-Identifier: MIT

usage: make_corpus.py DIRECTORY

Writes DIRECTORY/weights/*: small model files, valid ones and ones that break one rule each.
"""

import json
import os
import struct
import sys

NAN = struct.unpack("<f", b"\0\0\xc0\x7f")[0]


def model_file(header, data):
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    return struct.pack("<Q", len(text)) + text + data


def entry(dtype, shape, begin, end):
    return {"dtype": dtype, "shape": shape, "data_offsets": [begin, end]}


def weights():
    """{name: bytes}"""
    floats = struct.pack("<4f", 1, -2, 0.5, 1e-40)
    metadata = {"architecture": "diarist/default-1", "author": "Zo\u00eb \U0001f600 \"\\\n"}
    one = {"x": entry("F32", [4], 0, 16)}
    files = {
        "one": model_file(one, floats),
        "metadata": model_file({"__metadata__": metadata, **one}, floats),
        "utf8": model_file(json.dumps({"\u00e9\u20ac\U0001f600": one["x"]}, ensure_ascii=False)
                           .encode(), floats),
        "shapes": model_file({"a": entry("F32", [2, 1], 8, 16), "b": entry("F32", [0, 9], 8, 8),
                              "c": entry("F32", [], 4, 8), "d": entry("I32", [1] * 8, 0, 4)},
                             floats),
        "nan": model_file(one, struct.pack("<4f", 1, 2, NAN, 4)),
        "empty": model_file({}, b""),
        "cut": model_file(one, floats[:-1]),
        "gap": model_file({"x": entry("F32", [1], 12, 16)}, floats),
        "overlap": model_file({**one, "y": entry("F32", [2], 4, 12)}, floats),
        "overflow": model_file({"x": entry("F32", [1 << 32, 1 << 32], 0, 16)}, floats),
        "half": model_file({"x": entry("F16", [8], 0, 16)}, floats),
        "no_header": struct.pack("<Q", 0) + floats,
        "huge_header": struct.pack("<Q", 1 << 40) + floats,
    }
    for dtype, size in (("I64", 8), ("U64", 8), ("U32", 4), ("I16", 2), ("U16", 2), ("I8", 1),
                        ("U8", 1), ("BOOL", 1)):
        files[dtype] = model_file({"x": entry(dtype, [16 // size], 0, 16)}, floats)
    return files


def main():
    folder = os.path.join(sys.argv[1], "weights")
    os.makedirs(folder, exist_ok=True)
    for name, data in weights().items():
        with open(os.path.join(folder, name), "wb") as file:
            file.write(data)


if __name__ == "__main__":
    main()
