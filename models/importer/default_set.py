# SPDX-License-Identifier: MIT
"""The set "default": pyannote segmentation-3.0 as segmentation.*, CAM++ as embedding.*.

Tensors keep their PyTorch names and become float32. Added is the filter bank of the first layer,
computed from its parameters once instead of at every start:
segmentation.sincnet.conv1d.0.weight [80][251].
"""

import math
import struct

from . import Failure, tensor

MIN_LOW_HZ = 50.0
MIN_BAND_HZ = 50.0
NYQUIST_HZ = 8000.0
_BANK = "sincnet.conv1d.0.filterbank."


def _f32(value):
    """value rounded to single precision."""
    return struct.unpack("<f", struct.pack("<f", value))[0]


def sinc_filters(low_hz, band_hz, window, n):
    """Filters of asteroid_filterbanks' ParamSincFB.filters(), in single precision as in PyTorch.

    Every operation is rounded in the same order as there. That matters: the network was trained and
    is run everywhere with these very filters, and those of exact arithmetic, 1e-6 away, move its
    log-probabilities by up to 0.02 on faint recordings. The sines of the set's parameters lie
    thousands of units in the last place of a double away from where their rounding to single
    precision changes, so the bytes do not depend on whose sin() it is.

    low_hz, band_hz: [F] parameters. window, n: [H] half of the window, and 2 pi times the half time
    axis in seconds (negative values). Returns 2 F filters of 2 H + 1 values: F even ones (cosine),
    then F odd ones (sine)."""
    even, odd = [], []
    for low_parameter, band_parameter in zip(low_hz, band_hz):
        low = _f32(MIN_LOW_HZ + abs(low_parameter))
        high = _f32(_f32(low + MIN_BAND_HZ) + abs(band_parameter))
        high = min(max(high, MIN_LOW_HZ), NYQUIST_HZ)
        band = _f32(high - low)

        def half(difference):
            values = []
            for t, w in zip(n, window):
                value = _f32(_f32(difference(_f32(high * t), _f32(low * t))) / _f32(t / 2.0))
                values.append(_f32(_f32(value * w) / _f32(2.0 * band)))
            return values

        left = half(lambda h, l: _f32(math.sin(h)) - _f32(math.sin(l)))
        even.append(left + [1.0] + left[::-1])
        left = half(lambda h, l: _f32(math.cos(l)) - _f32(math.cos(h)))
        odd.append(left + [0.0] + [-value for value in reversed(left)])
    return even + odd


def _filter_bank(segmentation):
    parts = []
    for name in ("low_hz_", "band_hz_", "window_", "n_"):
        if _BANK + name not in segmentation:
            raise Failure("the segmentation checkpoint lacks %s%s" % (_BANK, name))
        parts.append(list(tensor.floats(segmentation[_BANK + name])))
    if [len(part) for part in parts] != [40, 40, 125, 125]:
        raise Failure("the segmentation checkpoint's filter bank is not one of 80 x 251")
    filters = sinc_filters(*parts)
    return tensor.float_tensor((80, 251), [value for row in filters for value in row],
                               "the filter bank")


def build(segmentation, embedding):
    """{name: Tensor} of the set from its two checkpoints."""
    tensors = {"segmentation." + name: value for name, value in segmentation.items()}
    tensors["segmentation.sincnet.conv1d.0.weight"] = _filter_bank(segmentation)
    for name, value in embedding.items():
        # PyTorch's count of training steps: nothing computes with it.
        if not name.endswith(".num_batches_tracked"):
            tensors["embedding." + name] = value
    for name, value in tensors.items():
        if not tensor.is_float(value):
            raise Failure("tensor %s is not of a floating type" % name)
    return tensors
