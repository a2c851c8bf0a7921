#!/usr/bin/env python3
"""test_examples.py - the programs of examples/ do what their heads say.
SPDX-License-Identifier: MIT

usage: test_examples.py EXAMPLES_BUILD_DIRECTORY EXAMPLES_SOURCE_DIRECTORY

The recording has four voices, whose turns are exact in its RTTM. Voices of single turns, cut out
with ffmpeg, are compared (synthetic voices are much alike, so it is the order that counts); without
ffmpeg that part is left out and said to be.
"""

import os
import pathlib
import re
import shutil
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from harness import Checks, run, told  # noqa: E402

TURN = re.compile(r" *(\d+\.\d{3}) +(\d+\.\d{3})  speaker (\d+)")


def read_rttm(text):
    fields = [line.split() for line in text.splitlines()]
    return [(float(f[3]), float(f[3]) + float(f[4]), f[7]) for f in fields]


def agreement(turns, reference):
    """Share of the reference's time in which the label that fits each voice best is there."""
    together = {}
    for start, end, label in turns:
        for from_, to, voice in reference:
            shared = min(end, to) - max(start, from_)
            if shared > 0:
                together[voice, label] = together.get((voice, label), 0) + shared
    best = {}
    for (voice, _), seconds in together.items():
        best[voice] = max(best.get(voice, 0), seconds)
    return sum(best.values()) / sum(to - from_ for from_, to, _ in reference)


def check_turns(checks, what, turns, reference):
    labels = {label for _, _, label in turns}
    checks.expect(f"{what}: four speakers", len(labels) == 4, f"{sorted(labels)}")
    checks.expect(f"{what}: sorted", turns == sorted(turns, key=lambda turn: turn[0]))
    share = agreement(turns, reference)
    checks.expect(f"{what}: as in the reference", share > 0.95, f"{share:.3f} of the time")


def test_turns(checks, programs, recording, reference):
    done = run(programs / "minimal", recording)
    found = [TURN.fullmatch(line) for line in done.stdout.splitlines()]
    checks.expect("minimal", done.returncode == 0 and found and all(found), told(done))
    minimal = [(float(m[1]), float(m[2]), m[3]) for m in found if m]
    check_turns(checks, "minimal", minimal, reference)
    parts = run(programs / "feed_in_parts", recording)
    checks.expect("feed_in_parts", parts.returncode == 0, told(parts))
    turns = read_rttm(parts.stdout)
    check_turns(checks, "feed_in_parts", turns, reference)
    same = [(round(a, 3), round(b, 3), f"SPEAKER_{int(s):02d}") for a, b, s in minimal]
    checks.expect("parts do not matter", [(a, round(b, 3), s) for a, b, s in turns] == same)


def test_many_files(checks, programs, recording):
    """One that is missing does not stop the others, which come in any order."""
    done = run(programs / "many_files", recording, "missing.wav", recording, recording)
    lines = [line.replace(str(recording), "FILE") for line in done.stdout.splitlines()]
    alike = len(lines) == 3 and len(set(lines)) == 1 and lines[0].startswith("FILE: 4 speakers, ")
    checks.expect("many_files", done.returncode == 1 and alike, told(done))
    told_why = re.fullmatch("many_files: missing.wav: .*no such file.*\n", done.stderr)
    checks.expect("many_files: the missing one", told_why, told(done))


def test_errors(checks, programs, recording):
    for name, extra in (
        ("minimal", []),
        ("feed_in_parts", []),
        ("many_files", []),
        ("compare_speakers", [recording]),
        ("progress_and_cancel", ["100"]),
    ):
        done = run(programs / name)
        usage = done.returncode == 2 and "usage: " in done.stderr
        checks.expect(f"{name}: usage", usage, told(done))
        done = run(programs / name, "missing.wav", *extra)
        checks.expect(
            f"{name}: a missing file",
            done.returncode == 1 and re.fullmatch(f"{name}: .*no such file.*\n", done.stderr),
            told(done),
        )


def test_progress(checks, programs, recording):
    done = run(programs / "progress_and_cancel", recording, "1e9")
    stages = [line.split()[0] for line in done.stdout.splitlines()[:-1]]
    order = ["segmentation", "embedding", "clustering", "reconstruct"]
    four = done.returncode == 0 and done.stdout.endswith("\n4 speakers\n")
    checks.expect("progress", four, told(done))
    checks.expect("stages in order", list(dict.fromkeys(stages)) == order, f"{stages}")
    done = run(programs / "progress_and_cancel", recording, "30")
    checks.expect("cancel", done.returncode == 3 and "canceled" in done.stderr, told(done))
    reached = [float(line.split()[-2]) for line in done.stdout.splitlines()]
    checks.expect("stopped there", sum(seconds > 30 for seconds in reached) == 1, told(done))


def cut(folder, recording, start, end):
    path = os.path.join(folder, f"{start:.3f}.wav")
    command = f"-v error -nostdin -ss {start} -t {end - start} -i".split()
    done = run("ffmpeg", *command, recording, path)
    if done.returncode:
        raise RuntimeError(done.stderr)
    return path


def test_voices(checks, programs, recording, reference):
    done = run(programs / "compare_speakers", recording, recording)
    checks.expect("a recording and itself", done.stdout == "1.000 same\n", told(done))
    if not shutil.which("ffmpeg"):
        print("skipped: comparing voices needs ffmpeg to cut them out")
        return
    longest = {}
    for turn in sorted(reference, key=lambda t: t[0] - t[1]):
        longest.setdefault(turn[2], []).append(turn[:2])
    with tempfile.TemporaryDirectory() as folder:
        clips = {
            voice: [cut(folder, recording, *turn) for turn in turns[:2]]
            for voice, turns in longest.items()
        }
        scores, verdicts = {}, {"same": [], "different": []}
        for a, of_a in clips.items():
            for b, of_b in clips.items():
                done = run(programs / "compare_speakers", of_a[0], of_b[1])
                score, verdict = done.stdout.split()
                scores[a, b] = float(score)
                verdicts[verdict].append(float(score))
    lowest_same, highest_different = min(verdicts["same"]), max(verdicts["different"])
    checks.expect("one threshold", lowest_same >= highest_different, f"{verdicts}")
    for a in clips:
        nearest = max(clips, key=lambda b: scores[a, b])
        checks.expect(f"{a} is most like {a}", nearest == a, f"{scores}")


def main():
    programs, sources = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
    recording = sources / "conversation.flac"
    reference = read_rttm((sources / "conversation.rttm").read_text(encoding="utf-8"))
    checks = Checks()
    test_turns(checks, programs, recording, reference)
    test_progress(checks, programs, recording)
    test_many_files(checks, programs, recording)
    test_voices(checks, programs, recording, reference)
    test_errors(checks, programs, recording)
    checks.finish()


if __name__ == "__main__":
    main()
