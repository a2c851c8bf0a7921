#!/usr/bin/env python3
"""golden.py - runs a program on the reference implementation's arrays.
SPDX-License-Identifier: MIT

usage: golden.py PROGRAM [KEY...]

SHARED/fixtures/default/CLIP.npz -> FOLDER/CLIP/KEY.bin (little-endian) -> PROGRAM FOLDER/CLIP...
SHARED is DIARIST_SHARED, or ../shared beside the repository. Exit status 77 (skipped) without it.
"""
import ast
import glob
import os
import struct
import subprocess
import sys
import tempfile
import zipfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def npy_data(blob):
    """The raw values of a .npy file, which must be little-endian and in C order."""
    major = blob[6]
    length_format, start = ("<H", 10) if major == 1 else ("<I", 12)
    (length,) = struct.unpack_from(length_format, blob, 8)
    header = ast.literal_eval(blob[start : start + length].decode("latin1"))
    assert header["descr"][0] in "<|", header
    assert not (header["fortran_order"] and len(header["shape"]) > 1), header
    return blob[start + length :]


def unpack(path, folder, keys):
    os.makedirs(folder)
    with zipfile.ZipFile(path) as archive:
        for member in archive.namelist():
            key = member[: -len(".npy")]
            if key in keys:
                with open(os.path.join(folder, key + ".bin"), "wb") as out:
                    out.write(npy_data(archive.read(member)))


def main():
    program, keys = sys.argv[1], sys.argv[2:]
    shared = os.environ.get("DIARIST_SHARED") or os.path.join(ROOT, "..", "shared")
    clips = sorted(glob.glob(os.path.join(shared, "fixtures", "default", "*.npz")))
    if not clips:
        print(f"skipped: no fixtures in {shared}")
        return 77
    with tempfile.TemporaryDirectory() as folder:
        folders = []
        for path in clips:
            folders.append(os.path.join(folder, os.path.basename(path)[: -len(".npz")]))
            unpack(path, folders[-1], keys)
        return subprocess.run([program] + folders, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
