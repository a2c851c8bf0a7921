#!/usr/bin/env python3
"""openvino_network.py - times a network in OpenVINO. SPDX-License-Identifier: MIT

usage: openvino_network.py PRECISION MODEL.onnx INPUT.f32 OUTPUT.f32 BATCH THREADS SHAPE...

PRECISION: f32, or default, which OpenVINO chooses for the processor. (worker.py says the rest)
"""

import functools
import sys

import worker


def load(precision, model, batch, threads, shape):
    import openvino

    core = openvino.Core()
    network = core.read_model(model)
    network.reshape([batch, *shape])
    config = {"INFERENCE_NUM_THREADS": threads, "NUM_STREAMS": threads,
              "PERFORMANCE_HINT": "THROUGHPUT"}
    if precision != "default":
        config["INFERENCE_PRECISION_HINT"] = precision
    compiled = core.compile_model(network, "CPU", config)
    queue = openvino.AsyncInferQueue(compiled, threads)
    outputs = {}
    # The request's tensor is used again, so its content is copied.
    queue.set_callback(lambda request, i: outputs.__setitem__(i, request.get_output_tensor(0).data.copy()))

    def run(items):
        outputs.clear()
        for i in range(0, len(items), batch):
            queue.start_async({0: items[i:i + batch]}, i)
        queue.wait_all()
        return [outputs[i] for i in sorted(outputs)]

    chosen = compiled.get_property("INFERENCE_PRECISION_HINT").get_type_name()
    return run, chosen if precision == chosen else f"{precision}: {chosen}"


if __name__ == "__main__":
    worker.time_network(functools.partial(load, sys.argv.pop(1)))
