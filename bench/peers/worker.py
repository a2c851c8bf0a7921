"""worker.py - what the scripts that time a network have in common. SPDX-License-Identifier: MIT

SCRIPT MODEL.onnx INPUT.f32 OUTPUT.f32 BATCH THREADS SHAPE... with SHAPE that of one item; then for
each line N on standard input: the first N items in batches, one line of JSON with the seconds of it.
The first time the outputs go to OUTPUT.f32. networks.c speaks the same.
"""

import json
import pathlib
import sys

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / "systems"))
from turns import timed


def say(**values):
    print("result " + json.dumps(values), flush=True)


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
