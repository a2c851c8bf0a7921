#!/usr/bin/env python3
"""test_scoring.py - scoring.py against md-eval-22.pl's figures for the pairs in data/scoring.
SPDX-License-Identifier: MIT

usage: test_scoring.py SHARED

md-eval's collar counts on each side of a boundary, so its 0.25 s is 0.5 here. Left out: pairs on
which the two tools are known to differ (speakers that overlap themselves), and overlap unscored.
"""

import json
import os
import sys

import program
import scoring
from pyannote.core import Annotation

TOLERANCE_S = 0.02


def check(folder, row):
    """(passed, text) of one pair at one collar, seconds summed over its files."""
    references = scoring.read_rttm(os.path.join(folder, row["ref"]))
    hypotheses = scoring.read_rttm(os.path.join(folder, row["hyp"]))
    uems = scoring.read_uem(os.path.join(folder, row["uem"]))
    scores = [
        scoring.score(
            references.get(name, Annotation()),
            hypotheses.get(name, Annotation()),
            uem,
            2 * row["collar"],
        )
        for name, uem in uems.items()
    ]
    found, expected = scoring.pool(scores), row["md_eval"]
    names = (
        ("total", "scored"),
        ("missed detection", "missed"),
        ("false alarm", "false_alarm"),
        ("confusion", "confusion"),
    )
    worst = max(abs(found[ours] - expected[theirs]) for ours, theirs in names)
    return worst <= TOLERANCE_S, f"{row['case']}, collar {row['collar']}: differs by {worst:.3f} s"


def main():
    folder = os.path.join(sys.argv[1], "data", "scoring")
    if not os.path.isdir(folder):
        print(f"skipped: there is no {folder}")
        return program.closing_line([], skipped=1)
    with open(os.path.join(folder, "expected.json"), encoding="utf-8") as file:
        rows = json.load(file)["rows"]
    return program.closing_line(
        [
            check(folder, row)
            for row in rows
            if row.get("agree") and row["uem"] and not row["skip_overlap"]
        ]
    )


if __name__ == "__main__":
    sys.exit(main())
