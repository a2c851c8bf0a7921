#!/usr/bin/env python3
"""diarize_turns.py - the package diarize of FoxNose. SPDX-License-Identifier: MIT

Talks as turns.py says. params: num_speakers, min_speakers, max_speakers. Its embedding network is
fetched by its own package before anything is timed; that it is read anew for each recording is the
package's way.
"""

import turns


def load(start):
    from diarize import diarize as package
    from wespeakerruntime import Speaker

    try:
        Speaker(lang="en")
    except Exception as failure:
        raise turns.Unavailable(
            "its embedding network cannot be had; put voxceleb_resnet34_LM.onnx of WeSpeaker at "
            f"~/.wespeaker/en/model.onnx ({type(failure).__name__})") from failure

    def diarize(path):
        return [(s.start, s.end, s.speaker) for s in package(path, **start["params"]).segments]

    return diarize


if __name__ == "__main__":
    turns.serve(load)
