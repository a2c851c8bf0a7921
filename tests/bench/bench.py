#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""bench.py - CPU time, wall time and peak memory of the program, beside Senko's in the same run.

usage: bench.py [--program P] [--runs N] [--senko PYTHON] [--record] FILE...

Runs alternate, so that a machine that slows down slows both; figures are medians, a ratio compares
only runs of one call. Senko 0.2.2 runs as its documentation says for a CPU (torch device cpu, warm-up
off, 16 kHz WAV); the import of its packages is not counted, of diarist the whole process is. PYTHON is
an interpreter that has senko. --record appends to results.csv beside this file.
"""

import argparse
import csv
import datetime
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
FIELDS = ["date", "commit", "processor", "file", "system", "runs", "cpu_s", "wall_s", "peak_mb",
          "speakers"]

SENKO = """
import resource, sys, time
import senko
diarizer = senko.Diarizer(device="cpu", warmup=False, quiet=True)
def cpu():
    return sum(resource.getrusage(resource.RUSAGE_SELF)[:2])
c, w = cpu(), time.monotonic()
result = diarizer.diarize(sys.argv[1], generate_colors=False)
c, w = cpu() - c, time.monotonic() - w
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
print(c, w, peak, len({s["speaker"] for s in result["merged_segments"]}))
"""


def run_diarist(program, path):
    started = time.monotonic()
    with tempfile.TemporaryFile() as out:
        pid = subprocess.Popen([program, "-q", path], stdout=out)
        _, status, usage = os.wait4(pid.pid, 0)
        wall = time.monotonic() - started
        if status:
            sys.exit("bench.py: %s failed on %s" % (program, path))
        out.seek(0)
        speakers = {line.split()[7] for line in out}
    return usage.ru_utime + usage.ru_stime, wall, usage.ru_maxrss / 1024, len(speakers)


def run_senko(python, path):
    output = subprocess.run([python, "-c", SENKO, path], check=True, capture_output=True, text=True)
    values = output.stdout.split()[-4:]
    return tuple(float(value) for value in values[:3]) + (int(values[3]),)


def as_wav(path, folder):
    """Senko reads 16 kHz mono WAV only."""
    wav = os.path.join(folder, pathlib.Path(path).stem + ".wav")
    subprocess.run(["ffmpeg", "-v", "error", "-y", "-i", path, "-ar", "16000", "-ac", "1", wav],
                   check=True)
    return wav


def processor():
    with open("/proc/cpuinfo") as info:
        names = [line.split(":", 1)[1].strip() for line in info if line.startswith("model name")]
    return "%d x %s" % (len(os.sched_getaffinity(0)), names[0] if names else "unknown")


def medians(results):
    return [statistics.median(column) for column in zip(*results)]


def measure(args, path, folder):
    systems = {"diarist": lambda: run_diarist(args.program, path)}
    if args.senko:
        wav = as_wav(path, folder)
        systems["senko 0.2.2"] = lambda: run_senko(args.senko, wav)
    results = {name: [] for name in systems}
    for _ in range(args.runs):
        for name, run in systems.items():
            results[name].append(run())
    commit = subprocess.run(["git", "-C", ROOT, "rev-parse", "--short", "HEAD"],
                            capture_output=True, text=True).stdout.strip()
    for name in systems:
        cpu, wall, peak, speakers = medians(results[name])
        yield dict(zip(FIELDS, [datetime.date.today().isoformat(), commit, processor(),
                                pathlib.Path(path).name, name, args.runs, "%.2f" % cpu,
                                "%.2f" % wall, "%.0f" % peak, "%.0f" % speakers]))


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--program", default=str(ROOT / "build" / "diarist"))
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--senko", metavar="PYTHON")
    parser.add_argument("--record", action="store_true")
    parser.add_argument("files", nargs="+")
    args = parser.parse_args()
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for path in args.files:
            for row in measure(args, path, folder):
                rows.append(row)
                print("  ".join("%s %s" % (key, row[key]) for key in FIELDS[3:]), flush=True)
    if args.record:
        table = HERE / "results.csv"
        new = not table.exists()
        with open(table, "a", newline="") as out:
            writer = csv.DictWriter(out, FIELDS, lineterminator="\n")
            if new:
                writer.writeheader()
            writer.writerows(rows)


if __name__ == "__main__":
    main()
