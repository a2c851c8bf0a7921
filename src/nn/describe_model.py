#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""describe_model.py MODEL HEADER: writes the C header that puts MODEL into the library.

Run by the build when MODEL is newer than HEADER. The hash in it makes embedded.c compile again when
the bytes change, and saves hashing them at every start."""

import hashlib
import os
import sys


def main():
    model, header = os.path.abspath(sys.argv[1]), sys.argv[2]
    if any(c in model for c in '"\\\n'):
        sys.exit("describe_model.py: %s: a model's path may not contain quotes, backslashes or "
                 "line ends" % model)
    digest = hashlib.sha256()
    with open(model, "rb") as file:
        for block in iter(lambda: file.read(1 << 20), b""):
            digest.update(block)
    with open(header, "w", encoding="utf-8") as file:
        file.write("/* Made by src/nn/describe_model.py. */\n"
                   '#define DR_MODEL_FILE "%s"\n#define DR_MODEL_SHA256 "%s"\n'
                   % (model, digest.hexdigest()))


if __name__ == "__main__":
    main()
