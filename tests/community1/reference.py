"""reference.py - the voices of a chunk by their definitions, in numpy: what voices.py compares with.
SPDX-License-Identifier: MIT

Kaldi's filter bank as torchaudio computes it for WeSpeaker, ResNet34 as in Wang et al. 2023, pooling
and masks as pyannote.audio 4 has them. A convolution is a product of its weights with what lies under
each of their places."""

import numpy as np

RATE, CHUNK, FRAMES = 16000, 160000, 589


def energies(samples):
    """[num_frames][80] in double; samples from -1 to 1."""
    x = samples.astype("<f8") * 32768
    num = 1 + (len(x) - 400) // 160
    frames = x[np.arange(num)[:, None] * 160 + np.arange(400)]
    frames = frames - frames.mean(1, keepdims=True)
    frames = frames - 0.97 * np.concatenate([frames[:, :1], frames[:, :-1]], 1)
    frames *= 0.54 - 0.46 * np.cos(2 * np.pi * np.arange(400) / 399)
    power = np.abs(np.fft.rfft(frames, 512)) ** 2
    mel = lambda hz: 1127 * np.log(1 + hz / 700)
    low, high = mel(20.0), mel(8000.0)
    width = (high - low) / 81
    at = (mel(np.arange(257) * RATE / 512)[None, :] - low) / width - np.arange(80)[:, None]
    weights = np.maximum(0, np.minimum(at, 2 - at))
    weights[:, 256] = 0
    return np.log(np.maximum(power @ weights.T, 1.1920929e-7))


def convolution(x, weight, stride):
    """x [inputs][mels][frames], weight [outputs][inputs][k][k], zeros around. Line by line of mels."""
    kernel = weight.shape[2]
    pad = kernel // 2
    x = np.pad(x, ((0, 0), (pad, pad), (pad, pad)))
    under = np.lib.stride_tricks.sliding_window_view(x, (kernel, kernel), (1, 2))[:, ::stride, ::stride]
    inputs, mels, frames = under.shape[:3]
    flat = weight.reshape(len(weight), -1)
    lines = np.empty((inputs, kernel, kernel, frames), x.dtype)
    out = np.empty((len(weight), mels, frames), x.dtype)
    for m in range(mels):
        lines[:] = np.moveaxis(under[:, m], 1, 3)
        out[:, m] = flat @ lines.reshape(-1, frames)
    return out


def norm(tensors, name, x):
    scale = tensors[name + ".weight"] / np.sqrt(tensors[name + ".running_var"] + 1e-5)
    x *= scale[:, None, None]
    x += (tensors[name + ".bias"] - tensors[name + ".running_mean"] * scale)[:, None, None]
    return x


def trunk(tensors, features):
    """features [frames][80] -> [2560][frames / 8], channel-major."""
    relu = lambda x: np.maximum(x, 0)
    x = relu(norm(tensors, "bn1", convolution(features.T[None], tensors["conv1.weight"], 1)))
    for layer, blocks in enumerate((3, 4, 6, 3), 1):
        for block in range(blocks):
            name = "layer%d.%d." % (layer, block)
            stride = 2 if layer > 1 and block == 0 else 1
            inner = relu(norm(tensors, name + "bn1",
                              convolution(x, tensors[name + "conv1.weight"], stride)))
            inner = norm(tensors, name + "bn2",
                         convolution(inner, tensors[name + "conv2.weight"], 1))
            if name + "shortcut.0.weight" in tensors:
                x = norm(tensors, name + "shortcut.1",
                         convolution(x, tensors[name + "shortcut.0.weight"], stride))
            x = relu(inner + x)
    return x.reshape(-1, x.shape[2])


def running_mean(features, length):
    """The mean of the `length` frames around each frame, as many at the ends too: [frames][80]."""
    num = len(features)
    length = min(length, num)
    begins = np.clip(np.arange(num) - length // 2, 0, num - length)
    return np.stack([features[b: b + length].mean(0) for b in begins])


def mask_of(active, speaker, exclude_overlap=True):
    """Frames of the speaker alone, or all of its frames when these are not more than 2."""
    on = active >> speaker & 1
    if not exclude_overlap:
        return on
    clean = on * ((active & (active - 1)) == 0)
    return clean if clean.sum() > np.ceil(FRAMES * 400 / CHUNK) else on


def pool(tensors, columns, w):
    """Weighted mean and deviation, then the last layer."""
    total = w.sum() + 1e-8
    mean = (columns * w).sum(1) / total
    squares = ((columns - mean[:, None]) ** 2 * w).sum(1)
    deviation = np.sqrt(squares / (total - (w * w).sum() / total + 1e-8))
    return tensors["seg_1.weight"] @ np.concatenate([mean, deviation]) + tensors["seg_1.bias"]


def weights(mask, num, first=0.0):
    """Of num columns, 80 ms apart, under a mask of 10 s that begins `first` columns before them."""
    return mask[np.floor((np.arange(num) + first) * (len(mask) / 125)).astype(int)].astype("<f8")


def voices(tensors, samples, active):
    """[3][256] of a chunk; samples [160000], active [589] bits. The network in single precision: it
    would take most of the test's time."""
    features = energies(samples)
    columns = trunk(tensors, (features - features.mean(0)).astype("<f4")).astype("<f8")
    return np.stack([pool(tensors, columns, weights(mask_of(active, q), 125)) for q in range(3)])


def pass_columns(tensors, samples):
    """[2560][frames / 8] of one run of the network over a recording."""
    features = energies(samples)
    return trunk(tensors, (features - running_mean(features, 1000)).astype("<f4")).astype("<f8")


def pass_voices(tensors, columns, start, active, exclude_overlap=True):
    """[3][256] of the chunk that begins at sample `start`, from the recording's columns."""
    begin = -(-start // 1280)
    under = columns[:, begin: begin + 125]
    first, num = begin - start / 1280, under.shape[1]
    return np.stack([pool(tensors, under, weights(mask_of(active, q, exclude_overlap), num, first))
                     for q in range(3)])


def region_voice(tensors, columns, count, regions):
    """[256], seconds: of the columns with their middles in regions [(start, end)] in seconds at which
    exactly one talks. count: of each frame, whose middle is at sample 270 f + 495.5."""
    middle = np.arange(columns.shape[1]) * 1280 + 200
    frames = np.arange(len(count)) * 270 + 495.5
    nearest = np.abs(middle[:, None] - frames[None, :]).argmin(1)
    w = np.array([sum(s <= m / RATE < e for s, e in regions) for m in middle]) * (count[nearest] == 1)
    return pool(tensors, columns, w.astype("<f8")), w.sum() * 0.08
