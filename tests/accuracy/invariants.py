#!/usr/bin/env python3
"""invariants.py - what must not change the result: threads, repetition, the way in, the processor.
SPDX-License-Identifier: MIT

Threads 1 and 2, two runs, a file and the same samples on standard input (as a file and as raw
samples): the same bytes. Portable C, AVX2 and AVX-512, or NEON: the same turns, times within one frame.
"""

import argparse
import os
import platform
import re
import subprocess
import sys
import tempfile

import program

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
FRAME_S = 270 / 16000
ROUNDING_S = 0.0011  # start and duration have three decimals each
FILES = [
    "sim/d15_2spk_fastturns",
    "sim/d06_4spk_ov10_noise20",
    "real/ami_trn04",
    "real/pyannote_sample",
    "real/one_jfk",
    "nonspeech/real_music",
]
# instruction set: the processor flag without which it cannot be tested
SETS = {"generic": None, "avx2": "avx2", "avx512": "avx512f"}
if platform.machine() == "aarch64":
    SETS = {"generic": None, "neon": "asimd"}


def options():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--program", default=os.path.join(ROOT, "build", "diarist"))
    parser.add_argument("--shared", default=os.path.join(ROOT, "..", "shared"))
    return parser.parse_args()


def diarize(opts, path, *more, stdin=subprocess.DEVNULL, cpu=None):
    run = program.run(
        opts.program,
        ["diarize", path, "-q", *more],
        stdin=stdin,
        environment={"DIARIST_CPU": cpu} if cpu else None,
    )
    if run.status != 0:
        raise RuntimeError(
            f"{path} {' '.join(more)}: exit status {run.status}: {run.error.strip()}"
        )
    return run.output


def without_id(rttm):
    """What came from standard input cannot know the file's name."""
    return re.sub(r"(?m)^SPEAKER \S+", "SPEAKER", rttm)


def raw_samples(path, file):
    """The samples of a 16-bit 16 kHz mono file, by another decoder."""
    subprocess.run(
        ["ffmpeg", "-v", "error", "-i", path, "-f", "s16le", "-acodec", "pcm_s16le", "-"],
        stdout=file,
        stdin=subprocess.DEVNULL,
        check=True,
    )
    file.seek(0)


def check_bytes(opts, path):
    """Verdicts: (passed, text)."""
    name, one = os.path.basename(path), diarize(opts, path, "-t", "1")
    yield one == diarize(opts, path, "-t", "2"), f"{name}: -t 1 and -t 2 differ"
    yield one == diarize(opts, path, "-t", "1"), f"{name}: two runs differ"
    with open(path, "rb") as file:
        piped = diarize(opts, "-", "-t", "1", stdin=file)
    yield without_id(one) == without_id(piped), f"{name}: file and standard input differ"
    with tempfile.TemporaryFile() as file:
        raw_samples(path, file)
        piped = diarize(opts, "-", "-t", "1", "--raw", "s16le:16000:1", stdin=file)
    yield without_id(one) == without_id(piped), f"{name}: file and raw samples differ"


def difference(turns, others):
    """What differs by more than one frame, or None."""
    if [t[2] for t in turns] != [t[2] for t in others]:
        return f"{len(turns)} and {len(others)} turns, or other speakers"
    worst = max(
        (abs(a - b) for x, y in zip(turns, others) for a, b in zip(x[:2], y[:2])), default=0
    )
    return f"a time differs by {worst:.3f} s" if worst > FRAME_S + ROUNDING_S else None


def check_sets(opts, path, sets):
    turns = {name: program.read_turns(diarize(opts, path, cpu=name)) for name in sets}
    for name in sets[1:]:
        wrong = difference(turns[sets[0]], turns[name])
        yield wrong is None, f"{os.path.basename(path)}: {sets[0]} and {name}: {wrong}"


def processor_flags():
    with open("/proc/cpuinfo", encoding="ascii", errors="replace") as file:
        return {
            flag for line in file if line.startswith(("flags", "Features")) for flag in line.split()
        }


def main():
    opts = options()
    paths, skipped = [os.path.join(ROOT, "examples", "conversation.flac")], 0
    if os.path.isdir(os.path.join(opts.shared, "data")):
        paths += [os.path.join(opts.shared, "data", name + ".flac") for name in FILES]
    else:
        print(f"{len(FILES)} recordings skipped: there is no {opts.shared}/data")
        skipped = len(FILES)
    flags = processor_flags()
    sets = [name for name, flag in SETS.items() if flag is None or flag in flags]
    for name in set(SETS) - set(sets):
        print(f"{name} skipped: this processor does not have it")
        skipped += 1
    verdicts = []
    for path in paths:
        verdicts += [*check_bytes(opts, path), *check_sets(opts, path, sets)]
    return program.closing_line(verdicts, skipped)


if __name__ == "__main__":
    sys.exit(main())
