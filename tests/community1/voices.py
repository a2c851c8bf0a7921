#!/usr/bin/env python3
"""voices.py - community-1 from samples: chunks, voices, and the whole program, with random embedding
weights.
SPDX-License-Identifier: MIT

usage: voices.py DUMP_VOICES PROGRAM DEFAULT_MODEL

1. What is active in each chunk, against pyannote.audio's segmentation of the same clip.
2. Embeddings of each chunk's local speakers, against their definition (reference.py), chunk by chunk
   and from one pass over the recording; the latter for other threads and ways of feeding.
3. --stages: the same arrays once more, turns that are put together from them by votes, a speaker's
   embedding.
4. The program: how many talk at each time against pyannote.audio's diarization, which does not depend
   on the embeddings; threads, number of speakers, silence, refusals.
SHARED is DIARIST_SHARED, or ../shared beside the repository; exit status 77 without it or numpy.
"""

import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # other tests run beside this one
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from harness import RATE, SHARED, Checks, need, read_wav, skip, write_wav  # noqa: E402

np = need("numpy")
import make_model  # noqa: E402
import reference  # noqa: E402

FIXTURES = SHARED / "fixtures" / "community1"
CHUNK = 160000
WINDOWS_S = 15.4  # of a clip whose chunks each go through the network alone, which takes long
dump_voices, program, default_model = sys.argv[1:4]
checks = Checks()
check = checks.expect


def dump(model, samples, step=RATE, trunk="window", threads=2, part=1 << 30,
         files=(("active", "u1", (-1, 589)), ("embeddings", "<f4", (-1, 3, 256)))):
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "samples.f32")
        samples.tofile(path)
        subprocess.run([dump_voices, model, path, folder, str(step), trunk, str(threads),
                        str(part)], check=True)
        return [np.fromfile(os.path.join(folder, name + ".bin"), kind).reshape(shape)
                for name, kind, shape in files]


def compare(name, found, expected, bound):
    cosine = found.astype(float) @ expected / np.linalg.norm(found) / np.linalg.norm(expected)
    check(name, cosine > bound, "cosine %.9f" % cosine)


def compare_voices(name, active, embeddings, expected, bound):
    for q in range(3):
        if (active >> q & 1).any():
            compare("%s speaker %d" % (name, q), embeddings[q], expected[q], bound)


def put_together(segmentations, hard):
    """Frames [num][clusters]: the most often active ones, as many as talk on average."""
    num = max(int(hard.max()) + 1, 3)
    frames = int(np.rint((len(hard) - 1) * RATE / 270)) + 589
    votes, talking, covered = np.zeros((frames, num)), np.zeros(frames), np.zeros(frames)
    for c, (active, clusters) in enumerate(zip(segmentations, hard)):
        at = slice(int(np.rint(c * RATE / 270)), int(np.rint(c * RATE / 270)) + 589)
        for k in set(clusters[clusters >= 0]):
            votes[at, k] += active[:, clusters == k].max(1)
        talking[at] += active.sum(1)
        covered[at] += 1
    count = np.rint((talking / covered).astype("<f4"))
    order = np.argsort(-votes, axis=1, kind="stable")
    put = np.zeros((frames, num), bool)
    for rank in range(num):
        on = count > rank
        put[on, order[on, rank]] = True
    return put


def stages_of(model, path, *options):
    """Turns, and what --stages writes."""
    with tempfile.TemporaryDirectory() as folder:
        file = os.path.join(folder, "stages.npz")
        turns = turns_of(model, path, "--preset", "accurate", "--stages", file, *options)
        with np.load(file) as arrays:
            return turns, dict(arrays)


def compare_speaker(stages, active, embeddings):
    """Of a single speaker: the mean of the embeddings of who talks alone for a fifth of a chunk."""
    alone = np.where(active & (active - 1), 0, active)
    train = (alone[:, :, None] >> np.arange(3) & 1).sum(1) >= 0.2 * 589
    mean = embeddings[train].mean(0, dtype=float)
    check("embedding of a speaker", stages["speaker_embeddings"].shape == (1, 256) and
          np.allclose(stages["speaker_embeddings"][0], mean / np.linalg.norm(mean), atol=1e-6))


def compare_stages(model, path, active, embeddings):
    turns, stages = stages_of(model, path, "--num-speakers", "3")
    bits = active[:, :, None] >> np.arange(3) & 1
    check("stages: segmentations", np.array_equal(stages["segmentations"], bits))
    talks = bits.any(1)
    check("stages: embeddings", np.array_equal(stages["embeddings"][talks], embeddings[talks]))
    check("stages: nobody", np.isnan(stages["embeddings"][~talks]).all() and
          (stages["hard_clusters"][~talks] == -1).all() and not len(stages["window_start"]))
    put = put_together(bits, stages["hard_clusters"])
    clusters = dict(zip(stages["speakers"].ravel(), stages["hard_clusters"].ravel()))
    made = np.zeros_like(put)
    for turn in turns:
        first, end = (int(np.rint((turn[edge] - stages["first_frame"]) / stages["frame_step"]))
                      for edge in ("start", "end"))
        made[first:end, clusters[int(turn["speaker"][8:])]] = True
    # A turn of the last chunk is cut where the recording ends.
    num = int(min(len(put), read_wav(path).size / 270 - 2))
    check("stages: turns", put[:num].any() and np.array_equal(made[:num], put[:num]),
          "%d frames differ" % (made[:num] != put[:num]).sum())


def compare_active(name, active, segmentation):
    want = ((segmentation > 0.5) @ np.array([1, 2, 4])).astype("u1")
    check(name + " chunks", active.shape == want.shape, "%s %s" % (active.shape, want.shape))
    check(name + " active", (active == want).mean() >= 0.9999, "%d differ" % (active != want).sum())


def compare_chunks(model, tensors, name, samples, segmentation, chosen):
    """segmentation: of the whole chunks."""
    active, embeddings = dump(model, samples)
    compare_active(name, active[: len(segmentation)], segmentation)
    padded = np.concatenate([samples, np.zeros(CHUNK, "<f4")])
    for c in chosen:
        expected = reference.voices(tensors, padded[c * RATE: c * RATE + CHUNK], active[c])
        compare_voices("%s chunk %d" % (name, c), active[c], embeddings[c], expected, 0.99999)
    return active, embeddings


def compare_regions(model, tensors, samples, columns):
    count, embeddings, seconds = dump(model, samples, trunk="regions", files=(
        ("count", "u1", -1), ("embeddings", "<f4", (3, 256)), ("seconds", "<f8", 3)))
    for i, regions in enumerate([[(0, 1e6)], [(3.1, 9.7), (14, 21.35)]]):
        expected, expected_s = reference.region_voice(tensors, columns, count, regions)
        check("region %d: seconds" % i, abs(seconds[i] - expected_s) < 1e-6 and expected_s > 3,
              "%f %f" % (seconds[i], expected_s))
        compare("region %d" % i, embeddings[i], expected, 0.999999)
        check("region %d: unit length" % i, abs(np.linalg.norm(embeddings[i]) - 1) < 1e-5)
    check("too short a region", not embeddings[2].any() and seconds[2] < 0.16)


def compare_pass(model, tensors, path, segmentation):
    """26 s: the library passes them in two parts, whose border lies under most chunks. Every other
    chunk begins between two columns."""
    samples = read_wav(path)
    columns = reference.pass_columns(tensors, samples)
    active, embeddings = dump(model, samples, trunk="recording")
    compare_active("pass", active, segmentation)
    for c in range(len(active)):
        expected = reference.pass_voices(tensors, columns, c * RATE, active[c])
        compare_voices("pass, chunk %d" % c, active[c], embeddings[c], expected, 0.999999)
    _, stages = stages_of(model, path, "--trunk", "recording", "--exclude-overlap", "off",
                          "--num-speakers", "1")
    compare_speaker(stages, active, stages["embeddings"])
    for c in range(len(active)):
        expected = reference.pass_voices(tensors, columns, c * RATE, active[c], False)
        compare_voices("with overlap, chunk %d" % c, active[c], stages["embeddings"][c], expected,
                       0.999999)
    compare_regions(model, tensors, samples, columns)


def compare_feeding(model, samples):
    """Of 44 s: all at the end, or part by part while it is fed. Steps are no whole columns."""
    step, samples = 22222, np.tile(samples, 2)[: 44 * RATE]
    want = None
    for threads, part in ((9, 1 << 30), (1, 1 << 30), (2, 7777)):
        found = dump(model, samples, step, "recording", threads, part)[1].tobytes()
        want = want or found
        check("%d threads, fed %d at a time" % (threads, part), found == want)


def diarize(model, path, *options):
    return subprocess.run([program, "-q", "--model", model, "-f", "json", *options, str(path)],
                          capture_output=True, text=True)


def turns_of(model, path, *options):
    result = diarize(model, path, *options)
    check("%s %s" % (path, options), result.returncode == 0, result.stderr)
    return json.loads(result.stdout)["diarization"] if result.returncode == 0 else []


def talkers(turns, num):
    """How many talk, every 10 ms."""
    count = np.zeros(num, int)
    for start, end in turns:
        count[round(start * 100): round(end * 100)] += 1
    return count


def compare_counts(model, folder):
    lines = (folder / "reference.rttm").read_text().split("\n")
    want = [(float(r[3]), float(r[3]) + float(r[4])) for r in map(str.split, lines) if r]
    ours = [(t["start"], t["end"]) for t in turns_of(model, folder / "clip_16k.wav", "--preset",
                                                      "accurate", "--trunk", "recording")]
    num = int(max(end for _, end in want + ours) * 100) + 2
    differ = (talkers(ours, num) != talkers(want, num)).mean()
    check(folder.name + " talkers", differ < 2e-3, "%.4f of the time differ" % differ)


def check_program(model, clip):
    one, two = (turns_of(model, clip, "--preset", "fast", "-t", n) for n in ("1", "2"))
    check("one and two threads", one == two and len(one) > 3)
    for number in (1, 3):
        turns = turns_of(model, clip, "--preset", "fast", "--num-speakers", str(number))
        found = len({t["speaker"] for t in turns})
        check("%d speakers asked for" % number, found == number, "%d found" % found)
    for option, low, high in (("--min-speakers", 2, 99), ("--max-speakers", 1, 1)):
        turns = turns_of(model, clip, "--preset", "fast", option, str(low))
        found = len({t["speaker"] for t in turns})
        check("%s %d" % (option, low), low <= found <= high, "%d found" % found)
    check("the model's threshold", one == turns_of(model, clip, "--preset", "fast",
                                                   "--cluster-threshold", "0.6"))
    for which, threshold in ((model, "-0.1"), (default_model, "1.1")):
        wrong = diarize(which, clip, "--cluster-threshold", threshold)
        check("threshold %s is refused" % threshold, wrong.returncode == 2 and
              re.search("cluster_threshold, with this model .* must lie from", wrong.stderr),
              wrong.stderr)
    pass_ = diarize(model, clip, "--preset", "fast", "--trunk", "recording")
    check("the pass is reported", '"trunk": "recording"' in pass_.stdout, pass_.stderr)
    num = int(max(t["end"] for t in one) * 100) + 2
    counts = [talkers([(t["start"], t["end"]) for t in turns], num)
              for turns in (one, json.loads(pass_.stdout)["diarization"])]
    check("as many talk, however voices are made", (counts[0] != counts[1]).mean() < 2e-3)
    silence = sorted((SHARED / "data" / "nonspeech").glob("*.*"))
    for path in [p for p in silence if p.suffix in (".flac", ".wav")][:4]:
        check("%s has no speakers" % path.name, turns_of(model, path) == [])


def check_embed(model, clip):
    run = lambda *words: subprocess.run([program, *words, "--model", model], capture_output=True,
                                        text=True).stdout
    embedding = np.array(json.loads(run("embed", clip))["embedding"])
    check("embed", embedding.shape == (256,) and abs(np.linalg.norm(embedding) - 1) < 1e-5)
    rttm = clip.parent / "reference.rttm"
    speakers = [json.loads(line) for line in run("embed", "--segments", rttm, clip).splitlines()]
    check("embed speakers", len(speakers) > 1 and all(s["embedding"] for s in speakers))
    clip = FIXTURES / "speakrs" / "test_short.wav"
    undecided = json.loads(run("verify", "-f", "json", clip, clip))
    check("verify without a threshold", undecided["score"] > 0.9999 and undecided["same"] is None)
    text = run("verify", clip, clip)
    check("verify says so", text.startswith("1.000 undecided") and text.count("\n") == 1, text)
    check("verify with one", run("verify", clip, clip, "--threshold", "0.5") ==
          "1.000 same (threshold 0.500)\n")


def main():
    if not FIXTURES.is_dir() or not pathlib.Path(default_model).is_file():
        skip("no fixtures of community-1 in %s" % SHARED)
    tensors = make_model.resnet34()
    with tempfile.TemporaryDirectory() as folder:
        model = pathlib.Path(folder) / "community-1.safetensors"
        clip = pathlib.Path(folder) / "clip.wav"
        make_model.write(model, pathlib.Path(default_model), SHARED / "models" / "plda", tensors)
        load = lambda name: np.load(FIXTURES / "speakrs" / (name + "_segmentation_data.npy"))
        speakrs = FIXTURES / "speakrs"
        whole = read_wav(speakrs / "test.wav")
        beginning = whole[: int(WINDOWS_S * RATE)]
        write_wav(clip, beginning)
        compare_chunks(model, tensors, "short", read_wav(speakrs / "test_short.wav"), load("short"),
                       [0])
        made = compare_chunks(model, tensors, "beginning", beginning, load("pipeline")[:6], [6])
        compare_stages(model, clip, *made)
        compare_pass(model, tensors, speakrs / "test.wav", load("pipeline"))
        compare_feeding(model, whole)
        compare_counts(model, FIXTURES / "pyannote" / "04_three_speaker")
        sample = FIXTURES / "pyannote" / "02_pyannote_sample" / "clip_16k.wav"
        write_wav(clip, read_wav(sample)[: int(WINDOWS_S * RATE)])
        check_program(model, clip)
        check_embed(model, sample)
    checks.finish()


main()
