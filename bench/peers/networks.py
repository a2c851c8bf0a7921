"""networks.py - the networks alone: diarist's against ONNX Runtime and OpenVINO on one input.
SPDX-License-Identifier: MIT

Every worker (diarist's precisions, each peer with each batch size) stays alive and they take turns,
so a ratio compares neighbours in time; the median of the ratios is what counts.
"""

import array
import functools
import pathlib
import statistics
from collections import namedtuple

import environments
import processes
from environments import Unavailable

# kind: what time_networks calls it; shape: of one input; frames: of features in it; items: inputs;
# ours: what diarist's output is compared with
Network = namedtuple("Network", "title kind file shape frames items ours")
NETWORKS = [
    Network("segmentation-3.0, 10 s", "segmentation", "segmentation", (1, 160000), 0, 64,
            "segmentation.output"),
    Network("CAM++ trunk, 3 s", "trunk", "trunk300", (300, 80), 300, 64, "trunk300.columns"),
    Network("CAM++ trunk, 1.5 s", "trunk", "trunk150", (150, 80), 150, 64, "trunk150.columns"),
    Network("ResNet34 with random weights, 10 s", "resnet34", "resnet34", (998, 80), 998, 12,
            "resnet34.output"),
]
KINDS = tuple(dict.fromkeys(network.kind for network in NETWORKS))
OURS = ("default", "float32")  # precisions of diarist, each of which others are compared with
PEERS = {"onnxruntime": ["f32"], "openvino": ["f32", "default"]}
BATCHES, QUICK_BATCHES = (1, 8, 32), (1, 8)
QUICK_SHARE = 2  # one of so many items
OUR_BATCH = 6  # of segmentation
COMPARED = 6  # inputs whose outputs are compared with PyTorch's


def our_command(program, model, network, precision, threads, output):
    folder = environments.networks()
    if network.kind == "resnet34":
        model = folder / f"{network.file}.safetensors"
    return [program, network.kind, model, folder / f"{network.file}.input.f32", output, threads,
            network.frames, *([precision] if precision == "float32" else [])]


def peer_command(name, precision, network, batch, threads, output):
    folder = environments.networks()
    precisions = [precision] if len(PEERS[name]) > 1 else []
    return [environments.python(name), environments.HERE / f"{name}_network.py", *precisions,
            folder / f"{network.file}.onnx", folder / f"{network.file}.input.f32", output, batch, threads,
            *network.shape]


def read_floats(path, count):
    values = array.array("f")
    with open(path, "rb") as file:
        values.frombytes(file.read(4 * count))
    return values


def difference(output, expected, items):
    """The largest difference to PyTorch's output over the first inputs."""
    count = COMPARED * (pathlib.Path(expected).stat().st_size // 4 // items)
    return max(abs(a - b) for a, b in zip(read_floats(output, count), read_floats(expected, count)))


class Subject:
    """One row of the table."""

    def __init__(self, name, precision, batch, items, network, reference, command):
        self.name, self.precision, self.batch, self.items = name, precision, batch, items
        self.network, self.reference, self.command = network, reference, command
        self.worker, self.output, self.failure = None, None, None
        self.ms, self.cpu_ms = [], []

    def start(self, output):
        self.output = output
        try:
            self.worker = processes.Worker(self.command(output))
            self.ask()  # the first time memory is touched and plans are made
        except Unavailable as failure:
            self.failure = str(failure)

    def ask(self):
        answer = self.worker.ask(self.items)
        self.precision = answer.get("precision", self.precision)
        return answer

    def measure(self):
        try:
            answer = self.ask()
        except Unavailable as failure:
            self.failure = str(failure)
            return
        self.ms.append(1000 * answer["wall_s"] / self.items)
        self.cpu_ms.append(1000 * answer["cpu_s"] / self.items)

    def row(self, ours):
        row = {"system": self.name, "precision": self.precision, "batch": self.batch}
        if self.failure:
            return {**row, "failure": self.failure}
        row.update(runs=len(self.ms), ms=statistics.median(self.ms), cpu_ms=statistics.median(self.cpu_ms),
                   difference=difference(self.output, self.reference, self.network.items))
        for subject in ours:
            if not subject.failure:
                ratios = [a / b for a, b in zip(self.ms, subject.ms)]
                row[f"ratio_{subject.precision}"] = statistics.median(ratios)
        return row


def subjects(program, model, network, threads, quick):
    folder = environments.networks()
    items = network.items // (QUICK_SHARE if quick else 1)
    our_batch = 1 if network.frames else OUR_BATCH
    our_items = items // (our_batch * threads) * our_batch * threads  # no thread waits for another
    found = []
    for precision in OURS:
        found.append(Subject(
            "diarist", precision, our_batch, our_items, network, folder / f"{network.ours}.f32",
            functools.partial(our_command, program, model, network, precision, threads)))
    for batch in (size for size in (QUICK_BATCHES if quick else BATCHES) if size <= items):
        for name, precisions in PEERS.items():
            for precision in precisions:
                found.append(Subject(
                    environments.version(name), precision, batch, items, network,
                    folder / f"{network.file}.output.f32",
                    functools.partial(peer_command, name, precision, network, batch, threads)))
    return found


def measure(kinds, program, model, threads, runs, quick, work):
    """Rows of the table, of networks of these kinds."""
    wanted = [network for network in NETWORKS if network.kind in kinds]
    try:
        environments.networks()
    except Unavailable as failure:
        return [{"subject": network.title, "system": "all", "failure": str(failure)} for network in wanted]
    rows = []
    for network in wanted:
        for count in sorted({1, threads}):
            print(f"{network.title}, threads: {count}", flush=True)
            running = subjects(program, model, network, count, quick)
            for i, subject in enumerate(running):
                subject.start(work / f"output{i}.f32")
            for _ in range(runs):
                for subject in running:
                    if not subject.failure:
                        subject.measure()
            for subject in running:
                if subject.worker:
                    subject.worker.close()
                row = {"subject": network.title, "threads": count, **subject.row(running[:len(OURS)])}
                print("  " + ", ".join(f"{k} {v:.4g}" if isinstance(v, float) else f"{k} {v}"
                                       for k, v in row.items()), flush=True)
                rows.append(row)
    return rows
