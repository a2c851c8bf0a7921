#!/usr/bin/env python3
"""scoring.py - diarization error rates by pyannote.metrics, the independent scorer of these tests.
SPDX-License-Identifier: MIT

usage: scoring.py REF.rttm HYP.rttm [X.uem]     (scripts/score gives it the environment it needs)

DER = (miss + false alarm + confusion) / total speech of the reference, overlap scored. A collar is
given here as pyannote.metrics takes it, as the whole width around a reference boundary: 0.5 means
+-0.25 s.
"""

import sys
import warnings

from pyannote.core import Annotation, Segment, Timeline
from pyannote.metrics.diarization import DiarizationErrorRate

COLLARS = (0.0, 0.5)
PARTS = ("total", "missed detection", "false alarm", "confusion")


def lines(path):
    with open(path, encoding="utf-8") as file:
        for line in file:
            fields = line.split()
            if fields and not line.startswith(";"):
                yield fields


def read_rttm(path):
    """{file id: Annotation}. Every line is a track of its own, also a second equal one."""
    out = {}
    for i, fields in enumerate(lines(path)):
        if fields[0] != "SPEAKER":
            continue
        start, duration = float(fields[3]), float(fields[4])
        if duration > 0:
            annotation = out.setdefault(fields[1], Annotation(uri=fields[1]))
            annotation[Segment(start, start + duration), i] = fields[7]
    return out


def read_uem(path):
    """{file id: Timeline}"""
    out = {}
    for fields in lines(path):
        out.setdefault(fields[0], Timeline(uri=fields[0])).add(
            Segment(float(fields[2]), float(fields[3]))
        )
    return out


def extent(reference, hypothesis):
    """What is scored when no UEM says it: from the first to the last turn of either."""
    both = reference.get_timeline().union(hypothesis.get_timeline())
    return Timeline([both.extent()]) if both else Timeline()


def score(reference, hypothesis, uem, collar):
    """Seconds of each of PARTS."""
    metric = DiarizationErrorRate(collar=collar, skip_overlap=False)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about empty annotations
        found = metric(reference, hypothesis, uem=uem, detailed=True)
    return {part: found[part] for part in PARTS}


def pool(scores):
    return {part: sum(s[part] for s in scores) for part in PARTS}


def percentages(parts):
    """(DER, miss, false alarm, confusion) in percent. Nothing to find: any false alarm is 100 %."""
    if parts["total"] == 0:
        rate = 100.0 if parts["false alarm"] > 0 else 0.0
        return rate, 0.0, rate, 0.0
    miss, alarm, confusion = (100 * parts[p] / parts["total"] for p in PARTS[1:])
    return miss + alarm + confusion, miss, alarm, confusion


def pairs(references, hypotheses):
    """Files of both by id; two files with one recording each belong together whatever the ids."""
    if len(references) == 1 and len(hypotheses) <= 1:
        name, reference = next(iter(references.items()))
        return [(name, reference, next(iter(hypotheses.values()), Annotation()))]
    return [(n, r, hypotheses.get(n, Annotation())) for n, r in references.items()]


def main():
    if len(sys.argv) not in (3, 4):
        sys.exit("usage: scoring.py REF.rttm HYP.rttm [X.uem]")
    uems = read_uem(sys.argv[3]) if len(sys.argv) == 4 else {}
    for collar in COLLARS:
        for name, reference, hypothesis in pairs(read_rttm(sys.argv[1]), read_rttm(sys.argv[2])):
            uem = uems.get(name) or extent(reference, hypothesis)
            parts = percentages(score(reference, hypothesis, uem, collar))
            rates = "DER {:.2f} % (miss {:.2f}, false alarm {:.2f}, confusion {:.2f})"
            print(
                f"{name}: {rates.format(*parts)} at a collar of +-{collar / 2:.2f} s;"
                f" {len(hypothesis.labels())} speakers (reference: {len(reference.labels())})"
            )


if __name__ == "__main__":
    main()
