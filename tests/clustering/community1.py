#!/usr/bin/env python3
"""community1.py - community-1's clustering against stored arrays and against scipy and scikit-learn.
SPDX-License-Identifier: MIT

usage: community1.py DUMP_COMMUNITY1

1. SHARED/fixtures/community1: what pyannote.audio 4.0.4 made of real recordings, stage by stage.
   Frames of all clips are put together from the clusters and compared with the stored ones.
2. Random arrays: linkage, cut and assignment against scipy, k-means against scikit-learn, VBx and
   PLDA against their formulas in numpy.
SHARED is DIARIST_SHARED, or ../shared beside the repository. A part whose arrays or modules are not
there is skipped and says so; exit status 77 when nothing else was done.
"""

import os
import pathlib
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from harness import SHARED, Checks, need  # noqa: E402

np = need("numpy")

OUTPUTS = {
    **{name: "<i4" for name in ("ahc", "hard", "labels", "training")},
    **{name: "<f8" for name in ("reduced", "feature", "phi", "gamma", "pi", "elbo", "score",
                                "centroid", "merges")},
}
FRAME_S = 0.016875
FA, FB, SMOOTHING, THRESHOLD = 0.07, 0.8, 7.0, 0.6

checks = Checks()
check = checks.expect


def close(name, ours, want, relative, absolute=0.0):
    if ours.shape != want.shape:
        check(name, False, "shape %s, wanted %s" % (ours.shape, want.shape))
        return
    error = np.abs(ours - want)
    check(name, bool((error <= absolute + relative * np.abs(want)).all()),
          "largest difference %.2g" % error.max(initial=0))


def same(name, ours, want):
    ok = ours.shape == want.shape and bool((ours == want).all())
    check(name, ok, "%s, wanted %s" % (ours.ravel()[:20], want.ravel()[:20]))


def dump(arrays, *arguments):
    """What DUMP_COMMUNITY1 makes of arrays, by name, as they lie in memory."""
    with tempfile.TemporaryDirectory() as folder:
        for name, array in arrays.items():
            np.ascontiguousarray(array).tofile(os.path.join(folder, name + ".bin"))
        subprocess.run([sys.argv[1], folder, *map(str, arguments)], check=True)
        paths = {name: os.path.join(folder, name + ".bin") for name in OUTPUTS}
        return {name: np.fromfile(path, OUTPUTS[name]) for name, path in paths.items()
                if os.path.exists(path)}


def run_pipeline(plda, segmentations, embeddings, low=0, high=0):
    bits = (segmentations > 0.5) @ np.array([1, 2, 4])
    out = dump({"active": bits.astype("u1"), "embeddings": embeddings.astype("<f4"), **plda},
               "pipeline", low, high)
    for name, shape in (("reduced", (-1, 128)), ("feature", (-1, 128)), ("hard", (-1, 3)),
                        ("centroid", (-1, 256))):
        out[name] = out[name].reshape(shape)
    out["score"] = out["score"].reshape(len(out["hard"]), 3, -1)
    if "gamma" in out:
        out["gamma"] = out["gamma"].reshape(len(out["training"]), -1)
    return out


def load_plda():
    arrays = {**np.load(SHARED / "models" / "plda" / "xvec_transform.npz"),
              **np.load(SHARED / "models" / "plda" / "plda.npz")}
    return {name: array.astype("<f8") for name, array in arrays.items()}


def up_to_sign(ours, want):
    """Each dimension of ours with the sign of the wanted one."""
    return ours * np.where((ours * want).sum(0) < 0, -1, 1)


def put_together(segmentations, hard, count):
    """Frames [num][speakers] from clusters: of each frame the `count` most often active speakers."""
    num_speakers = max(hard.max() + 1, count.max())
    votes = np.zeros((len(count) + 600, num_speakers))
    for c, (active, speakers) in enumerate(zip(segmentations, hard)):
        first = int(np.rint(c * 1.0 / FRAME_S))
        for k in set(speakers[speakers >= 0]):
            votes[first : first + 589, k] += active[:, speakers == k].max(1)
    order = np.argsort(-votes[: len(count)], axis=1, kind="stable")
    frames = np.zeros((len(count), num_speakers))
    for rank in range(num_speakers):
        on = count.ravel() > rank
        frames[on, order[on, rank]] = 1
    return frames


def compare_frames(clip, out, segmentations, count, want):
    frames = put_together(segmentations, out["hard"], count)
    same(clip + " frames", frames, want)


def compare_pyannote(plda, folder):
    arrays = {name: dict(np.load(folder / (name + ".npz")))
              for name in ("segmentations", "raw_embeddings", "plda_embeddings", "vbx_state",
                           "clustering", "reconstruction")}
    clip, vectors, vbx = folder.name, arrays["plda_embeddings"], arrays["vbx_state"]
    segmentations = arrays["segmentations"]["segmentations"]
    out = run_pipeline(plda, segmentations, arrays["raw_embeddings"]["embeddings"])
    want = arrays["clustering"]
    same(clip + " training", out["training"],
         vectors["train_chunk_idx"] * 3 + vectors["train_speaker_idx"])
    close(clip + " reduced", out["reduced"], vectors["post_xvec"], 1e-6, 1e-9)
    close(clip + " PLDA", up_to_sign(out["feature"], vectors["post_plda"]), vectors["post_plda"],
          1e-6, 1e-9)
    close(clip + " phi", out["phi"], vectors["phi"], 1e-9)
    same(clip + " AHC", out["ahc"], np.load(folder / "ahc_init_labels.npy"))
    close(clip + " gamma", out["gamma"], vbx["q_final"], 0, 1e-6)
    close(clip + " pi", out["pi"], vbx["sp_final"], 0, 1e-6)
    same(clip + " iterations", np.array(out["elbo"].size), np.array(vbx["elbo_trajectory"].size))
    close(clip + " ELBO", out["elbo"], vbx["elbo_trajectory"].ravel(), 1e-8)
    # Stored before local speakers who are never active are dropped.
    same(clip + " hard clusters", out["hard"],
         np.where(segmentations.sum(1) > 0, want["hard_clusters"], -2))
    close(clip + " soft clusters", out["score"], want["soft_clusters"], 0, 1e-6)
    close(clip + " centroids", out["centroid"], want["centroids"], 0, 1e-6)
    compare_frames(clip, out, segmentations, arrays["reconstruction"]["count"],
                   arrays["reconstruction"]["discrete_diarization"])


def compare_speakrs(plda, folder, clip):
    load = lambda name: np.load(folder / ("%s_%s.npy" % (clip, name)))
    segmentations = load("segmentation_data")
    out = run_pipeline(plda, segmentations, load("embeddings_data"))
    name = "speakrs " + clip
    compare_frames(name, out, segmentations, load("speaker_counting_data"),
                   load("discrete_diarization_data"))
    if clip != "pipeline":
        return
    same(name + " training", out["training"],
         load("train_chunk_idx") * 3 + load("train_speaker_idx"))
    features = load("plda_features")
    close(name + " PLDA", up_to_sign(out["feature"], features), features, 1e-6, 1e-9)
    close(name + " phi", out["phi"], load("plda_phi"), 1e-9)
    same(name + " AHC", out["ahc"], load("ahc_clusters"))
    close(name + " gamma", out["gamma"], load("vbx_gamma"), 0, 1e-6)
    close(name + " pi", out["pi"], load("vbx_pi"), 0, 1e-6)
    same(name + " hard clusters", out["hard"], load("hard_clusters"))


def voices(random, num, num_voices, spread):
    """Unit vectors around the directions of some voices, in runs."""
    centres = random.normal(size=(num_voices, 256))
    points = centres[np.sort(random.integers(num_voices, size=num))]
    points = points + spread * random.normal(size=points.shape)
    return (points / np.linalg.norm(points, axis=1, keepdims=True)).astype("<f8")


def compare_linkage(random):
    from scipy.cluster.hierarchy import fcluster, linkage

    for num, num_voices, spread in ((2, 1, 1), (3, 2, 1), (40, 4, 0.7), (150, 5, 0.8),
                                    (300, 300, 1), (700, 12, 0.75)):
        points = voices(random, num, num_voices, spread)
        if num == 150:
            points[::3] = points[0]  # equal ones merge at distance 0
        want = linkage(points, "centroid")
        for threshold in (THRESHOLD, 0.9, 1.1):
            name = "linkage of %d at %g" % (num, threshold)
            out = dump({"points": points}, "linkage", threshold)
            same(name + ": labels", out["labels"], fcluster(want, threshold, "distance") - 1)
        merges = out["merges"].reshape(-1, 3)
        same(name + ": nodes", merges[:, :2], want[:, :2])
        close(name + ": distances", merges[:, 2], want[:, 2], 1e-9, 1e-12)


def compare_assignment(random):
    from scipy.optimize import linear_sum_assignment

    for num_speakers in (1, 2, 3, 4, 9):
        scores = random.uniform(size=(200, 3, num_speakers))
        scores[50:100] = np.round(scores[50:100] * 3)  # many equal sums
        scores[100:150, random.integers(3)] = -1
        scores[150] = 0
        scores[151, 1] = np.nan
        out = dump({"scores": scores}, "assign", num_speakers)["hard"].reshape(-1, 3)
        want = np.full((200, 3), -2)
        for c, score in enumerate(np.nan_to_num(scores, nan=np.nanmin(scores))):
            rows, columns = linear_sum_assignment(score, maximize=True)
            want[c, rows] = columns
        same("assignment to %d" % num_speakers, out, want)


def compare_kmeans(random):
    from sklearn.cluster import KMeans

    for num, num_voices, spread in ((5, 2, 1), (60, 3, 0.7), (200, 6, 1.5), (400, 400, 1)):
        points = voices(random, num, num_voices, spread)
        for k in (1, 2, 3, 5, 30):
            if k > num:
                continue
            out = dump({"points": points}, "kmeans", k)["labels"]
            for kind in (np.float64, np.float32):
                want = KMeans(k, n_init=3, random_state=42).fit_predict(points.astype(kind))
                same("k-means of %d to %d, %s" % (num, k, kind.__name__), out, want)


def formula_vbx(features, phi, labels):
    """Landini et al. (2022), equations 16 to 25, one Gaussian at a time."""
    num, dim = features.shape
    num_speakers = labels.max() + 1
    pi = np.full(num_speakers, 1 / num_speakers)
    gamma = np.exp(SMOOTHING * np.eye(num_speakers)[labels])
    gamma /= gamma.sum(1, keepdims=True)
    elbo = []
    while len(elbo) < 20:
        models, bound = [], 0
        for s in range(num_speakers):
            precision = 1 + FA / FB * gamma[:, s].sum() * phi
            mean = FA / FB * (gamma[:, s] @ (features * np.sqrt(phi))) / precision
            models.append((mean, 1 / precision))
            bound += FB / 2 * np.sum(1 - np.log(precision) - 1 / precision - mean**2)
        log_p = np.stack([
            FA * (features * np.sqrt(phi) @ mean - (phi * (variance + mean**2)).sum() / 2
                  - (features**2).sum(1) / 2 - dim / 2 * np.log(2 * np.pi))
            for mean, variance in models], 1) + np.log(pi + 1e-8)
        total = np.logaddexp.reduce(log_p, 1)
        gamma = np.exp(log_p - total[:, None])
        pi = gamma.sum(0) / gamma.sum()
        elbo.append(total.sum() + bound)
        if len(elbo) > 1 and elbo[-1] - elbo[-2] < 1e-4:
            break
    return gamma, pi, np.array(elbo)


def formula_plda(embeddings, plda):
    """The eigenproblem that has tr and psi as its solution, solved as such."""
    from scipy.linalg import eigh

    within = np.linalg.inv(plda["tr"].T @ plda["tr"])
    between = np.linalg.inv(plda["tr"].T @ np.diag(1 / plda["psi"]) @ plda["tr"])
    phi, vectors = eigh(between, within)
    centred = embeddings - plda["mean1"]
    reduced = centred / np.linalg.norm(centred, axis=1, keepdims=True) * 16 @ plda["lda"]
    reduced -= plda["mean2"]
    reduced *= np.sqrt(128) / np.linalg.norm(reduced, axis=1, keepdims=True)
    return (reduced - plda["mu"]) @ vectors[:, ::-1], phi[::-1]


def random_recording(random, num_chunks, num_voices):
    """Segmentations, embeddings and PLDA of voices that differ and of a turn order."""
    rotation = np.linalg.qr(random.normal(size=(128, 128)))[0]
    plda = {"mean1": random.normal(size=256) * 0.1, "lda": random.normal(size=(256, 128)) / 11,
            "mean2": random.normal(size=128) * 0.1, "mu": random.normal(size=128) * 0.1,
            "tr": rotation * random.uniform(1.6, 2.6, size=128),
            "psi": random.uniform(0.5, 9, size=128)}
    segmentations = np.zeros((num_chunks, 589, 3))
    for c in range(num_chunks):
        starts = np.sort(random.integers(589, size=3))
        for q in range(random.integers(4)):
            segmentations[c, starts[q] : starts[q] + random.integers(30, 400), q] = 1
    centres = random.normal(size=(num_voices, 256))
    embeddings = centres[random.integers(num_voices, size=(num_chunks, 3))]
    embeddings = (embeddings + 0.35 * random.normal(size=embeddings.shape)).astype("<f4")
    return plda, segmentations, embeddings


def train(segmentations, embeddings):
    alone = (segmentations.sum(2, keepdims=True) == 1) * segmentations
    index = np.flatnonzero((alone.sum(1) >= 0.2 * 589).ravel())
    return index, embeddings.reshape(-1, 256)[index]


def cosine_scores(embeddings, centroids):
    flat = embeddings.reshape(-1, 256).astype(float)
    dots = flat @ centroids.T / np.linalg.norm(flat, axis=1, keepdims=True)
    return 1 + (dots / np.linalg.norm(centroids, axis=1)).reshape(len(embeddings), 3, -1)


def compare_pipeline(random):
    from sklearn.cluster import KMeans

    plda, segmentations, embeddings = random_recording(random, 60, 4)
    index, training = train(segmentations, embeddings)
    out = run_pipeline(plda, segmentations, embeddings)
    same("random: training", out["training"], index)
    feature, phi = formula_plda(training, plda)
    close("random: PLDA", up_to_sign(out["feature"], feature), feature, 1e-6, 1e-9)
    close("random: phi", out["phi"], phi, 1e-6)
    gamma, pi, elbo = formula_vbx(out["feature"], out["phi"], out["ahc"])
    close("random: gamma", out["gamma"], gamma, 0, 1e-6)
    close("random: pi", out["pi"], pi, 0, 1e-6)
    close("random: ELBO", out["elbo"], elbo, 1e-8)
    kept = gamma[:, pi > 1e-7]
    same("random: speakers", np.array(kept.shape[1]), np.array(4))
    centroids = kept.T @ training.astype(float) / kept.sum(0)[:, None]
    close("random: centroids", out["centroid"], centroids, 0, 1e-6)
    unit = training / np.linalg.norm(training, axis=1, keepdims=True)
    for low, high, num in ((1, 1, 1), (2, 2, 2), (7, 9, 7), (6, 0, 6), (0, 3, 3)):
        name = "random, %d to %d speakers: " % (low, high)
        out = run_pipeline(plda, segmentations, embeddings, low, high)
        label = KMeans(num, n_init=3, random_state=42).fit_predict(unit)
        centroids = np.stack([training[label == k].mean(0, dtype=float) for k in range(num)])
        close(name + "centroids", out["centroid"], centroids, 0, 1e-6)
        scores = cosine_scores(embeddings, centroids)
        close(name + "scores", out["score"], scores, 0, 1e-6)
        same(name + "hard clusters", out["hard"],
             np.where(segmentations.sum(1) > 0, scores.argmax(2), -2))


def compare_few(random):
    """Nothing, one embedding and two to cluster; embeddings without a direction."""
    plda, segmentations, embeddings = random_recording(random, 3, 1)
    segmentations[:] = 0
    out = run_pipeline(plda, segmentations, embeddings)
    same("silence: hard clusters", out["hard"], np.full((3, 3), -2))
    same("silence: centroid", out["centroid"], np.zeros((1, 256)))
    segmentations[1, :118, 2] = 1
    segmentations[2, :117, 0] = 1
    out = run_pipeline(plda, segmentations, embeddings)
    same("one: training", out["training"], np.array([5]))
    same("one: hard clusters", out["hard"], np.array([[-2, -2, -2], [-2, -2, 0], [0, -2, -2]]))
    close("one: centroid", out["centroid"], embeddings[1, 2:].astype(float), 1e-12)
    segmentations[2, :118, 0] = 1
    segmentations[0, :, :2] = 1
    segmentations[0, :400, 1] = 0
    embeddings[0] = np.array([0, np.nan, np.inf])[:, None]
    out = run_pipeline(plda, segmentations, embeddings, 5, 5)
    same("two: training", out["training"], np.array([5, 6]))
    same("two: speakers", np.array(len(out["centroid"])), np.array(2))
    check("two: hard clusters", out["hard"][1, 2] != out["hard"][2, 0], out["hard"])


def main():
    fixtures = SHARED / "fixtures" / "community1"
    if fixtures.is_dir():
        plda = load_plda()
        for folder in sorted((fixtures / "pyannote").iterdir()):
            compare_pyannote(plda, folder)
        for clip in ("pipeline", "3speakers", "short", "single_speaker"):
            compare_speakrs(plda, fixtures / "speakrs", clip)
    else:
        print("skipped: no fixtures in %s" % SHARED)
    compare_few(np.random.default_rng(5))
    try:
        import scipy
        import sklearn
    except ImportError as error:
        print("skipped: %s" % error)
    else:
        for seed, part in enumerate((compare_linkage, compare_assignment, compare_kmeans,
                                     compare_pipeline)):
            part(np.random.default_rng(seed))
        print("scipy %s, scikit-learn %s" % (scipy.__version__, sklearn.__version__))
    checks.finish()


if __name__ == "__main__":
    main()
