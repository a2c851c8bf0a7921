#!/usr/bin/env python3
"""compare.py - measures diarist and its peers and writes results.csv and RESULTS.md.
SPDX-License-Identifier: MIT

Run by bench/peers/run, which sets up what it needs. Four parts, of which --parts chooses:

  recording   one long recording (or --files), CPU time, wall time, peak memory, DER, speakers; and the
              same for a five-second file as a whole process, started anew: the cold start
  sets        DER and speaker counts over the recordings of tests/accuracy, one pass
  networks    segmentation and embedding networks alone (or those of --networks)
  community1  community-1 beside pyannote.audio, with random embedding weights

What is measured replaces the rows of the same part, recording and system in results.csv; RESULTS.md
is made from that. --quick takes short excerpts and writes to build/peers.
"""

import argparse
import pathlib
import tempfile

import community1
import networks
import recordings
import report
import systems

PARTS = ("recording", "sets", "networks", "community1")


def options():
    parser = argparse.ArgumentParser(prog="bench/peers/run", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--files", nargs="+", metavar="FILE", help="recordings for the first part")
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=PARTS, metavar="PART")
    parser.add_argument("--systems", nargs="+", metavar="NAME",
                        help="only those whose names begin so, of all parts but networks")
    parser.add_argument("--networks", nargs="+", choices=networks.KINDS, default=networks.KINDS,
                        metavar="NETWORK", help=f"of the part networks: {', '.join(networks.KINDS)}")
    parser.add_argument("--runs", type=int, help="of which medians are taken (default 3; --quick 1)")
    parser.add_argument("--quick", action="store_true", help="excerpts, to see that all works")
    parser.add_argument("--build", default=recordings.ROOT / "build", type=pathlib.Path)
    parser.add_argument("--out", type=pathlib.Path, help="folder of the two files")
    opts = parser.parse_args()
    opts.runs = opts.runs or (1 if opts.quick else 3)
    opts.out = opts.out or (recordings.ROOT / "build" / "peers" if opts.quick
                            else recordings.ROOT / "bench" / "peers")
    opts.model = recordings.ROOT / ".cache" / "default.safetensors"
    opts.out.mkdir(parents=True, exist_ok=True)
    return opts


def rows_of(subject, found, part):
    for name, values in found.items():
        row = {"part": part, "subject": subject, "system": name, "threads": systems.threads()}
        yield {**row, **values} if isinstance(values, dict) else {**row, "failure": str(values)}


def long_files(opts):
    if opts.files:
        return opts.files
    return [recordings.HOUR if recordings.HOUR.exists() else recordings.CONVERSATION]


def measure_recordings(opts, every, work):
    """Functions that score and give rows; scoring comes after all measuring."""
    for path in long_files(opts):
        file = recordings.prepare(path, work, recordings.EXCERPT_S if opts.quick else None)
        folder = work / "recording" / file.name
        found = systems.measure(every, [file], opts.runs, folder)
        yield lambda file=file, folder=folder, found=found: rows_of(
            f"{file.title} ({file.seconds():.0f} s)", systems.scored(found, [file], folder), "recording")


def measure_cold(opts, every, work):
    folder = work / "cold"
    folder.mkdir()
    file = recordings.prepare(recordings.CONVERSATION, folder, recordings.COLD_S)
    found = systems.measure(every, [file], opts.runs + 2, folder, cold=True)
    return lambda: rows_of(f"{recordings.COLD_S} s", found, "cold")


def measure_sets(opts, every, work):
    for name, paths in recordings.sets(opts.quick).items():
        folder = work / "sets" / name
        folder.mkdir(parents=True)
        files = [recordings.prepare(path, folder) for path in paths]
        found = systems.measure(every, files, 1, folder)
        yield lambda name=name, files=files, folder=folder, found=found: rows_of(
            f"{name} ({len(files)} recordings)", systems.scored(found, files, folder), "sets")


def main():
    opts = options()
    is_wanted = lambda name: not opts.systems or name.startswith(tuple(opts.systems))
    every = {name: system for name, system in systems.all_systems(opts.build / "diarist").items()
             if is_wanted(name)}
    rows, measured = [], []
    with tempfile.TemporaryDirectory() as folder:
        work = pathlib.Path(folder)
        if "recording" in opts.parts:
            measured += measure_recordings(opts, every, work)
            measured.append(measure_cold(opts, every, work))
        if "sets" in opts.parts:
            measured += measure_sets(opts, every, work)
        if "networks" in opts.parts:
            rows += [{"part": "networks", **row} for row in networks.measure(
                opts.networks, opts.build / "bench" / "time_networks", opts.model, systems.threads(),
                opts.runs + 2, opts.quick, work)]
        if "community1" in opts.parts:
            compared = community1.measure(opts.build / "diarist", opts.model, long_files(opts)[0], 1,
                                          opts.quick, work, is_wanted)
            measured.append(lambda: rows_of(*compared(), "community1"))
        for score in measured:
            rows += score()
    print(report.write(opts.out, rows))


if __name__ == "__main__":
    main()
