#!/usr/bin/env python3
"""links.py - diarist link on made-up voices, against average linkage by its definition.
SPDX-License-Identifier: MIT

usage: links.py PROGRAM

Recordings with voices around some people's directions; the program's people must be those of a naive
average linkage with the same cannot-links, in whatever order the files are given.
"""

import itertools
import json
import math
import os
import random
import subprocess
import sys
import tempfile

DIM, THRESHOLD = 12, 0.6
SHA = "0123456789abcdef" * 4


def unit(values):
    length = math.sqrt(sum(v * v for v in values))
    return [v / length for v in values]


def make_recordings(rng):
    """{recording: {speaker: (embedding, name or None)}}"""
    people = [unit([rng.gauss(0, 1) for _ in range(DIM)]) for _ in range(rng.randint(2, 6))]
    recordings = {}
    for r in range(rng.randint(2, 6)):
        present = rng.sample(range(len(people)), rng.randint(1, len(people)))
        recordings[f"rec_{r}"] = {
            f"SPEAKER_{s:02d}": (
                unit([v + rng.gauss(0, 0.16) for v in people[p]]),
                f"person {p}" if rng.random() < 0.2 else None,
            )
            for s, p in enumerate(present)
        }
    return recordings


def write_files(folder, recordings):
    for recording, voices in recordings.items():
        speakers = [
            {"id": s, "seconds": 1, "turns": 1, "embedding": e, **({"name": n} if n else {})}
            for s, (e, n) in voices.items()
        ]
        turns = [{"start": i, "end": i + 1, "speaker": s} for i, s in enumerate(voices)]
        document = {
            "schema": "diarist/1",
            "audio": {"file": f"{recording}.wav", "duration": 60},
            "engine": {"version": "0", "models": [{"name": "made up", "sha256": SHA}]},
            "speakers": speakers,
            "diarization": turns,
        }
        with open(os.path.join(folder, f"{recording}.json"), "w", encoding="utf-8") as file:
            json.dump(document, file)


def expected(recordings):
    """The people as sets of (recording, speaker), naively."""
    voices = {(r, s): v for r, speakers in recordings.items() for s, v in speakers.items()}
    named = {}
    for voice, (_, name) in voices.items():
        named.setdefault(name or voice, []).append(voice)
    groups = [set(group) for group in named.values()]

    def names(group):
        return {voices[v][1] for v in group} - {None}

    def allowed(a, b):
        apart = {r for r, _ in a} & {r for r, _ in b}
        return not apart and not (names(a) and names(b))

    def mean(a, b):
        cosines = [sum(x * y for x, y in zip(voices[u][0], voices[v][0])) for u in a for v in b]
        return sum(cosines) / len(cosines)

    while True:
        pairs = [(mean(a, b), i, j) for (i, a), (j, b) in itertools.combinations(enumerate(groups), 2)
                 if allowed(a, b)]
        if not pairs or max(pairs)[0] < THRESHOLD:
            return {frozenset(group) for group in groups}
        _, i, j = max(pairs)
        groups[i] |= groups.pop(j)


def link(program, folder, names, *arguments):
    files = [os.path.join(folder, f"{name}.json") for name in names]
    command = [program, "link", "--no-config", "--threshold", str(THRESHOLD), *arguments, *files]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def people_of(document):
    return {
        person["id"]: frozenset((v["recording"], v["speaker"]) for v in person["voices"])
        for person in document["people"]
    }


def check_rewritten(program, folder, recordings, people):
    """The files of --output have the people's ids, and names that somebody of them had."""
    out = os.path.join(folder, "out") + "/"
    link(program, folder, recordings, "-o", out)
    ids = {voice: person for person, voices in people.items() for voice in voices}
    names = {ids[r, s]: n for r, v in recordings.items() for s, (_, n) in v.items() if n}
    for recording, voices in recordings.items():
        with open(os.path.join(out, f"{recording}.json"), encoding="utf-8") as file:
            document = json.load(file)
        assert [s["id"] for s in document["speakers"]] == [ids[recording, s] for s in voices]
        assert [t["speaker"] for t in document["diarization"]] == [ids[recording, s] for s in voices]
        for speaker in document["speakers"]:
            assert speaker.get("name") == names.get(speaker["id"])
            assert len(speaker["embedding"]) == DIM


def main():
    rng = random.Random(7)
    for _ in range(12):
        recordings = make_recordings(rng)
        with tempfile.TemporaryDirectory() as folder:
            write_files(folder, recordings)
            order = list(recordings)
            first = json.loads(link(sys.argv[1], folder, order, "-f", "json"))
            people = people_of(first)
            assert set(people.values()) == expected(recordings), (people, expected(recordings))
            rng.shuffle(order)
            again = json.loads(link(sys.argv[1], folder, order, "-f", "json"))
            assert again == first, "the order of the files changes the result"
            check_rewritten(sys.argv[1], folder, recordings, people)


if __name__ == "__main__":
    main()
