#!/usr/bin/env python3
"""columns.py - the columns of CAM++'s trunk, against the network's definition.
SPDX-License-Identifier: MIT

usage: columns.py DUMP_STAGES MODEL RECORDING

Features of a few seconds, as the engine has them -> in numpy, chunk by chunk: CAM++ as in Wang et al.
2023 with sums over taps -> the engine's columns. At the half rate of the preset fast the definition
runs the second and third block on every second column, with half their dilation and segments. The
same columns as a stream has them, piece by piece: convolutions reach back as far as they want, and
masks are made from a mean over the piece, filled up to 54 columns with those before it, and one
over all columns, of which those before the last 54 or more fade.
Exit code 77 without numpy.
"""

import os
import pathlib
import subprocess
import sys
import tempfile

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # other tests run beside this one
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "import"))
from harness import cut, need  # noqa: E402
from model_file import read_model  # noqa: E402

np = need("numpy")

dump_stages, model, recording = sys.argv[1:4]
LENGTH_S, CHUNK, SEGMENT = 4.15, 300, 100
PIECES, NEAR, WEIGHTS = (162, 108, 28, 108), 54, (1.2, 0.8)
BLOCKS = ((12, 1), (24, 2), (16, 2))  # layers, dilation
CASES = (("reference", 1, 1e-4), ("fast", 2, 2e-2))  # mode, rate, largest relative error


TENSORS = {name.removeprefix("embedding."): tensor.astype("<f8")
           for name, tensor in read_model(model)[0].items() if name.startswith("embedding.")}


def relu(x):
    return np.maximum(x, 0)


def norm(name, x):
    """Batch norm; channels first."""
    scale = TENSORS[name + ".weight"] / np.sqrt(TENSORS[name + ".running_var"] + 1e-5)
    shift = TENSORS[name + ".bias"] - TENSORS[name + ".running_mean"] * scale
    shape = (-1,) + (1,) * (x.ndim - 1)
    return x * scale.reshape(shape) + shift.reshape(shape)


def convolution_2d(name, x, stride):
    """x [channels][mels][frames], zeros around, stride over mels."""
    weight = TENSORS[name + ".weight"]
    pad = weight.shape[2] // 2
    frames, mels = x.shape[2], (x.shape[1] - 1) // stride + 1
    x = np.pad(x, ((0, 0), (pad, pad), (pad, pad)))
    taps = [(i, j) for i in range(weight.shape[2]) for j in range(weight.shape[3])]
    return sum(np.tensordot(weight[:, :, i, j], x[:, i: i + stride * mels: stride, j: j + frames], 1)
               for i, j in taps)


def convolution(name, x, stride=1, dilation=1):
    """x [channels][frames], zeros around."""
    weight = TENSORS[name + ".weight"]
    reach = (weight.shape[2] - 1) * dilation
    num = (x.shape[1] - 1) // stride + 1
    x = np.pad(x, ((0, 0), (reach // 2, reach // 2)))
    out = sum(weight[:, :, k] @ x[:, k * dilation:][:, ::stride][:, :num] for k in range(weight.shape[2]))
    return out + TENSORS[name + ".bias"][:, None] if name + ".bias" in TENSORS else out


def head(features):
    x = relu(norm("head.bn1", convolution_2d("head.conv1", features.T[None], 1)))
    for layer in ("1", "2"):
        for block, stride in (("0", 2), ("1", 1)):
            name = f"head.layer{layer}.{block}."
            inner = relu(norm(name + "bn1", convolution_2d(name + "conv1", x, stride)))
            inner = norm(name + "bn2", convolution_2d(name + "conv2", inner, 1))
            if stride == 2:
                x = norm(name + "shortcut.1", convolution_2d(name + "shortcut.0", x, 2))
            x = relu(inner + x)
    return relu(norm("head.bn2", convolution_2d("head.conv2", x, 2))).reshape(-1, x.shape[2])


def mask(name, x, segment):
    means = np.stack([x[:, i: i + segment].mean(1) for i in range(0, x.shape[1], segment)], 1)
    context = relu(convolution(name + "linear1", means + x.mean(1, keepdims=True)))
    gates = 1 / (1 + np.exp(-convolution(name + "linear2", context)))
    return np.repeat(gates, segment, 1)[:, : x.shape[1]]


def tdnn(features):
    x = convolution("xvector.tdnn.linear", head(features), 2)
    return relu(norm("xvector.tdnn.nonlinear.batchnorm", x))


def trunk(features, rate):
    """features [frames][80] -> [columns][512]"""
    num = (len(features) + 1) // 2
    x = tdnn(features)
    for block, (layers, dilation) in enumerate(BLOCKS, 1):
        every = rate if block > 1 else 1
        for layer in range(1, layers + 1):
            name = f"xvector.block{block}.tdnnd{layer}."
            inner = convolution(name + "linear1", relu(norm(name + "nonlinear1.batchnorm", x)))
            inner = relu(norm(name + "nonlinear2.batchnorm", inner))
            local = convolution(name + "cam_layer.linear_local", inner, 1, dilation // every)
            x = np.concatenate([x, local * mask(name + "cam_layer.", inner, SEGMENT // every)])
        name = f"xvector.transit{block}."
        x = convolution(name + "linear", relu(norm(name + "nonlinear.batchnorm", x)))
        x = x[:, ::rate] if block == 1 else x
    x = relu(norm("xvector.out_nonlinear.batchnorm", x))
    return np.repeat(x, rate, 1)[:, :num].T


class Past:
    """Of each layer the 128 channels of all columns, and what each of them counts."""

    def __init__(self):
        self.inner, self.weight = {}, np.zeros(0)

    def mask(self, name, before, new):
        n, counted = new.shape[1], self.weight.sum()
        old, total = before @ self.weight, new.sum(1)
        near = max(n, min(NEAR, counted + n))
        share = (near - n) / counted if counted else 0
        weights = WEIGHTS if counted else (1, 1)
        context = weights[0] * (old + total) / (counted + n) + weights[1] * (share * old + total) / near
        context = relu(convolution(name + "linear1", context[:, None]))
        return 1 / (1 + np.exp(-convolution(name + "linear2", context)))

    def layer(self, name, inner, dilation):
        before = self.inner.get(name, inner[:, :0])
        both = self.inner[name] = np.concatenate([before, inner], 1)
        local = convolution(name + "cam_layer.linear_local", both, 1, dilation)[:, before.shape[1]:]
        return local * self.mask(name + "cam_layer.", before, inner)

    def advance(self, n):
        self.weight = np.concatenate([self.weight * max(0, 1 - n / NEAR), np.ones(n)])


def continued(features):
    """features [frames][80] -> [columns][512], piece by piece"""
    past, end, out = Past(), 0, []
    for piece in PIECES:
        begin, end = end, end + piece
        x = tdnn(features[:end])[:, begin // 2:]
        for block, (layers, dilation) in enumerate(BLOCKS, 1):
            for layer in range(1, layers + 1):
                name = f"xvector.block{block}.tdnnd{layer}."
                inner = convolution(name + "linear1", relu(norm(name + "nonlinear1.batchnorm", x)))
                inner = relu(norm(name + "nonlinear2.batchnorm", inner))
                x = np.concatenate([x, past.layer(name, inner, dilation)])
            name = f"xvector.transit{block}."
            x = convolution(name + "linear", relu(norm(name + "nonlinear.batchnorm", x)))
        past.advance(x.shape[1])
        out.append(relu(norm("xvector.out_nonlinear.batchnorm", x)).T)
    return np.concatenate(out)


def samples():
    with tempfile.TemporaryDirectory() as folder:
        return cut(recording, pathlib.Path(folder) / "x.wav", LENGTH_S)


def check(mode, rate, bound, audio):
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder)
        audio.tofile(path / "samples.f32")
        subprocess.run([dump_stages, model, path / "samples.f32", path, "5", mode], check=True)
        features = np.load(path / "fbank.npy").astype("<f8") - np.load(path / "cmn_mean.npy")
        columns, pieces = (np.load(path / name).astype("<f8") for name in ("trunk.npy", "pieces.npy"))
    chunks = [features[i: i + CHUNK] for i in range(0, len(features), CHUNK)]
    wanted = np.concatenate([trunk(chunk, rate) for chunk in chunks])
    right = close(mode, columns, wanted, bound)
    return close(mode + " in pieces", pieces, continued(features), bound) and right


def close(what, columns, wanted, bound):
    if columns.shape != wanted.shape:
        print(f"{what}: {columns.shape} instead of {wanted.shape}  FAILED")
        return False
    error = np.linalg.norm(columns - wanted) / np.linalg.norm(wanted)
    print(f"{what}: {len(columns)} columns, relative error {error:.1e} (at most {bound:.0e})"
          f"{'' if error <= bound else '  FAILED'}")
    return error <= bound


audio = samples()
sys.exit(0 if all([check(*case, audio) for case in CASES]) else 1)
