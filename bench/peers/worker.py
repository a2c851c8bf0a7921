"""worker.py - what the scripts run by the peers' interpreters have in common. SPDX-License-Identifier: MIT

Whole systems: SCRIPT OUT_DIR WAV...   one RTTM a file in OUT_DIR, one line of JSON a file.
Networks: SCRIPT MODEL.onnx INPUT.f32 OUTPUT.f32 BATCH THREADS SHAPE... with SHAPE that of one item;
then for each line N on standard input: the first N items in batches, one line of JSON with the
seconds of it. The first time the outputs go to OUTPUT.f32. networks.c speaks the same.
"""

import json
import os
import pathlib
import resource
import sys
import time

# Senko asks how many processors the machine has; this process may have fewer.
os.cpu_count = lambda: len(os.sched_getaffinity(0))


def cpu_s():
    return sum(resource.getrusage(resource.RUSAGE_SELF)[:2])


def timed(work):
    """(result of work(), CPU seconds, wall seconds)"""
    cpu, wall = cpu_s(), time.monotonic()
    result = work()
    return result, cpu_s() - cpu, time.monotonic() - wall


def say(**values):
    print("result " + json.dumps(values), flush=True)


def diarize_files(diarize):
    """diarize(path of a WAV) -> [(start, end, speaker)]"""
    out = pathlib.Path(sys.argv[1])
    for wav in sys.argv[2:]:
        turns, cpu, wall = timed(lambda path=wav: diarize(path))
        name = pathlib.Path(wav).stem
        with open(out / f"{name}.rttm", "w", encoding="utf-8") as file:
            for start, end, speaker in turns:
                file.write(f"SPEAKER {name} 1 {start:.3f} {end - start:.3f} <NA> <NA> {speaker} <NA> <NA>\n")
        say(name=name, cpu_s=cpu, wall_s=wall)


def time_network(load):
    """load(model path, batch, threads, item shape) -> (function of [n][...] inputs -> [[batch][...]],
    the precision it computes in)"""
    import numpy

    model, source, destination, batch, threads, *shape = sys.argv[1:]
    batch, shape = int(batch), [int(n) for n in shape]
    inputs = numpy.fromfile(source, "<f4").reshape(-1, *shape)
    run, precision = load(model, batch, int(threads), shape)
    first = True
    for line in sys.stdin:
        items = inputs[:int(line)]
        outputs, cpu, wall = timed(lambda: run(items))
        if first:
            numpy.concatenate(outputs).astype("<f4").tofile(destination)
            first = False
        say(cpu_s=cpu, wall_s=wall, precision=precision)
