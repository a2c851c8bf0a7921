#!/usr/bin/env python3
"""der.py - diarizes recordings with the program and scores them with pyannote.metrics.
SPDX-License-Identifier: MIT

program -> RTTM per file -> scoring.py -> table per file, pooled per set <-> expected.csv

Checked: the pooled DER of each set within --tolerance points of the reference implementation's
(with --no-worse: not above that), each file's speaker count equal to its (unless explained.csv says
why it differs), the peak memory. ./check holds build/tests/accuracy/reference_mode, the pipeline
without what diarist adds, to the reference, and the program to being no worse. Figures per file are
printed with the difference, for people. Needs pyannote.metrics; ./check sets it up.
"""

import argparse
import csv
import os
import sys
from fnmatch import fnmatch

import program
import scoring
from pyannote.core import Annotation

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
PEAK_MB = 120  # for an hour, at any step


def options():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--program", default=os.path.join(ROOT, "build", "diarist"))
    parser.add_argument(
        "--shared", default=os.path.join(ROOT, "..", "shared"), help="the folder that has data/"
    )
    parser.add_argument(
        "--step", choices=["5", "2", "both"], default="both", help="segmentation step in seconds"
    )
    parser.add_argument("--sets", nargs="+", default=["examples", "sim", "real", "nonspeech"])
    parser.add_argument(
        "--files", nargs="+", default=["*"], metavar="GLOB", help="only these; no pooled check then"
    )
    parser.add_argument("--expected", default=os.path.join(HERE, "expected.csv"))
    parser.add_argument("--explained", default=os.path.join(HERE, "explained.csv"))
    parser.add_argument("--tolerance", type=float, default=0.2, help="points of pooled DER")
    parser.add_argument("--no-worse", action="store_true", help="a lower DER is right too")
    parser.add_argument(
        "--hypotheses", metavar="DIR", help="keep the RTTMs here, as DIR/STEP/FILE.rttm"
    )
    parser.add_argument("--markdown", metavar="OUT", help="write the tables here too")
    return parser.parse_args()


def only(recordings, otherwise):
    return next(iter(recordings.values()), otherwise)


def recording(opts, row):
    """The recording's path without extension."""
    data = os.path.join(opts.shared, "data", row["set"])
    return os.path.join(ROOT, "examples" if row["set"] == "examples" else data, row["file"])


def measure(opts, row, step):
    """Everything known of one file at one step."""
    base = recording(opts, row)
    run = program.run(opts.program, ["diarize", base + ".flac", "--step", step, "-q"])
    if run.status != 0:
        sys.exit(f"{base}.flac: exit status {run.status}: {run.error.strip()}")
    folder = os.path.join(opts.hypotheses, step)
    os.makedirs(folder, exist_ok=True)
    path = os.path.join(folder, row["file"] + ".rttm")
    with open(path, "w", encoding="utf-8") as file:
        file.write(run.output)
    hypothesis = only(scoring.read_rttm(path), Annotation())
    reference = only(scoring.read_rttm(base + ".rttm"), Annotation())
    uem = (
        only(scoring.read_uem(base + ".uem"), None)
        if os.path.exists(base + ".uem")
        else scoring.extent(reference, hypothesis)
    )
    return {
        "row": row,
        "run": run,
        "speakers": len(hypothesis.labels()),
        "seconds": sum(s.duration for s in uem),
        "scores": [scoring.score(reference, hypothesis, uem, collar) for collar in scoring.COLLARS],
    }


def number(text):
    return float(text) if text else None


def difference(now, expected):
    return "" if expected is None else f" ({now - expected:+.1f})"


HEADER = ("file | DER % (difference) | miss | false alarm | confusion | DER at +-0.25 s | "
          "speakers (true) | CPU-s | x realtime | peak MB").split(" | ")


def cells(*texts):
    return "| " + " | ".join(texts) + " |"


def table_row(found, step):
    row, run = found["row"], found["run"]
    der, miss, alarm, confusion = scoring.percentages(found["scores"][0])
    collared = scoring.percentages(found["scores"][1])[0]
    return cells(row["file"], f"{der:.1f}" + difference(der, number(row[f"step{step}_der"])),
                 *(f"{x:.1f}" for x in (miss, alarm, confusion, collared)),
                 f"{found['speakers']} ({row['speakers']})", f"{run.cpu_s:.1f}",
                 f"{found['seconds'] / run.wall_s:.0f}", f"{run.peak_mb:.0f}")


def pooled_der(found, collar):
    """Percent, over all files; collar indexes scoring.COLLARS."""
    return scoring.percentages(scoring.pool([f["scores"][collar] for f in found]))[0]


def table(name, step, found, pooled_row):
    """Markdown. The differences are those to the reference implementation."""
    lines = [f"### {name}, step {step} s", "", cells(*HEADER), "|---" * len(HEADER) + "|"]
    lines += [table_row(f, step) for f in found]
    if pooled_row:
        der = f"**{pooled_der(found, 0):.2f}** (expected {pooled_row[f'step{step}_der']})"
        exact = sum(f["speakers"] == int(f["row"]["speakers"]) for f in found)
        lines.append(cells("**pooled**", der, "", "", "", f"{pooled_der(found, 1):.2f}",
                           f"exact {exact} of {len(found)}",
                           f"{sum(f['run'].cpu_s for f in found):.0f}", "", ""))
    return "\n".join(lines) + "\n"


def check_file(f, step, explained):
    """Verdicts on one file: (passed, text)."""
    name, now, expected = f["row"]["file"], f["speakers"], f["row"][f"step{step}_speakers"]
    passed = expected == "any" or now == int(expected) or (name, step, str(now)) in explained
    yield passed, f"{name}, step {step} s: {now} speakers, expected {expected}"
    yield (
        f["run"].peak_mb <= PEAK_MB,
        f"{name}, step {step} s: {f['run'].peak_mb:.0f} MB, at most {PEAK_MB}",
    )


def check_pooled(name, found, step, pooled_row, opts):
    for i, column in enumerate(("der", "der_collar")):
        expected = number(pooled_row.get(f"step{step}_{column}"))
        if expected is not None:
            now, collar = pooled_der(found, i), scoring.COLLARS[i] / 2
            text = f"{name} pooled, step {step} s, collar +-{collar} s: DER {now:.2f}"
            above = now - expected if opts.no_worse else abs(now - expected)
            yield above <= opts.tolerance, f"{text}, expected {expected:.2f}"


def read_csv(path):
    with open(path, encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def main():
    opts = options()
    skipped = 0
    if not os.path.isdir(os.path.join(opts.shared, "data")):
        skipped = len(set(opts.sets) - {"examples"})
        opts.sets = [name for name in opts.sets if name == "examples"]
        print(f"{skipped} sets of recordings skipped: there is no {opts.shared}/data\n")
    opts.hypotheses = opts.hypotheses or os.path.join(ROOT, "build", "hypotheses")
    expected = read_csv(opts.expected)
    explained = {(r["file"], r["step"], r["speakers"]) for r in read_csv(opts.explained)}
    tables, verdicts = [], []
    for step in ["5", "2"] if opts.step == "both" else [opts.step]:
        for name in opts.sets:
            rows = [r for r in expected if r["set"] == name and r["file"] != "POOLED"]
            chosen = [r for r in rows if any(fnmatch(r["file"], glob) for glob in opts.files)]
            pooled_row = next(
                (r for r in expected if r["set"] == name and r["file"] == "POOLED"), {}
            )
            found = [measure(opts, r, step) for r in chosen]
            whole = pooled_row if len(chosen) == len(rows) else {}
            if found:
                tables.append(table(name, step, found, whole))
                print(tables[-1], flush=True)
            verdicts += [v for f in found for v in check_file(f, step, explained)]
            verdicts += check_pooled(name, found, step, whole, opts)
    if opts.markdown:
        with open(opts.markdown, "w", encoding="utf-8") as file:
            file.write("\n".join(tables))
    return program.closing_line(verdicts, skipped)


if __name__ == "__main__":
    sys.exit(main())
