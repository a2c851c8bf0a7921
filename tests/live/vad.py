#!/usr/bin/env python3
"""vad.py - the ranges of `vad --live` against their definition.
SPDX-License-Identifier: MIT

usage: vad.py DUMP_STAGES PROGRAM MODEL RECORDING

Log-probabilities of windows, as the engine has them -> in numpy: the most active local speaker's
probability, each window's middle, hysteresis, pauses. On pieces of RECORDING and, where they are, of
the real recordings in $DIARIST_SHARED. Exit code 77 without numpy.
"""

import json
import os
import pathlib
import subprocess
import sys
import tempfile

try:
    import numpy as np
except ImportError:
    print("skipped: numpy is not installed")
    sys.exit(77)

dump_stages, program, model, recording = sys.argv[1:5]
RATE, WINDOW, FRAMES, FRAME = 16000, 160000, 589, 270
FIRST = 991 / 2 - FRAME / 2  # samples before frame 0
REAL = pathlib.Path(os.environ.get("DIARIST_SHARED", "../shared"), "data", "real")
SPEAKERS = [(1, 4, 5), (2, 4, 6), (3, 5, 6)]  # classes in which each of the three talks
# recording, first second, length, step, onset, offset, shortest pause
PIECES = [
    (recording, 0, 22.2, 2.5, None, None, 0),
    (recording, 30, 22.5, 2.5, 0.7, 0.2, 0.4),  # ends with a window
    (recording, 50, 25.003, 10, None, None, 0.25),
    (recording, 50, 10, 2.5, None, None, 0),
    (recording, 61, 3.1, 2.5, None, None, 0),
    (recording, 2, 0.05, 2.5, None, None, 0),
    (REAL / "pyaa_diarizationExample.flac", 0, 21.7, 2.5, None, None, 0),
    (REAL / "pyannote_sample.flac", 3, 16, 1, 0.5, 0.5, 0),
]


def read(path, first_s, length_s):
    """Samples as s16."""
    command = ["ffmpeg", "-v", "error", "-nostdin", "-ss", str(first_s), "-t", str(length_s), "-i", path,
               "-f", "s16le", "-ac", "1", "-ar", str(RATE), "-"]
    return np.frombuffer(subprocess.run(command, capture_output=True, check=True).stdout, "<i2")


def log_probabilities(samples, step_s, folder):
    """[windows][589][7]"""
    samples.tofile(folder / "samples.f32")
    subprocess.run([dump_stages, model, folder / "samples.f32", folder, str(step_s), "reference16"],
                   check=True)
    return np.load(folder / "logprob.npy").astype(float)


def windows(samples, step_s, folder):
    """[(first sample, logprob)]: every step, and the last 10 s."""
    n, step = len(samples), round(step_s * RATE)
    if n < WINDOW:
        phase = np.arange(WINDOW) % (2 * n)
        mirrored = samples[np.minimum(phase, 2 * n - 1 - phase)]
        return [(0, log_probabilities(mirrored, step_s, folder)[0])]
    whole = (n - WINDOW) // step + 1
    found = log_probabilities(samples, step_s, folder)[:whole]
    found = [(i * step, logprob) for i, logprob in enumerate(found)]
    if found[-1][0] + WINDOW < n:
        found.append((n - WINDOW, log_probabilities(samples[-WINDOW:], step_s, folder)[0]))
    return found


def probability(samples, step_s, folder):
    """[frames that begin within the samples]"""
    n, step = len(samples), round(step_s * RATE)
    found = windows(samples, step_s, folder)
    frames = np.arange(max(0, int(np.ceil((n - FIRST) / FRAME))))
    # Where the middle of each window ends, no frame reaching beyond the window; the last has no end.
    ends = [np.rint((first + min((WINDOW + step) // 2, WINDOW - 991)) / FRAME) for first, _ in found[:-1]]
    which = np.searchsorted(ends, frames, "right")
    result = np.zeros(len(frames))
    for f, w in zip(frames, which):
        first, logprob = found[w]
        p = np.exp(logprob[np.clip(f - int(np.rint(first / FRAME)), 0, FRAMES - 1)])
        result[f] = max(sum(p[c] for c in classes) for classes in SPEAKERS)
    return result


def ranges(p, onset, offset, shortest_pause, n):
    found, active = [], False
    for f, value in enumerate(p):
        active = value >= (offset if active else onset)
        if active and found and (f - found[-1][1]) * FRAME / RATE < max(shortest_pause, 1e-9):
            found[-1][1] = f + 1
        elif active:
            found.append([f, f + 1])
    return [tuple(min(f * FRAME + FIRST, n) / RATE for f in edges) for edges in found]


def found_by_program(samples, step_s, options):
    done = subprocess.run([program, "vad", "--live", "--model", model, "--step", str(step_s), *options],
                          input=samples.tobytes(), capture_output=True, check=True)
    return [json.loads(line) for line in done.stdout.splitlines()]


def check(piece, folder):
    path, first_s, length_s, step_s, onset, offset, pause = piece
    samples = read(path, first_s, length_s)
    options = ["--min-duration-off", str(pause)]
    if onset:
        options += ["--onset", str(onset), "--offset", str(offset)]
    ours = found_by_program(samples, step_s, options)
    p = probability((samples / np.float32(32768)).astype("<f4"), step_s, folder)
    want = ranges(p, onset or 0.5, offset or 0.357, pause, len(samples))
    got = [(r["start"], r["end"]) for r in ours]
    late = [r["at"] - r["end"] for r in ours]
    if len(got) == len(want) and np.allclose(got, want, rtol=0, atol=1e-4) and min(late, default=0) >= 0:
        return len(want)
    print(f"FAILED {piece}\nfound  {got}\nwanted {want}")
    return None


def main():
    pieces = [piece for piece in PIECES if os.path.exists(piece[0])]
    with tempfile.TemporaryDirectory() as name:
        counts = [check(piece, pathlib.Path(name)) for piece in pieces]
    failed = sum(count is None for count in counts)
    print(f"{len(pieces) - failed} passed, {failed} failed; ranges: {counts}")
    return 1 if failed or not any(counts) else 0


sys.exit(main())
