#!/usr/bin/env python3
"""compare_stages.py - holds every stage against the arrays of the reference implementation.
SPDX-License-Identifier: MIT

usage: compare_stages.py DUMP_STAGES MODEL

SHARED/fixtures/default/*.npz were made by the executable specification in PyTorch (fp32, step 2 s);
SHARED is DIARIST_SHARED, or ../shared beside the repository. DUMP_STAGES writes the engine's for
the same samples. A stage is named when it differs. Also holds the segmentation network against
pyannote.audio's and speakrs' stored segmentations (fixtures/community1, step 1 s). All of that in
single precision, and what the networks say once more in 16 bits, with the bounds below.
Exit code 77: nothing to compare with.
"""

import pathlib
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from harness import SHARED, Checks, need, read_wav, skip  # noqa: E402

np = need("numpy")

LOGPROB_TOLERANCE = 2e-3
FBANK_TOLERANCE = 2e-3
TRUNK_TOLERANCE = 2e-3  # of the largest value; the stored columns are rounded to 16 bits
COSINE = 0.99999
PACKED_COSINE = 0.99998  # of embeddings that are kept in a byte a value
FRAME_S = 0.016875
EQUAL_FRAMES = 0.9999
# In 16 bits: mean error of log-probabilities, frames decoded alike, cosine of embeddings of windows.
LOGPROB_MEAN_16 = 0.005
EQUAL_FRAMES_16 = 0.995
COSINE_16 = 0.99995

checks = Checks(tell_all=True)
check = checks.expect


def run(dump_stages, model, samples, step, folder, mode="reference"):
    raw = pathlib.Path(folder) / "samples.f32"
    np.asarray(samples, "<f4").tofile(raw)
    subprocess.run([dump_stages, model, raw, folder, str(step), mode], check=True)
    return {p.stem: np.load(p) for p in pathlib.Path(folder).glob("*.npy")}


def close(name, ours, golden, tolerance):
    if ours.shape != golden.shape:
        check(name, False, "shape %s, golden %s" % (ours.shape, golden.shape))
        return
    difference = float(np.abs(ours - golden).max(initial=0.0))
    check(name, difference <= tolerance, "largest difference %.2g" % difference)


def same(name, ours, golden):
    ok = ours.shape == golden.shape and bool((ours == golden).all())
    check(name, ok, "" if ok else "%d differ" % np.sum(ours != golden)
          if ours.shape == golden.shape else "shape %s, golden %s" % (ours.shape, golden.shape))


def cosines(name, ours, golden, bound=COSINE):
    if ours.shape != golden.shape:
        check(name, False, "shape %s, golden %s" % (ours.shape, golden.shape))
        return
    dots = (ours * golden).sum(-1)
    lengths = np.linalg.norm(ours, axis=-1) * np.linalg.norm(golden, axis=-1)
    lowest = float((dots / np.maximum(lengths, 1e-12)).min(initial=1.0))
    check(name, lowest >= bound, "lowest cosine %.7f of %d" % (lowest, len(ours)))


def speakers_of(bits):
    return np.stack([bits >> q & 1 for q in range(3)], -1)


def compare_segments(name, ours, golden):
    """Golden speakers are clusters, ours are numbered by first appearance: match by name first."""
    names = {}
    for _, _, k in golden:
        names.setdefault(k, len(names))
    golden = sorted((s, e, names[k]) for s, e, k in golden)
    ours = sorted(map(tuple, ours))
    if len(ours) != len(golden):
        check(name, False, "%d segments, golden %d" % (len(ours), len(golden)))
        return
    worst = max((max(abs(a[0] - b[0]), abs(a[1] - b[1])) for a, b in zip(ours, golden)), default=0.)
    ok = worst <= FRAME_S + 1e-6 and all(a[2] == b[2] for a, b in zip(ours, golden))
    check(name, ok, "edges within %.4f s" % worst)


def compare_default(dump_stages, model, path):
    golden = np.load(path)
    clip = path.stem
    with tempfile.TemporaryDirectory() as folder:
        ours = run(dump_stages, model, golden["pcm16"] / 32768.0, 2, folder)
    close(clip + " fbank", ours["fbank"], golden["fbank"], FBANK_TOLERANCE)
    close(clip + " logprob", ours["logprob"], golden["logprob"], LOGPROB_TOLERANCE)
    same(clip + " active", speakers_of(ours["active"]), golden["active"])
    close(clip + " cmn_mean", ours["cmn_mean"], golden["cmn_mean"], FBANK_TOLERANCE)
    trunk = golden["trunk"].astype(np.float32).T
    close(clip + " trunk", ours["trunk"], trunk, TRUNK_TOLERANCE * float(np.abs(trunk).max()))
    cosines(clip + " trunk", ours["trunk"], trunk)
    same(clip + " count", ours["count"], golden["count"])
    close(clip + " win_t", ours["win_t"], golden["win_t"], 1e-9)
    cosines(clip + " win_emb", ours["win_emb"], golden["win_emb"], PACKED_COSINE)
    close(clip + " rwin_t", ours["rwin_t"], golden["rwin_t"], 1e-9)
    cosines(clip + " rwin_emb", ours["rwin_emb"], golden["rwin_emb"], PACKED_COSINE)
    has = ~np.isnan(golden["emb"]).any(-1)
    same(clip + " local speakers", ours["has"] != 0, has)
    cosines(clip + " emb", ours["emb"][has], golden["emb"][has], PACKED_COSINE)
    cosines(clip + " centroids", ours["centroids"], golden["centroids"])
    same(clip + " assign", ours["assign"], golden["assign"])
    compare_segments(clip + " segments", ours["segments"], golden["segments"])


def compare_16(dump_stages, model, path):
    golden = np.load(path)
    clip = path.stem + " in 16 bits:"
    with tempfile.TemporaryDirectory() as folder:
        ours = run(dump_stages, model, golden["pcm16"] / 32768.0, 2, folder, "reference16")
    error = np.abs(ours["logprob"] - golden["logprob"])
    check(clip + " logprob", error.mean() <= LOGPROB_MEAN_16,
          "mean difference %.5f, largest %.2f" % (error.mean(), error.max()))
    equal = float((speakers_of(ours["active"]) == golden["active"]).all(-1).mean())
    check(clip + " active", equal >= EQUAL_FRAMES_16, "%.4f %% equal" % (100 * equal))
    if ours["win_t"].shape == golden["win_t"].shape:
        cosines(clip + " win_emb", ours["win_emb"], golden["win_emb"], COSINE_16)
    check(clip + " speakers", len(ours["centroids"]) == len(golden["centroids"]))


def decoded_as_ours(stored):
    """Stored segmentations [chunks][589][3] are decoded activity, or [..][7] log-probabilities."""
    if stored.shape[-1] == 3:
        return stored > 0.5
    powerset = np.array([[0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1], [1, 1, 0], [1, 0, 1],
                         [0, 1, 1]], bool)
    return powerset[stored.argmax(-1)]


def stored_segmentations():
    """(name, audio, array) of every stored segmentation that has its audio."""
    root = SHARED / "fixtures" / "community1"
    for folder in sorted((root / "pyannote").iterdir()):
        if (folder / "clip_16k.wav").exists():
            arrays = np.load(folder / "segmentations.npz")
            name = "segmentations" if "segmentations" in arrays else arrays.files[0]
            yield folder.name, folder / "clip_16k.wav", arrays[name]
    for prefix, audio in (("pipeline", "test"), ("3speakers", "test_3speakers"),
                          ("short", "test_short"), ("single_speaker", "test_single_speaker")):
        array = np.load(root / "speakrs" / (prefix + "_segmentation_data.npy"))
        yield "speakrs " + prefix, root / "speakrs" / (audio + ".wav"), array


def compare_segmentation(dump_stages, model, name, audio, stored):
    samples = read_wav(audio)
    with tempfile.TemporaryDirectory() as folder:
        ours = run(dump_stages, model, samples, 1, folder)
    decoded = decoded_as_ours(stored)
    active = speakers_of(ours["active"]).astype(bool)
    if active.shape != decoded.shape:
        check(name + " segmentation", False, "shape %s, stored %s" % (active.shape, decoded.shape))
        return
    equal = float((active == decoded).all(-1).mean())
    check(name + " segmentation", equal >= EQUAL_FRAMES,
          "%.4f %% of %d frames equal" % (100 * equal, decoded[..., 0].size))


def main():
    dump_stages, model = sys.argv[1], sys.argv[2]
    if not SHARED.is_dir() or not pathlib.Path(model).is_file():
        skip("no reference arrays, or no model")
    for path in sorted((SHARED / "fixtures" / "default").glob("*.npz")):
        compare_default(dump_stages, model, path)
        compare_16(dump_stages, model, path)
    for name, audio, stored in stored_segmentations():
        compare_segmentation(dump_stages, model, name, audio, stored)
    checks.finish()


if __name__ == "__main__":
    main()
