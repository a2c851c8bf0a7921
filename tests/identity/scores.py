#!/usr/bin/env python3
"""scores.py - enroll and identify against cosines by their definition.
SPDX-License-Identifier: MIT

usage: scores.py PROGRAM EXAMPLES_DIRECTORY

Four voices are enrolled on the first half of the example, the whole of which is identified: scores are
the cosines of the embeddings that diarize writes with the mean directions of the profiles' samples, and
names go by threshold and margin. Schemas where jsonschema is installed.
"""

import csv
import io
import json
import math
import pathlib
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
HALF_S = 60


def unit(values):
    length = math.sqrt(sum(v * v for v in values))
    return [v / length for v in values]


def cosine(a, b):
    return sum(x * y for x, y in zip(unit(a), unit(b)))


def run(program, *arguments):
    done = subprocess.run([program, *arguments], capture_output=True, text=True)
    assert done.returncode == 0, (arguments, done.stderr)
    return done.stdout


def overlap(turns, reference, speaker, label):
    return sum(
        max(0, min(e, end) - max(s, start))
        for s, e, who in turns
        if who == speaker
        for start, end, other in reference
        if other == label
    )


def read_rttm(text):
    fields = [line.split() for line in text.splitlines()]
    return [(float(f[3]), float(f[3]) + float(f[4]), f[7]) for f in fields]


def check_names(rows, people, scores, threshold, margin):
    """Who may be named: the nearest, near enough, alone; of several speakers the nearest."""
    claims = {}
    for row in rows:
        order = sorted(people, key=lambda p: -scores[row["speaker"], p])
        best, second = (scores[row["speaker"], p] for p in order[:2])
        if best >= threshold and best - second >= margin:
            claims.setdefault(order[0], []).append((best, row["speaker"]))
    winners = {max(claim)[1]: person for person, claim in claims.items()}
    for row in rows:
        assert row["name"] == winners.get(row["speaker"], ""), (row, winners)


def main():
    program, examples = sys.argv[1], pathlib.Path(sys.argv[2])
    talk = str(examples / "conversation.flac")
    reference = read_rttm((examples / "conversation.rttm").read_text())
    people = sorted({speaker for _, _, speaker in reference})
    with tempfile.TemporaryDirectory() as folder:
        profiles, half = str(pathlib.Path(folder, "known")), pathlib.Path(folder, "half.rttm")
        half.write_text("".join(f"SPEAKER conversation 1 {s} {e - s} <NA> <NA> {p} <NA> <NA>\n"
                                for s, e, p in reference if e < HALF_S))
        enrolled = [p for p in people if sum(e - s for s, e, q in reference if q == p and e < HALF_S) > 3]
        for person in enrolled:
            run(program, "enroll", person, talk, "--profiles", profiles, "--segments", str(half),
                "--speaker", person)
        documents = [json.loads(path.read_text()) for path in sorted(pathlib.Path(profiles).iterdir())]
        assert [d["name"] for d in documents] == enrolled and len(enrolled) >= 2, enrolled
        rows = list(csv.DictReader(io.StringIO(
            run(program, "identify", talk, "--profiles", profiles, "--scores"))))
        found = json.loads(run(program, "identify", talk, "--profiles", profiles, "-f", "json",
                               "--embeddings"))
        labels = read_rttm(run(program, "diarize", talk, "--profiles", profiles))
    means = {d["name"]: [sum(v) for v in zip(*(unit(s["embedding"]) for s in d["samples"]))]
             for d in documents}
    scores = {}
    for row, speaker in zip(rows, found["speakers"], strict=True):
        assert row["speaker"] == speaker["id"] and row["name"] == speaker.get("name", "")
        for person in enrolled:
            scores[row["speaker"], person] = cosine(speaker["embedding"], means[person])
            assert abs(float(row[person]) - scores[row["speaker"], person]) < 6e-4
    check_names(rows, enrolled, scores, 0.70, 0.05)
    # The names are right, in every format.
    for row in rows:
        if row["name"]:
            shares = {p: overlap(labels, reference, row["name"], p) for p in people}
            assert max(shares, key=shares.get) == row["name"], (row, shares)
    assert {row["name"] for row in rows} >= set(enrolled), rows
    assert {t["speaker"] for t in found["diarization"]} == {s["id"] for s in found["speakers"]}
    try:
        import jsonschema
    except ImportError:
        return
    for name, things in (("diarist-profile-1", documents), ("diarist-1", [found])):
        schema = json.loads((ROOT / "docs" / "schema" / f"{name}.schema.json").read_text())
        for thing in things:
            jsonschema.validate(thing, schema, jsonschema.Draft202012Validator)


if __name__ == "__main__":
    main()
