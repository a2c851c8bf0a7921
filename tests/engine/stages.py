#!/usr/bin/env python3
"""stages.py - what --stages writes, read by numpy, against the engine's stages and the turns.
SPDX-License-Identifier: MIT

usage: stages.py DUMP_STAGES PROGRAM MODEL RECORDING

Arrays against those that DUMP_STAGES takes from inside the engine; the speakers of chunks and
windows against the turns that the same run wrote. Exit code 77 without numpy.
"""

import json
import pathlib
import subprocess
import sys
import tempfile
import zipfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from harness import RATE, Checks, cut, need, write_wav  # noqa: E402

np = need("numpy")

dump_stages, program, model, recording = sys.argv[1:5]
STEP_S, LENGTH_S = 5, 24
checks = Checks()
check = checks.expect


def run(folder, name, command="diarize", *options):
    """The arrays and the document of a run."""
    done = subprocess.run([program, command, "-q", "--model", model, "--step", str(STEP_S), "-f",
                           "json", "--stages", folder / "stages.npz", *options, folder / name],
                          capture_output=True, text=True, check=True)
    with zipfile.ZipFile(folder / "stages.npz") as archive:
        check(name + " checksums", archive.testzip() is None)
    with np.load(folder / "stages.npz") as arrays:
        return dict(arrays), json.loads(done.stdout)


def compare_arrays(ours, folder):
    subprocess.run([dump_stages, model, folder / "samples.f32", folder, str(STEP_S), "default"],
                   check=True)
    want = {path.stem: np.load(path) for path in folder.glob("*.npy")}
    bits = want["active"][:, :, None] >> np.arange(3) & 1
    check("segmentations", np.array_equal(ours["segmentations"], bits))
    check("chunk_start", np.array_equal(ours["chunk_start"], STEP_S * np.arange(len(bits))))
    has = want["has"].astype(bool)
    check("embeddings", has.any() and np.array_equal(ours["embeddings"][has], want["emb"][has]))
    check("no embeddings", np.isnan(ours["embeddings"][~has]).all())
    check("hard_clusters", np.array_equal(ours["hard_clusters"], np.maximum(want["assign"], -1)))
    check("window_clusters", np.array_equal(ours["window_clusters"], want["labels"]))
    check("window_embeddings", np.array_equal(ours["window_embeddings"], want["win_emb"]))
    check("window_start", np.allclose(ours["window_start"], np.maximum(want["win_t"] - 0.74, 0)))
    check("window_end", np.allclose(ours["window_end"],
                                    np.minimum(want["win_t"] + 0.74, LENGTH_S)))


def share(turns, speaker, times):
    """Of points in time, those at which a speaker has a turn."""
    inside = np.zeros(len(times), bool)
    for turn in turns:
        if turn["speaker"] == speaker:
            inside |= (turn["start"] <= times) & (times < turn["end"])
    return inside.mean()


def compare_turns(ours, document):
    names = [speaker["id"] for speaker in document["speakers"]]
    turns = document["diarization"]
    frames = ours["first_frame"] + ours["frame_step"] * np.arange(589)
    for c, start in enumerate(ours["chunk_start"]):
        for q in range(3):
            times = (start + frames)[ours["segmentations"][c, :, q] > 0]
            speaker = ours["speakers"][c, q]
            check("chunk %d, %d: active or nobody" % (c, q), (speaker >= 0) == (len(times) > 0))
            if len(times) > 60:
                part = share(turns, names[speaker], times)
                check("chunk %d, %d: in turns" % (c, q), part > 0.7, "%.2f" % part)
    around = (ours["window_start"] + ours["window_end"])[:, None] / 2 + np.linspace(-0.2, 0.2, 5)
    hits = [share(turns, names[speaker], around[w]) >= 0.6
            for w, speaker in enumerate(ours["window_speakers"]) if speaker >= 0]
    check("windows in turns", len(hits) > 20 and np.mean(hits) > 0.9, "%.2f" % np.mean(hits))
    want = [speaker["embedding"] for speaker in document["speakers"]]
    check("speaker_embeddings", np.allclose(ours["speaker_embeddings"], want, atol=1e-6))


def main():
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        cut(recording, folder / "clip.wav", LENGTH_S).tofile(folder / "samples.f32")
        ours, document = run(folder, "clip.wav", "diarize", "--embeddings")
        compare_arrays(ours, folder)
        compare_turns(ours, document)
        speech, _ = run(folder, "clip.wav", "vad")
        check("arrays of vad", sorted(speech) == ["chunk_start", "first_frame", "frame_step",
                                                  "segmentations"], sorted(speech))
        check("segmentations of vad", np.array_equal(speech["segmentations"],
                                                     ours["segmentations"]))
        write_wav(folder / "silence.wav", np.zeros(3 * RATE))
        silent, _ = run(folder, "silence.wav")
        check("silence", silent["segmentations"].shape == (1, 589, 3) and
              not silent["segmentations"].any() and (silent["hard_clusters"] == -1).all() and
              silent["window_embeddings"].shape == (0, 192) and
              silent["speaker_embeddings"].shape == (0, 192))
        write_wav(folder / "empty.wav", np.zeros(0))
        empty = subprocess.run([program, "-q", "--model", model, "--stages", folder / "e.npz",
                                folder / "empty.wav"], capture_output=True)
        if empty.returncode == 0:
            with np.load(folder / "e.npz") as arrays:
                check("empty", arrays["segmentations"].shape == (0, 589, 3))
    checks.finish()


main()
