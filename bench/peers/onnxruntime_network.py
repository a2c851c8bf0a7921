#!/usr/bin/env python3
"""onnxruntime_network.py - times a network in ONNX Runtime. SPDX-License-Identifier: MIT

usage: onnxruntime_network.py MODEL.onnx INPUT.f32 OUTPUT.f32 BATCH THREADS SHAPE...   (worker.py)

Each thread runs batches of its own: on these networks that is faster than several threads inside one
batch, which wait for one another.
"""

from concurrent.futures import ThreadPoolExecutor

import worker


def load(model, batch, threads, _):
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
    session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    pool = ThreadPoolExecutor(threads)

    def run(items):
        batches = [items[i:i + batch] for i in range(0, len(items), batch)]
        return list(pool.map(lambda x: session.run(None, {"x": x})[0], batches))

    return run, "f32"


if __name__ == "__main__":
    worker.time_network(load)
