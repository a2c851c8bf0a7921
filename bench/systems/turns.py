"""turns.py - what the scripts that run other systems have in common. SPDX-License-Identifier: MIT

Each line on standard input is JSON and is answered by a line of JSON on standard output, where
nothing else comes: what packages print goes to standard error. The first line, once:
  {"threads": N, "params": {...}, "networks": FOLDER or null} -> {"python": ..., "packages": {...}}
then for each recording (WAV, 16 kHz, one channel, 16 bits):
  {"file_id": ID, "audio": WAV, "out": RTTM} -> {"file_id", "wall_s", "cpu_s", "peak_rss_mb"}
or {"error": one line}. Times are those of the work alone, without imports and loading of models;
peak_rss_mb is that of the whole process while it was on this recording.
"""

import importlib.metadata
import json
import os
import pathlib
import platform
import re
import resource
import sys
import time
import traceback

# Some ask how many processors the machine has; this process may have fewer.
os.cpu_count = lambda: len(os.sched_getaffinity(0))


class Unavailable(Exception):
    """Why a system cannot run here, in one line."""


def cpu_s():
    return sum(sum(resource.getrusage(who)[:2])
               for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))


def timed(work):
    """(result of work(), CPU seconds, wall seconds)"""
    cpu, wall = cpu_s(), time.monotonic()
    result = work()
    return result, cpu_s() - cpu, time.monotonic() - wall


def forget_peak():
    """Where the kernel does not allow it, the peak is that since the process's start."""
    try:
        pathlib.Path("/proc/self/clear_refs").write_text("5")
    except OSError:
        pass


def peak_rss_mb():
    for line in pathlib.Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def packages():
    """{name: version} of what the environment was made for (requirements.txt in its folder)."""
    wanted = pathlib.Path(sys.prefix) / "requirements.txt"
    lines = wanted.read_text().splitlines() if wanted.exists() else []
    names = [found[0] for found in (re.match(r"[A-Za-z0-9._-]+(?===)", line) for line in lines)
             if found]
    return {name: importlib.metadata.version(name) for name in names}


def one_line(failure):
    text = str(failure).strip() or type(failure).__name__
    kind = "" if isinstance(failure, Unavailable) else f"{type(failure).__name__}: "
    return (kind + " ".join(text.split()))[:200]


def write_rttm(path, name, turns):
    with open(path, "w", encoding="utf-8") as file:
        for start, end, speaker in turns:
            file.write(f"SPEAKER {name} 1 {start:.3f} {end - start:.3f} <NA> <NA> {speaker} <NA> <NA>\n")


def serve(load):
    """load(first line's object) -> function: path of a WAV -> [(start, end, speaker)]"""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)

    def answer(work):
        try:
            values = work()
        except Exception as failure:  # whatever a package raises is the recording's, not the run's
            traceback.print_exc()
            values = {"error": one_line(failure)}
        answers.write(json.dumps(values) + "\n")
        answers.flush()
        return "error" not in values

    loaded = []

    def begin(request):
        loaded.append(load(request))
        return {"python": platform.python_version(), "packages": packages()}

    def diarize(request):
        forget_peak()
        turns, cpu, wall = timed(lambda: loaded[0](request["audio"]))
        write_rttm(request["out"], request["file_id"], turns)
        return {"file_id": request["file_id"], "wall_s": wall, "cpu_s": cpu,
                "peak_rss_mb": peak_rss_mb()}

    for line in sys.stdin:
        request = json.loads(line)
        if loaded:
            answer(lambda: diarize(request))
        elif not answer(lambda: begin(request)):
            sys.exit(1)
