#!/usr/bin/env python3
"""formats_e2e.py - the same 20 s in every form, and broken files, through the program.
SPDX-License-Identifier: MIT

shared/data/formats.tar.xz -> a temporary folder -> program -f json -> verdict per entry

A valid form: exit status 0, nothing on standard error, the stated length, the two speakers of
base.rttm and at most MAX_DER against it at +-0.25 s. A broken one: the outcome that expected.json
states; an error is exit status 3, one line `diarist: ...` and no output. Each within --limit
seconds.
"""

import argparse
import json
import math
import os
import subprocess
import sys
import tarfile
import tempfile
from concurrent.futures import ThreadPoolExecutor

import program
import scoring
from pyannote.core import Annotation, Segment, Timeline

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
MAX_DER = 10.0  # percent; base.wav itself has 3.6 in the reference implementation
LENGTH_TOLERANCE_S = 0.15  # decoders differ in priming samples and padding
RAW = "s16le:16000:1"
PARTIAL_S = {  # what can be decoded of these at least, and whether a warning must say so
    "truncated_data.wav": (1.99, True),
    "truncated_odd.wav": (1.99, False),
    "claims_4gib.wav": (3.99, False),
    "size_ffffffff.wav": (3.99, False),
    "two_data_chunks.wav": (0.0, False),
    "flac_truncated.flac": (8.0, True),
    "mp3_truncated.mp3": (8.0, False),
    "opus_truncated.opus": (8.0, False),
}


def options():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--program", default=os.path.join(ROOT, "build", "diarist"))
    parser.add_argument("--shared", default=os.path.join(ROOT, "..", "shared"))
    parser.add_argument("--limit", type=float, default=10, help="seconds per entry")
    parser.add_argument("--verbose", action="store_true", help="print what each entry gave")
    return parser.parse_args()


def refuse(text):
    raise ValueError(f"{text} is no JSON number")


class Outcome:
    """One run: what came out, and the first thing that is wrong with it whatever was expected."""

    def __init__(self, run):
        self.run, self.document, self.wrong = run, None, None
        self.messages = run.error.splitlines()
        if run.status is None:
            self.wrong = "was stopped at the time limit"
        elif run.status < 0:
            self.wrong = f"died of signal {-run.status}: {run.error[-300:]}"
        elif any(not line.startswith("diarist: ") for line in self.messages):
            self.wrong = f"odd text on standard error: {run.error[-2000:]}"
        elif len(self.messages) > 1:
            self.wrong = f"more than one line on standard error: {run.error}"
        elif run.status == 0:
            self.read(run.output)

    def read(self, text):
        try:
            self.document = json.loads(text, parse_constant=refuse)
        except ValueError as error:
            self.wrong = f"broken JSON: {error}"

    @property
    def duration(self):
        return self.document["audio"]["duration"] or 0.0  # null: no samples

    @property
    def turns(self):
        return self.document["diarization"]

    def summary(self):
        end = f"{self.duration:.2f} s, {len(self.turns)} turns" if self.document else "no output"
        return f"status {self.run.status}, {end}, {self.run.wall_s:.1f} s; {self.run.error.strip()}"


def judge_error(outcome):
    if outcome.run.status != 3:
        return f"exit status {outcome.run.status}, expected 3"
    if len(outcome.messages) != 1:
        return "no line on standard error says why"
    return "output in spite of the error" if outcome.run.output else None


def judge_done(outcome):
    if outcome.run.status != 0:
        return f"exit status {outcome.run.status}, expected 0"
    times = [t for turn in outcome.turns for t in (turn["start"], turn["end"])]
    if not all(math.isfinite(t) and -1e-9 <= t <= outcome.duration + 1e-3 for t in times):
        return "turns outside the recording"
    return None


def judge_empty(outcome):
    return judge_done(outcome) or ("turns where nothing is said" if outcome.turns else None)


def judge_partial(outcome, name):
    seconds, warning = PARTIAL_S.get(os.path.basename(name), (0.0, False))
    wrong = judge_done(outcome)
    if not wrong and outcome.duration < seconds:
        wrong = f"decoded {outcome.duration} s, at least {seconds} s are there"
    if not wrong and warning and len(outcome.messages) != 1:
        wrong = "no warning says how far it was decoded"
    return wrong


def judge_valid(outcome, entry, reference):
    wrong = judge_done(outcome)
    if wrong or outcome.messages:
        return wrong or f"a word on standard error: {outcome.run.error}"
    if abs(outcome.duration - entry["decoded_s"]) > LENGTH_TOLERANCE_S:
        return f"{outcome.duration} s, expected {entry['decoded_s']}"
    hypothesis = Annotation()
    for i, turn in enumerate(outcome.turns):
        hypothesis[Segment(turn["start"], turn["end"]), i] = turn["speaker"]
    if len(hypothesis.labels()) != 2:
        return f"{len(hypothesis.labels())} speakers, expected 2"
    whole = Timeline([Segment(0, entry["decoded_s"])])
    der = scoring.percentages(scoring.score(reference, hypothesis, whole, 0.5))[0]
    return f"DER {der:.1f} % against base.rttm" if der > MAX_DER else None


def judge(outcome, expect, name, entry, reference):
    """What is wrong, or None. expect is one outcome of expected.json's legend."""
    if expect == "error":
        return judge_error(outcome)
    if expect == "empty":
        return judge_empty(outcome)
    if expect == "ok_partial":
        return judge_partial(outcome, name)
    if "decoded_s" in entry:
        return judge_valid(outcome, entry, reference)
    return judge_done(outcome)


def alternatives(name, expect):
    """The outcomes that are right, from "ok_or_error" and the like."""
    if name == "broken/unreadable.wav" and os.geteuid() == 0:
        return ["ok", "empty"]  # root reads everything; below it is a second of speech
    return {"error_or_explicit": ["error"], "error_or_wait": ["error"]}.get(
        expect, expect.split("_or_")
    )


def try_entry(opts, folder, name, entry, reference):
    path = name if name.startswith("/") else os.path.join(folder, name)

    def once(*more):
        arguments = ["diarize", path, "-t", "1", "-f", "json", *more]
        return Outcome(program.run(opts.program, arguments, limit_s=opts.limit))

    outcome = once()
    reasons = [
        judge(outcome, expect, name, entry, reference)
        for expect in alternatives(name, entry["expect"])
    ]
    wrong = outcome.wrong or (None if None in reasons else "; ".join(reasons))
    if opts.verbose:
        print(f"{name}: {entry['expect']}: {outcome.summary()}")
    if not wrong and entry["expect"] == "error_or_explicit":
        told = once("--raw", RAW)
        wrong = told.wrong or judge_valid(told, {**entry, "decoded_s": 20.0}, reference)
    return wrong is None, f"{name} ({entry['note']}; expected {entry['expect']}): {wrong}"


def main():
    opts = options()
    archive = os.path.join(opts.shared, "data", "formats.tar.xz")
    if not os.path.isfile(archive):
        print(f"skipped: there is no {archive}")
        return program.closing_line([], skipped=1)
    with tempfile.TemporaryDirectory() as top:
        with tarfile.open(archive) as tar:
            tar.extractall(top)
        folder = os.path.join(top, "formats")
        subprocess.run(["sh", os.path.join(folder, "make_special.sh")], check=True)
        with open(os.path.join(folder, "expected.json"), encoding="utf-8") as file:
            expected = json.load(file)
        reference = next(iter(scoring.read_rttm(os.path.join(folder, "base.rttm")).values()))
        entries = [*expected["valid"].items(), *expected["broken"].items()]
        with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
            verdicts = list(pool.map(lambda e: try_entry(opts, folder, *e, reference), entries))
    return program.closing_line(verdicts)


if __name__ == "__main__":
    sys.exit(main())
