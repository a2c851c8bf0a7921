#!/usr/bin/env python3
"""votes.py - frames and turns by votes against what pyannote.audio 4 made of the same clusters.
SPDX-License-Identifier: MIT

usage: votes.py DUMP_VOTES

Of each clip in SHARED/fixtures/community1: stored segmentation and hard clusters -> count of every
frame, turns; against the stored count, frames and RTTM (speakers in any order), pauses filled as
pyannote.core's Timeline.support does. The exclusive view against the stored frames where one speaker
talks, and against its definition where several do; overlap of its turns against the frames.
SHARED is DIARIST_SHARED, or ../shared beside the repository; exit status 77 without it.
"""

import os
import pathlib
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from harness import SHARED, Checks, need, skip  # noqa: E402

np = need("numpy")

FIXTURES = SHARED / "fixtures" / "community1"
MIDDLE_S, STEP_S = 991 / 2 / 16000, 270 / 16000
checks = Checks()
check = checks.expect


def clips():
    """name, segmentations, hard clusters, count, frames, RTTM lines of every clip."""
    for folder in sorted((FIXTURES / "pyannote").iterdir()):
        load = lambda name: np.load(folder / (name + ".npz"))
        made = load("reconstruction")
        yield (folder.name, load("segmentations")["segmentations"],
               load("clustering")["hard_clusters"], made["count"], made["discrete_diarization"],
               (folder / "reference.rttm").read_text())
    for name in ("pipeline",):
        load = lambda what: np.load(FIXTURES / "speakrs" / ("%s_%s.npy" % (name, what)))
        yield ("speakrs " + name, load("segmentation_data"), load("hard_clusters"),
               load("speaker_counting_data"), load("discrete_diarization_data"),
               (FIXTURES / "speakrs" / (name + "_expected.rttm")).read_text())


def run(segmentations, hard, num_speakers, max_count, min_duration_off=0):
    with tempfile.TemporaryDirectory() as folder:
        bits = (segmentations > 0.5) @ np.array([1, 2, 4])
        bits.astype("u1").tofile(os.path.join(folder, "active.bin"))
        hard.astype("<i4").tofile(os.path.join(folder, "assign.bin"))
        subprocess.run([sys.argv[1], folder, str(num_speakers), str(max_count), "16000",
                        str(min_duration_off)], check=True)
        read = lambda name, kind: np.fromfile(os.path.join(folder, name + ".bin"), kind)
        return (read("count", "u1"), read("turns", "<f8").reshape(-1, 4),
                read("exclusive", "<f8").reshape(-1, 4))


def frames_of(turns, num_frames, num_speakers):
    frames = np.zeros((num_frames, num_speakers))
    for start, end, speaker, _ in turns:
        first, last = (int(np.rint((t - MIDDLE_S) / STEP_S)) for t in (start, end))
        frames[first:last, int(speaker)] = 1
    return frames


def rttm_turns(text):
    rows = [line.split() for line in text.splitlines() if line.startswith("SPEAKER")]
    names = sorted({row[7] for row in rows})
    return np.array([[float(r[3]), float(r[3]) + float(r[4]), names.index(r[7]), 0] for r in rows])


def same_turns(ours, want):
    """Each speaker's turns to the millisecond, speakers in any order."""
    rounded = lambda turns, k: sorted((round(float(s), 3), round(float(e), 3))
                                      for s, e, who, _ in turns if who == k)
    per_speaker = lambda turns: sorted(rounded(turns, k) for k in set(turns[:, 2]))
    a, b = per_speaker(ours), per_speaker(want)
    return (len(a) == len(b) and [len(x) for x in a] == [len(x) for x in b] and
            all(abs(p - q) < 1.5e-3 for x, y in zip(a, b) for s, t in zip(x, y)
                for p, q in zip(s, t)))


def talkers(frames, turn):
    """The most who talk at once in a turn."""
    first, end = (int(np.rint((t - MIDDLE_S) / STEP_S)) for t in turn[:2])
    return frames[first:end].sum(1).max()


def support(turns, collar):
    """Pauses of a speaker that are shorter than collar filled."""
    filled = []
    for turn in sorted(turns.tolist(), key=lambda turn: (turn[2], turn[0])):
        if filled and filled[-1][2] == turn[2] and turn[0] - filled[-1][1] < collar:
            filled[-1][1] = turn[1]
        else:
            filled.append(turn)
    return np.array(filled)


def compare(name, segmentations, hard, count, frames, rttm):
    num_speakers = max(int(hard.max()) + 1, 1)
    ours, turns, _ = run(segmentations, hard, num_speakers, 3)
    covered = min(len(ours), len(count))
    check(name + " count", (ours[:covered] == count.ravel()[:covered]).all() and
          not count[covered:].any())
    made = frames_of(turns, len(count), max(frames.shape[1], 3))
    check(name + " frames", (made[:, : frames.shape[1]] == frames).all() and
          not made[:, frames.shape[1]:].any(), "%d differ" % (made[:, : frames.shape[1]] != frames).sum())
    check(name + " turns", same_turns(turns, rttm_turns(rttm)), "\n%s\n%s" % (turns, rttm))
    check(name + " overlap", all(t[3] == (talkers(frames, t) > 1) for t in turns))
    for collar in (0.3, 1.01, 3.0):
        _, filled, _ = run(segmentations, hard, num_speakers, 3, collar)
        check("%s pauses under %g s filled" % (name, collar),
              same_turns(filled, support(rttm_turns(rttm), collar)))
    _, turns, exclusive = run(segmentations, hard, num_speakers, 1)
    check(name + " exclusive of one at a time", np.array_equal(turns, exclusive))
    _, _, exclusive = run(segmentations, hard, num_speakers, 3)
    check(name + " exclusive", np.array_equal(turns[:, :3], exclusive[:, :3]))
    check(name + " overlap of exclusive", all(t[3] == (talkers(frames, t) > 1) for t in exclusive))
    check(name + " has overlap", (frames.sum(1).max(initial=0) > 1) == exclusive[:, 3].any())


def main():
    if not FIXTURES.is_dir():
        skip("no fixtures of community-1 in %s" % SHARED)
    for clip in clips():
        compare(*clip)
    checks.finish()


main()
