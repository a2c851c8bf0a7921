#!/usr/bin/env python3
"""enrolment.py - known speakers: equal error rate, and who is taken for whom.
SPDX-License-Identifier: MIT

usage: enrolment.py [--program FILE] [--shared DIR] [--markdown OUT] [--files GLOB...]

Simulated conversations have speakers in common. Each who talks in several is enrolled on the first of
them, by its reference turns; all others are strangers, as are those of the real recordings. Every
recording is then identified. Scores of a profile and a speaker of another recording are trials: the
equal error rate is of all of them, and of samples that are one turn of a length. Of real/enrol each
recording is compared with the others. Needs numpy.
"""

import argparse
import collections
import glob
import json
import os
import sys
import tempfile
from fnmatch import fnmatch

import numpy as np
import program

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
LENGTHS = ((1, 2), (2, 3), (3, 5), (5, 10), (10, 1000))
NOBODY = "unknown"


def options():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--program", default=os.path.join(ROOT, "build", "diarist"))
    parser.add_argument("--shared", default=os.path.join(ROOT, "..", "shared"))
    parser.add_argument("--markdown", metavar="OUT", help="write the tables here")
    parser.add_argument("--files", nargs="+", default=["*"], metavar="GLOB", help="only these")
    return parser.parse_args()


def run(opts, *arguments):
    done = program.run(opts.program, [*arguments, "--no-config", "-q"])
    if done.status != 0:
        sys.exit(f"{' '.join(arguments)}: exit status {done.status}: {done.error.strip()}")
    return done.output


def reference_of(base):
    with open(base + ".rttm", encoding="utf-8") as file:
        return program.read_turns(file.read())


def person_of(speaker, turns, reference):
    """The reference speaker with whom a speaker shares most time, or None."""
    shared = collections.Counter()
    for turn in turns:
        if turn["speaker"] == speaker:
            for start, end, who in reference:
                shared[who] += max(0.0, min(end, turn["end"]) - max(start, turn["start"]))
    return max(shared, key=shared.get) if sum(shared.values()) > 0 else None


def embed(opts, base, by, labels):
    """[(person, embedding, seconds)] of the reference's speakers or turns."""
    lines = run(opts, "embed", base + ".flac", "--segments", base + ".rttm", "--by", by).splitlines()
    rows = [json.loads(line) for line in lines]
    return [(labels[r["speaker"]], np.array(r["embedding"]), r["seconds"]) for r in rows if r["embedding"]]


def write_profile(folder, person, sample, model):
    _, embedding, seconds = sample
    profile = {
        "schema": "diarist-profile/1",
        "name": person,
        "model": {**model, "embedding_dim": len(embedding)},
        "samples": [
            {"file": "-", "seconds": seconds, "enrolled": "-", "embedding": embedding.tolist()}
        ],
    }
    with open(os.path.join(folder, person + ".json"), "w", encoding="utf-8") as file:
        json.dump(profile, file)


def equal_error(same, different):
    """(rate in percent, threshold)"""
    if not len(same) or not len(different):
        return float("nan"), float("nan")
    same, different = np.sort(same), np.sort(different)
    at = np.unique(np.concatenate([same, different]))
    rejected = np.searchsorted(same, at) / len(same)
    accepted = 1 - np.searchsorted(different, at) / len(different)
    best = np.argmin(abs(rejected - accepted))
    return 50 * (rejected + accepted)[best], at[best]


def trials(samples, speakers):
    """Scores of samples [(file, person, embedding)] and speakers of other files: same, different."""
    same, different = [], []
    for file, person, embedding in samples:
        for other, who, voice in speakers:
            if other != file:
                (same if who == person else different).append(float(embedding @ voice))
    return np.array(same), np.array(different)


def trial_row(name, same, different):
    rate, at = equal_error(same, different)
    return (
        f"| {name} | {len(same)} | {len(different)} | {rate:.2f} % | {at:.3f} | "
        f"{min(same, default=float('nan')):.3f} | {max(different, default=float('nan')):.3f} |"
    )


def real_trials(opts):
    """real/enrol: each recording's embedding with those of the others."""
    files = sorted(glob.glob(os.path.join(opts.shared, "data", "real", "enrol", "*.flac")))
    rows = [json.loads(run(opts, "embed", file)) for file in files]
    voices = [(os.path.basename(f).split("_")[2], np.array(r["embedding"])) for f, r in zip(files, rows)]
    same, different = [], []
    for i, (a, x) in enumerate(voices):
        for b, y in voices[:i]:
            (same if a == b else different).append(float(x @ y))
    return np.array(same), np.array(different)


def identify(opts, profiles, path):
    document = json.loads(
        run(opts, "identify", path, "--profiles", profiles, "-f", "json", "--embeddings")
    )
    return document["speakers"], document["diarization"]


def confusion_table(counts, people):
    columns = [*people, NOBODY]
    lines = ["| | " + " | ".join(columns) + " |", "|---" * (len(columns) + 1) + "|"]
    for who in (*people, "a stranger"):
        cells = [str(counts[who, name] or "") for name in columns]
        lines.append(f"| {who} | " + " | ".join(cells) + " |")
    right = sum(counts[who, who] for who in people)
    known = sum(n for (who, _), n in counts.items() if who in people)
    silent = sum(counts[who, NOBODY] for who in people)
    strangers = sum(n for (who, _), n in counts.items() if who not in people)
    named = strangers - counts["a stranger", NOBODY]
    lines += ["", f"Known speakers: {right} of {known} right, {silent} unknown, "
              f"{known - right - silent} taken for another; strangers: {named} of {strangers} named."]
    return lines


def main():
    opts = options()
    sim = os.path.join(opts.shared, "data", "sim")
    bases = [p[:-5] for p in sorted(glob.glob(os.path.join(sim, "*.json")))]
    bases = [b for b in bases if any(fnmatch(os.path.basename(b), g) for g in opts.files)]
    model = json.loads(run(opts, "models", "info", "-f", "json"))
    model = {"name": model["name"], "sha256": model["sha256"]}
    labels, samples, turns = {}, {}, []
    for base in bases:
        with open(base + ".json", encoding="utf-8") as file:
            labels[base] = {k: v["id"] for k, v in json.load(file)["labels"].items()}
        samples[base] = embed(opts, base, "speaker", labels[base])
        turns += [(base, *turn) for turn in embed(opts, base, "turn", labels[base])]
    seen = collections.Counter(p for base in bases for p in labels[base].values())
    enrolled = {}
    speakers, counts = [], collections.Counter()
    with tempfile.TemporaryDirectory() as profiles:
        for base in bases:
            for sample in samples[base]:
                if seen[sample[0]] > 1 and sample[0] not in enrolled:
                    enrolled[sample[0]] = base
                    write_profile(profiles, sample[0], sample, model)
        for base in bases:
            found, diarization = identify(opts, profiles, base + ".flac")
            reference = [(s, e, labels[base][who]) for s, e, who in reference_of(base)]
            for speaker in found:
                who = person_of(speaker["id"], diarization, reference)
                if who is None or "embedding" not in speaker:
                    continue
                speakers.append((base, who, np.array(speaker["embedding"])))
                if enrolled.get(who) != base:
                    who = who if who in enrolled else "a stranger"
                    counts[who, speaker.get("name", NOBODY)] += 1
        for path in sorted(glob.glob(os.path.join(opts.shared, "data", "real", "*.flac"))):
            for speaker in identify(opts, profiles, path)[0]:
                counts["a stranger", speaker.get("name", NOBODY)] += 1
    lines = [
        "| samples | same | different | equal error rate | at | lowest same | highest different |",
        "|---|---|---|---|---|---|---|",
    ]
    whole = [(b, p, e) for b in bases for p, e, _ in samples[b]]
    lines.append(trial_row("all that somebody says in a file", *trials(whole, speakers)))
    for low, high in LENGTHS:
        some = [(b, p, e) for b, p, e, s in turns if low <= s < high]
        name = f"one turn of {low} to {high} s" if high < 1000 else f"one turn of {low} s and more"
        lines.append(trial_row(name, *trials(some, speakers)))
    lines.append(trial_row("real/enrol, one file each", *real_trials(opts)))
    lines += ["", *confusion_table(counts, sorted(enrolled))]
    print("\n".join(lines))
    if opts.markdown:
        with open(opts.markdown, "w", encoding="utf-8") as file:
            file.write("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
