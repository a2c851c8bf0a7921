#!/usr/bin/env python3
"""compare_processors.py - holds every stage on another processor against the same on this one.
SPDX-License-Identifier: MIT

usage: compare_processors.py DUMP_STAGES MODEL

DUMP_STAGES was built for the other processor and is run by $MESON_EXE_WRAPPER, which meson sets;
$DIARIST_NATIVE_STAGES is the same program for this one, which compare_stages.py holds against the
reference implementation. Four seconds in which one voice follows another: an emulator is slow.
Exit code 77: nothing to compare with.
"""

import os
import pathlib
import shlex
import subprocess
import sys
import tempfile

import compare_stages as stages

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from harness import ROOT, need, skip  # noqa: E402

np = need("numpy")

START_S, LENGTH_S = 18.0, 4.0


def samples():
    path = ROOT / "examples" / "conversation.flac"
    command = ["ffmpeg", "-v", "error", "-ss", str(START_S), "-t", str(LENGTH_S), "-i", str(path)]
    command += ["-f", "f32le", "-ac", "1", "-ar", "16000", "-"]
    return subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, check=True).stdout


def dump(command, model, raw):
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([*command, model, raw, folder, "5", "reference"], check=True)
        return {path.stem: np.load(path) for path in pathlib.Path(folder).glob("*.npy")}


def compare(ours, native):
    for name in ("fbank", "logprob"):
        stages.close(name, ours[name], native[name], stages.LOGPROB_TOLERANCE)
    for name in ("active", "count", "has", "assign"):
        stages.same(name, ours[name], native[name])
    for name in ("trunk", "win_emb", "rwin_emb", "centroids"):
        stages.cosines(name, ours[name], native[name])
    stages.compare_segments("segments", ours["segments"], native["segments"])
    stages.check("two speakers", len(native["centroids"]) == 2)


def main():
    native = os.environ.get("DIARIST_NATIVE_STAGES")
    if not native or not os.path.isfile(sys.argv[2]):
        skip("no DIARIST_NATIVE_STAGES, or no model")
    with tempfile.NamedTemporaryFile() as raw:
        raw.write(samples())
        raw.flush()
        wrapper = shlex.split(os.environ.get("MESON_EXE_WRAPPER", ""))
        ours = dump([*wrapper, sys.argv[1]], sys.argv[2], raw.name)
        compare(ours, dump([native], sys.argv[2], raw.name))
    stages.checks.finish()


if __name__ == "__main__":
    main()
