#!/usr/bin/env python3
"""senko_turns.py - Senko on a CPU as its documentation has it. SPDX-License-Identifier: MIT

Talks as turns.py says. params: vad, mer_cos, accurate as Senko has them; warm (default true): what is
compiled at the first call is compiled before anything is timed.
"""

import turns


def load(start):
    import senko

    params = start["params"]
    settings = {name: params[name] for name in ("vad", "mer_cos") if name in params}
    diarizer = senko.Diarizer(device="cpu", warmup=params.get("warm", True), quiet=True, **settings)

    def diarize(path):
        result = diarizer.diarize(path, accurate=params.get("accurate"), generate_colors=False)
        # None: no speech
        return [(s["start"], s["end"], s["speaker"]) for s in result["merged_segments"]] if result else []

    return diarize


if __name__ == "__main__":
    turns.serve(load)
