#!/usr/bin/env python3
"""reference.py - diarist score beside other scorers and beside the definition.
SPDX-License-Identifier: MIT

usage: reference.py PROGRAM

  expected   figures of pyannote.metrics, md-eval and dscore in $DIARIST_SHARED/data/scoring
  definition random recordings on a grid of 1 ms: what is scored, who talks, and every mapping tried
  pyannote   the same recordings by pyannote.metrics

Every output follows docs/schema. What is not there is skipped and says so; exit status 77 when
nothing else was done.
"""

import importlib.util
import itertools
import json
import os
import pathlib
import random
import subprocess
import sys
import tempfile
import warnings

try:
    import numpy as np
except ImportError:
    print("skipped: numpy is not installed")
    sys.exit(77)

try:
    import jsonschema
except ImportError:
    jsonschema = None
    print("skipped: the Python module jsonschema is not installed")

ROOT = pathlib.Path(__file__).resolve().parents[2]
SCHEMA = json.loads((ROOT / "docs/schema/diarist-score-1.schema.json").read_text())
VALIDATOR = jsonschema and jsonschema.Draft202012Validator(SCHEMA)
PROGRAM = sys.argv[1]
SHARED = os.environ.get("DIARIST_SHARED", "../shared")
SETTINGS = [(0, False), (0, True), (0.25, False), (0.25, True), (0.5, False), (1.001, True)]
PARTS = ("scored", "missed", "false_alarm", "confusion")
MS = 1000
failures = 0


def expect(what, right, told=""):
    global failures
    if not right:
        failures += 1
        print(f"FAILED {what}: {told}")


def near(a, b, tolerance):
    return a is b is None or (a is not None and b is not None and abs(a - b) <= tolerance)


def program(ref, hyp, uem, collar, skip_overlap):
    run = subprocess.run(
        [PROGRAM, "score", ref, hyp, "--collar", str(collar), "--format", "json", "-q"]
        + (["--uem", uem] if uem else [])
        + (["--skip-overlap"] if skip_overlap else []),
        capture_output=True,
        text=True,
        timeout=120,
    )
    if run.returncode:
        sys.exit(f"{ref}: {run.stderr}")
    found = json.loads(run.stdout)
    if jsonschema:
        VALIDATOR.validate(found)
    return found


# ---- figures of other tools ----------------------------------------------------------------------


def check_expected(folder):
    with open(os.path.join(folder, "expected.json"), encoding="utf-8") as file:
        rows = json.load(file)["rows"]
    agreeing = 0
    for row in rows:
        paths = [row[side] and os.path.join(folder, row[side]) for side in ("ref", "hyp", "uem")]
        found = program(*paths, row["collar"], row["skip_overlap"])
        name = f"{row['case']}, collar {row['collar']}, skip_overlap {row['skip_overlap']}"
        theirs = row["pyannote"]["all"], {**row["pyannote"]["files"]}
        if row.get("agree"):
            agreeing += 1
            for ours, them in [
                (found["overall"], theirs[0]),
                *((found["files"][k], v) for k, v in theirs[1].items()),
            ]:
                for part in PARTS:
                    other = them["total" if part == "scored" else part]
                    expect(f"{name}: {part}", near(ours[part], other, 0.001), (ours, them))
        if "scored" in row["md_eval"]:
            for part in PARTS:
                other = row["md_eval"][part]
                expect(f"{name}: {part}", near(found["overall"][part], other, 0.001), other)
        if "jer" in row.get("dscore", {}):  # in percent, from frames of 10 ms
            other = row["dscore"]["jer"] / 100
            expect(f"{name}: JER", near(found["overall"]["jer"], other, 0.005), other)
    expect("rows on which the tools agree", agreeing >= 143, agreeing)
    print(f"{len(rows)} rows of expected.json, {agreeing} on which the tools agree")


# ---- random recordings, all times whole milliseconds ---------------------------------------------


def random_turns(rng, num_speakers, length, overlapping):
    """[(start, end, speaker)]; overlapping: turns of one speaker may overlap or be the same."""
    turns = []
    for speaker in range(num_speakers):
        at = rng.randrange(length // 2)
        while at < length:
            duration = rng.choice([rng.randrange(1, 400), rng.randrange(400, 5000)])
            turns.append((at, at + duration, speaker))
            if overlapping and rng.random() < 0.2:
                turns.append((at, at + duration, speaker))
            gap = -200 if overlapping else 0
            at = max(0, at + duration + rng.choice([0, rng.randrange(gap, 3000)]))
    return turns


def random_recording(rng, number):
    overlapping, length = number % 3 == 0, rng.randrange(3000, 20000)
    most = 5 if number % 10 else 2
    regions = []
    if number % 4:
        edges = sorted(rng.sample(range(length + 2000), 2 * rng.randrange(1, 4)))
        regions = list(zip(edges[::2], edges[1::2]))
    if regions and number % 5 == 0:  # regions may overlap
        regions.append((regions[0][0] + 1, regions[0][1] + 300))
    return {
        "id": f"rec{number}",
        "self_overlap": overlapping,
        "ref": random_turns(rng, rng.randrange(1, most + 1), length, overlapping),
        "hyp": random_turns(rng, rng.randrange(0, most + 1), length, overlapping),
        "regions": regions,
    }


def crowd(rng):
    """45 speakers, and 50: five turns are those of strangers, many are cut short."""
    ref = random_turns(rng, 45, 30000, False)
    hyp = [(s + 7, e + 7, p * 7 % 45) for s, e, p in ref]
    for stranger, i in enumerate(rng.sample(range(len(hyp)), 5)):
        hyp[i] = (*hyp[i][:2], 45 + stranger)
    for i in rng.sample(range(len(hyp)), 60):
        hyp[i] = (hyp[i][0], min(hyp[i][0] + 50, hyp[i][1]), hyp[i][2])
    return {"id": "crowd", "self_overlap": False, "ref": ref, "hyp": hyp, "regions": []}


def write(folder, recordings):
    paths = [os.path.join(folder, name) for name in ("ref.rttm", "hyp.rttm", "all.uem")]
    for path, side in zip(paths, ("ref", "hyp")):
        with open(path, "w", encoding="utf-8") as file:
            for r in recordings:
                for start, end, speaker in r[side]:
                    file.write(
                        f"SPEAKER {r['id']} 1 {start / MS:.3f} {(end - start) / MS:.3f} <NA> <NA> "
                        f"{side}{speaker} <NA> <NA>\n"
                    )
    with open(paths[2], "w", encoding="utf-8") as file:
        for r in recordings:
            for start, end in r["regions"]:
                file.write(f"{r['id']} 1 {start / MS:.3f} {end / MS:.3f}\n")
    return paths


def scored_regions(r):
    ends = [edge for side in ("ref", "hyp") for turn in r[side] for edge in turn[:2]]
    return r["regions"] or [(min(ends), max(ends))]


# ---- the definition ------------------------------------------------------------------------------


def talks(turns, length):
    """[speakers][ms]"""
    grid = np.zeros((max((s for _, _, s in turns), default=-1) + 1, length), bool)
    for start, end, speaker in turns:
        grid[speaker, start:end] = True
    return grid


def best(gain):
    """The greatest sum of a one-to-one choice [rows][columns]: all are tried where they are few."""
    if gain.shape[0] > gain.shape[1]:
        gain = gain.T
    rows, columns = gain.shape
    if rows == 0:
        return 0
    if columns > 6:
        from scipy.optimize import linear_sum_assignment

        return gain[linear_sum_assignment(-gain)].sum()
    return max(
        sum(gain[row, column] for row, column in enumerate(chosen))
        for chosen in itertools.permutations(range(columns), rows)
    )


def define(r, collar, skip_overlap):
    """{part: seconds or fraction}"""
    length = max(e for side in ("ref", "hyp") for _, e, _ in r[side]) + 2 * MS
    length = max([length, *(end for _, end in r["regions"])])
    inside = np.zeros(length, bool)
    for start, end in scored_regions(r):
        inside[start:end] = True
    ref, hyp = talks(r["ref"], length), talks(r["hyp"], length)
    counts = [int((grid & inside).any(axis=1).sum()) for grid in (ref, hyp)]
    scored, width = inside.copy(), round(collar * MS)
    turns_at_once = np.zeros(length, int)
    for start, end, _ in r["ref"]:
        turns_at_once[start:end] += 1
        for edge in (start, end):
            scored[max(0, edge - width) : edge + width] = False
    if skip_overlap:
        scored &= turns_at_once < 2
    ref, hyp = ref[:, scored], hyp[:, scored]
    num_ref, num_hyp = ref.sum(axis=0), hyp.sum(axis=0)
    both = (ref.astype(np.float32) @ hyp.T.astype(np.float32)).astype(int)  # exact below 2^24
    either = ref.sum(axis=1)[:, None] + hyp.sum(axis=1)[None, :] - both
    speakers = ref.any(axis=1)
    jaccard = (both / np.maximum(either, 1))[speakers]
    out = {
        "scored": num_ref.sum() / MS,
        "missed": np.maximum(num_ref - num_hyp, 0).sum() / MS,
        "false_alarm": np.maximum(num_hyp - num_ref, 0).sum() / MS,
        "confusion": (np.minimum(num_ref, num_hyp).sum() - best(both)) / MS,
        "jer": 1 - best(jaccard) / speakers.sum() if speakers.any() else None,
        "reference_speakers": counts[0],
        "hypothesis_speakers": counts[1],
    }
    wrong = out["missed"] + out["false_alarm"] + out["confusion"]
    out["der"] = wrong / out["scored"] if out["scored"] else None
    return out


def check_definition(found, recordings, collar, skip_overlap):
    sums = dict.fromkeys(PARTS, 0.0)
    for r in recordings:
        want, ours = define(r, collar, skip_overlap), found["files"][r["id"]]
        for key, value in want.items():
            name = f"{r['id']}, collar {collar}, skip_overlap {skip_overlap}: {key}"
            expect(name, near(ours[key], value, 2e-6), f"{ours[key]}, by definition {value}")
        for part in PARTS:
            sums[part] += want[part]
    for part in PARTS:
        ours = found["overall"][part]
        expect(f"pooled {part}, collar {collar}", near(ours, sums[part], 1e-4), sums[part])


# ---- pyannote.metrics ----------------------------------------------------------------------------


def check_pyannote(found, recordings, collar, skip_overlap):
    from pyannote.core import Annotation, Segment, Timeline
    from pyannote.metrics.diarization import DiarizationErrorRate, JaccardErrorRate

    names = dict(zip(PARTS, ("total", "missed detection", "false alarm", "confusion")))
    how = {"collar": 2 * collar, "skip_overlap": skip_overlap}
    for r in recordings:
        if r["self_overlap"] or not r["hyp"]:  # it counts a speaker who overlaps himself twice
            continue
        if r["id"] == "crowd" and (collar or skip_overlap):  # takes it the square of the turns
            continue
        sides = []
        for side in ("ref", "hyp"):
            annotation = Annotation()
            for i, (start, end, speaker) in enumerate(r[side]):
                annotation[Segment(start / MS, end / MS), i] = f"{side}{speaker}"
            sides.append(annotation)
        uem = Timeline([Segment(s / MS, e / MS) for s, e in scored_regions(r)]).support()
        theirs = DiarizationErrorRate(**how)(*sides, uem=uem, detailed=True)
        jer = JaccardErrorRate(**how)(*sides, uem=uem)
        ours = found["files"][r["id"]]
        name = f"{r['id']}, collar {collar}, skip_overlap {skip_overlap}, pyannote"
        for part in PARTS:
            expect(f"{name}: {part}", near(ours[part], theirs[names[part]], 1e-4), (ours, theirs))
        # Its mapping is that of DER: another one may have fewer Jaccard errors, never more.
        expect(f"{name}: JER", ours["jer"] is None or ours["jer"] <= jer + 1e-5, (ours, jer))


def main():
    has_pyannote = importlib.util.find_spec("pyannote") is not None
    if not has_pyannote:
        print("skipped: pyannote.metrics is not installed")
    rng = random.Random(7)
    folder = os.path.join(SHARED, "data", "scoring")
    if os.path.isdir(folder):
        check_expected(folder)
    else:
        print(f"skipped: there is no {folder}")
    recordings = [random_recording(rng, i) for i in range(48)] + [crowd(rng)]
    with tempfile.TemporaryDirectory() as folder:
        for collar, skip_overlap in SETTINGS:
            for with_uem in (True, False):
                some = [r for r in recordings if bool(r["regions"]) == with_uem]
                ref, hyp, uem = write(folder, some)
                found = program(ref, hyp, uem if with_uem else None, collar, skip_overlap)
                check_definition(found, some, collar, skip_overlap)
                if has_pyannote:
                    with warnings.catch_warnings():
                        warnings.simplefilter("ignore")
                        check_pyannote(found, some, collar, skip_overlap)
    print(f"{failures} failed")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
