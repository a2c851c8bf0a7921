#!/usr/bin/env python3
"""speech.py - where the program finds speech with --onset and --offset, against the definition.
SPDX-License-Identifier: MIT

usage: speech.py DUMP_STAGES PROGRAM MODEL RECORDING

Log-probabilities of each chunk, as the engine has them -> in numpy: probability that anybody talks,
averaged over the chunks, hysteresis, pauses and short turns -> the turns and confidences of
`vad -f json`. Exit code 77 without numpy.
"""

import json
import pathlib
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from harness import RATE, Checks, cut, need  # noqa: E402

np = need("numpy")

dump_stages, program, model, recording = sys.argv[1:5]
FRAME_S, FIRST_S = 270 / RATE, (495.5 - 135) / RATE
STEP_S, LENGTH_S = 2.5, 24
BIAS = np.array([-0.5, 0, 0, 0, 0.3, 0.3, 0.3])
CASES = [  # onset, offset, shortest turn and pause, and what is to be written for them
    (0.5, 0.357, 0, 0, ["--onset", "0.5", "--offset", "0.357"]),
    (0.5, 0.357, 0.5, 0.3, ["--onset", "0.5", "--offset", "0.357", "--min-duration-on", "0.5",
                            "--min-duration-off", "0.3"]),
    (0.9, 0.9, 0, 0, ["--onset", "0.9"]),
    (0.5, 0.02, 0, 0, ["--offset", "0.02"]),
    (0.99, 0.001, 0, 0, ["--onset", "0.99", "--offset", "0.001"]),
    (1.0, 0.5, 0, 0, ["--onset", "1", "--offset", "0.5"]),
    (0.0, 0.0, 0, 0, ["--onset", "0", "--offset", "0"]),
]


def log_probabilities(samples, folder):
    samples.tofile(folder / "samples.f32")
    subprocess.run([dump_stages, model, folder / "samples.f32", folder, str(STEP_S), "reference"],
                   check=True)
    return np.load(folder / "logprob.npy").astype(float)


def speech(logprob, num_samples):
    """[frames] probability that anybody talks."""
    p = np.exp(logprob + BIAS)
    spoken = 1 - p[:, :, 0] / p.sum(2)
    num = int(np.ceil(num_samples / RATE / FRAME_S)) + 2
    total, weight = np.zeros(num + 700), np.zeros(num + 700)
    for c, chunk in enumerate(spoken):
        first = int(np.rint(c * STEP_S * RATE / 270))
        total[first: first + 589] += chunk * np.hamming(589)
        weight[first: first + 589] += np.hamming(589)
    return (total / np.maximum(weight, 1e-6))[:num]


def turns(probability, onset, offset, min_on, min_off, duration):
    active, found = False, []
    for f, p in enumerate(probability):
        active = p >= offset if active else p > onset
        if active and found and found[-1][1] == f:
            found[-1][1] = f + 1
        elif active:
            found.append([f, f + 1])
    joined = []
    for first, end in found:
        if joined and (first - joined[-1][1]) * FRAME_S < min_off:
            joined[-1][1] = end
        else:
            joined.append([first, end])
    edge = lambda f: min(f * FRAME_S + FIRST_S, duration)
    return [(edge(a), edge(b), probability[a:b].mean()) for a, b in joined
            if edge(b) - edge(a) > 0 and edge(b) - edge(a) >= min_on]


def found_by_program(folder, options):
    done = subprocess.run([program, "vad", "-q", "--model", model, "--preset", "accurate", "--step",
                           str(STEP_S), "-f", "json", *options, folder / "clip.wav"],
                          capture_output=True, text=True, check=True)
    return [(t["start"], t["end"], t["confidence"]) for t in json.loads(done.stdout)["diarization"]]


def main():
    checks = Checks()
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        samples = cut(recording, folder / "clip.wav", LENGTH_S)
        probability = speech(log_probabilities(samples, folder), len(samples))
        for onset, offset, min_on, min_off, options in CASES:
            ours = found_by_program(folder, options)
            want = turns(probability, onset, offset, min_on, min_off, len(samples) / RATE)
            same = len(ours) == len(want) and np.allclose(ours, want, rtol=0, atol=1.1e-3)
            checks.expect(options, same, "%s\nwanted\n%s" % (ours, want))
    checks.finish()


main()
