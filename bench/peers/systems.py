"""systems.py - whole systems, from a file to turns: diarist's presets, Senko, sherpa-onnx.
SPDX-License-Identifier: MIT

A system is a function (recordings, folder, cold) -> ({name: (CPU seconds, wall seconds)}, peak MB)
that leaves folder/NAME.rttm. Of diarist whole processes count, decoding included; of the peers what
is between the decoded file and the turns, unless cold: then whole processes too.
"""

import os
import statistics

import environments
import processes
import recordings
from environments import Unavailable

PRESETS = ("fast", "balanced", "accurate")


def threads():
    return len(os.sched_getaffinity(0))


def diarist(program, preset, *chosen):
    """chosen: further options."""

    def diarize(files, folder, cold):
        took, peak = {}, 0.0
        for file in files:
            limit = ["--duration", file.limit_s] if file.limit_s else []
            run = processes.run([program, "diarize", "-q", "-t", threads(), "--preset", preset, *chosen,
                                 *limit, file.wav if cold else file.path])
            (folder / f"{file.name}.rttm").write_text(run.output)
            took[file.name] = run.cpu_s, run.wall_s
            peak = max(peak, run.peak_mb)
        return took, peak

    return diarize


def peer(name, script, start):
    """start(cold) -> {"params", "networks"}: what the script of bench/systems is told first."""

    def diarize(files, folder, cold):
        requests = [{"threads": threads(), "params": {}, "networks": None, **start(cold)}]
        requests += [{"file_id": file.name, "audio": str(file.wav),
                      "out": str(folder / f"{file.name}.rttm")} for file in files]
        command = [environments.python(name), "-B", environments.SYSTEMS / script]
        run = processes.run(command, requests)
        _, *answers = processes.answers(run.output)
        if cold:
            return {files[0].name: (run.cpu_s, run.wall_s)}, run.peak_mb
        return {a["file_id"]: (a["cpu_s"], a["wall_s"]) for a in answers}, run.peak_mb

    return diarize


def senko():
    return peer("senko", "senko_turns.py", lambda cold: {"params": {"warm": not cold}})


def sherpa():
    return peer("sherpa-onnx", "sherpa_turns.py", lambda _: {"networks": str(environments.networks())})


def all_systems(program):
    """{name: system} in the order of the table."""
    found = {f"diarist {preset}": diarist(program, preset) for preset in PRESETS}
    found[environments.version("senko")] = senko()
    found[environments.version("sherpa-onnx")] = sherpa()
    return found


def interleave(systems, runs, one_run):
    """{name: [what one_run(system, folder name) returned]} or {name: Unavailable}; runs alternate, so
    that a machine that slows down slows all."""
    found = {name: [] for name in systems}
    for i in range(runs):
        for name, system in systems.items():
            if isinstance(found[name], Unavailable):
                continue
            print(f"run {i + 1} of {runs}: {name}", flush=True)
            try:
                found[name].append(one_run(system, name))
            except Unavailable as failure:
                found[name] = failure
                print(f"  {failure}", flush=True)
    return found


def folder_of(work, name):
    folder = work / name.replace(" ", "_")
    folder.mkdir(exist_ok=True, parents=True)
    return folder


def measure(systems, files, runs, work, cold=False):
    """{system: {"cpu_s", "wall_s", "peak_mb"}: medians of the sums over the files, or Unavailable}"""
    def one_run(system, name):
        took, peak = system(files, folder_of(work, name), cold)
        return *(sum(column) for column in zip(*took.values())), peak

    found = {}
    for name, results in interleave(systems, runs, one_run).items():
        found[name] = results
        if not isinstance(results, Unavailable):
            medians = [statistics.median(column) for column in zip(*results)]
            found[name] = dict(zip(("cpu_s", "wall_s", "peak_mb"), medians), runs=runs)
    return found


def scored(found, files, work):
    """Adds DER and speakers to what measure() found. Imports the scorer: to be called last."""
    for name, values in found.items():
        if isinstance(values, Unavailable):
            continue
        scores = [recordings.score(file, folder_of(work, name) / f"{file.name}.rttm") for file in files]
        scores = [score for score in scores if score]
        if scores:
            values["der"] = recordings.pooled_der([score for score, _, _ in scores])
            values["speakers"] = scores[0][1] if len(files) == 1 else sum(n == m for _, n, m in scores)
            values["true_speakers"] = scores[0][2] if len(files) == 1 else len(scores)
    return found
