#!/usr/bin/env python3
"""live.py - DER of live streams at several latencies, beside offline, and when turns become final.
SPDX-License-Identifier: MIT

usage: live.py [--latencies S...] [--longest S] [--within POINTS] [--markdown OUT] [--files GLOB...]

ffmpeg -> diarist stream -> final turns as they were said, and with speakers merged as was said later
       -> pyannote.metrics, pooled per set, beside diarist diarize

Checked of every recording: turns become final within the latency, or with the end of the stream.
--within: and the pooled DER, as said, is at most so many points above offline. Needs pyannote.metrics.
"""

import argparse
import glob
import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from fnmatch import fnmatch

import program
import scoring
from pyannote.core import Annotation, Segment

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
SETS = ("sim", "real")
FRAME_S = 270 / 16000


def options():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--program", default=os.path.join(ROOT, "build", "diarist"))
    parser.add_argument("--shared", default=os.path.join(ROOT, "..", "shared"))
    parser.add_argument("--latencies", nargs="+", type=float, default=[0.5, 1, 2, 5])
    parser.add_argument("--longest", type=float, default=1e9, help="only recordings up to this, s")
    parser.add_argument("--within", type=float, help="points that a set may be above offline")
    parser.add_argument("--files", nargs="+", default=["*"], metavar="GLOB", help="only these")
    parser.add_argument("--markdown", metavar="OUT", help="write the table here too")
    return parser.parse_args()


def duration(path):
    probe = ["ffprobe", "-v", "error", "-show_entries", "format=duration", "-of", "csv=p=0", path]
    return float(subprocess.run(probe, capture_output=True, text=True, check=True).stdout)


def recordings(opts):
    """[(set, path without extension)], the longest first."""
    found = []
    for name in SETS:
        for path in glob.glob(os.path.join(opts.shared, "data", name, "*.flac")):
            base = path[: -len(".flac")]
            wanted = any(fnmatch(os.path.basename(base), g) for g in opts.files)
            if wanted and os.path.exists(base + ".rttm") and duration(path) <= opts.longest:
                found.append((name, base))
    return sorted(found, key=lambda f: -os.path.getsize(f[1] + ".flac"))


def listen(opts, base, latency):
    """Events of a stream of the recording."""
    decode = ["ffmpeg", "-v", "error", "-nostdin", "-i", base + ".flac"]
    decode += ["-f", "f32le", "-ac", "1", "-ar", "16000", "-"]
    with subprocess.Popen(decode, stdout=subprocess.PIPE) as ffmpeg:
        arguments = ["stream", "-q", "--no-config", "-t", "1", "--latency", str(latency)]
        arguments += ["--raw", "f32le:16000:1", "--format", "jsonl", "-"]
        run = program.run(opts.program, arguments, stdin=ffmpeg.stdout, limit_s=3600)
    if run.status != 0:
        sys.exit(f"{base}.flac: exit status {run.status}: {run.error.strip()}")
    return [json.loads(line) for line in run.output.splitlines()]


def annotation(turns):
    """turns: (start, end, speaker)"""
    out = Annotation()
    for i, (start, end, speaker) in enumerate(turns):
        out[Segment(start, end), i] = speaker
    return out


def merged(turns, events):
    into = {e["speaker"]: e["into"] for e in events if e["type"] == "speaker.merged"}

    def last(speaker):
        while speaker in into:
            speaker = into[speaker]
        return speaker

    return [(start, end, last(speaker)) for start, end, speaker in turns]


def score(base, hypothesis):
    reference = next(iter(scoring.read_rttm(base + ".rttm").values()), Annotation())
    uem = scoring.extent(reference, hypothesis)
    if os.path.exists(base + ".uem"):
        uem = next(iter(scoring.read_uem(base + ".uem").values()))
    exact = len(hypothesis.labels()) == len(reference.labels())
    return scoring.score(reference, hypothesis, uem, 0.0), exact


def measure(opts, base, latency):
    """One recording; latency None: offline."""
    if latency is None:
        run = program.run(opts.program, ["diarize", base + ".flac", "-q", "--no-config", "-t", "1"])
        if run.status != 0:
            sys.exit(f"{base}.flac: exit status {run.status}: {run.error.strip()}")
        turns = program.read_turns(run.output)
        return {"base": base, "said": score(base, annotation(turns)), "waits": [], "late": []}
    events = listen(opts, base, latency)
    final = [e for e in events if e["type"] == "turn.final"]
    turns = [(e["start"], e["end"], e["speaker"]) for e in final]
    end = max((e["at"] for e in events), default=0.0)
    return {
        "base": base,
        "said": score(base, annotation(turns)),
        "merged": score(base, annotation(merged(turns, events))),
        "waits": [e["at"] - e["end"] for e in final if e["at"] < end],
        "late": [e for e in final if e["at"] - e["end"] > latency + FRAME_S],
    }


def percentile(values, share):
    values = sorted(values)
    return values[min(len(values) - 1, int(share * len(values)))] if values else 0.0


def pooled(found, key):
    return scoring.percentages(scoring.pool([f[key][0] for f in found]))[0]


def row(latency, of_set, found):
    """Cells of a latency's row: found [set][recording]."""
    cells = ["offline" if latency is None else f"{latency:g} s"]
    for name in of_set:
        ders = [f"{pooled(found[name], 'said'):.2f}"]
        if latency is not None:
            ders.append(f"{pooled(found[name], 'merged'):.2f}")
        exact = sum(f["said"][1] for f in found[name])
        cells += [" / ".join(ders), f"{exact} of {len(found[name])}"]
    waits = [w for name in of_set for f in found[name] for w in f["waits"]]
    if latency is None or not waits:
        return cells + ["-"] * 4
    mean = sum(waits) / len(waits)
    return cells + [f"{w:.2f}" for w in (mean, percentile(waits, 0.5), percentile(waits, 0.95), max(waits))]


def table(rows, of_set):
    head = ["latency"]
    for name in of_set:
        head += [f"{name}: DER %, as said / merged", "counts right"]
    head += ["final after: mean s", "median", "95 %", "most"]
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in lines)


def main():
    opts = options()
    if not os.path.isdir(os.path.join(opts.shared, "data")):
        print("live: skipped; there is no shared folder\n0 passed, 0 failed, 1 skipped")
        return 0
    files = recordings(opts)
    of_set = [name for name in SETS if any(f[0] == name for f in files)]
    rows, wrong, checks, offline = [], [], 0, {}
    for latency in [None, *opts.latencies]:
        with ThreadPoolExecutor(2) as pool:
            measured = list(pool.map(lambda f: measure(opts, f[1], latency), files))
        found = {n: [m for f, m in zip(files, measured) if f[0] == n] for n in of_set}
        rows.append(row(latency, of_set, found))
        print("| " + " | ".join(rows[-1]) + " |", flush=True)
        for m in measured:
            checks += latency is not None
            if m["late"]:
                wrong.append(f"{m['base']}: final only after {latency} s: {m['late'][0]}")
        for name in of_set:
            der = pooled(found[name], "said")
            offline.setdefault(name, der)
            if latency is not None and opts.within is not None:
                checks += 1
                if der > offline[name] + opts.within:
                    wrong.append(f"{name} at {latency} s: {der:.2f} %, offline {offline[name]:.2f} %")
    text = table(rows, of_set)
    print(text)
    if opts.markdown:
        with open(opts.markdown, "w", encoding="utf-8") as file:
            file.write(text + "\n")
    for line in wrong:
        print("FAILED:", line)
    print(f"{checks - len(wrong)} passed, {len(wrong)} failed, 0 skipped")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
