# SPDX-License-Identifier: MIT
"""A tensor as it comes out of a file, and its conversion to what a model file holds.

Values are kept as contiguous little-endian bytes in the file's own type. A model file has two types
only: F32 for every floating type, I64 for every integer type.
"""

import array
import math
import struct
import sys
from collections import namedtuple

from . import Failure

MAX_DIMS = 8
MAX_ELEMENTS = 1 << 28

ITEM_SIZE = {"f8": 8, "f4": 4, "f2": 2, "bf2": 2, "i8": 8, "i4": 4, "i2": 2, "i1": 1, "u1": 1,
             "b1": 1}
_ARRAY_CODE = {"f8": "d", "f4": "f", "i8": "q", "i4": "i", "i2": "h", "i1": "b", "u1": "B",
               "b1": "B"}
_WORD = {1: "B", 2: "H", 4: "I", 8: "Q"}

# dtype: a key of ITEM_SIZE. shape: tuple of ints. data: bytes, C order, little-endian.
Tensor = namedtuple("Tensor", "dtype shape data")


def num_elements(shape, what):
    """The product of shape, after checking that it is one that can be meant."""
    if len(shape) > MAX_DIMS:
        raise Failure("%s has %d dimensions; at most %d are read" % (what, len(shape), MAX_DIMS))
    product = 1
    for size in shape:
        if not isinstance(size, int) or isinstance(size, bool) or size < 0:
            raise Failure("%s has a dimension that is not a size: %r" % (what, size))
        product *= size
    if product > MAX_ELEMENTS:
        raise Failure("%s has %d elements; at most %d are read" % (what, product, MAX_ELEMENTS))
    return product


def make(dtype, shape, data, what):
    """A tensor of contiguous bytes whose length is checked."""
    expected = num_elements(shape, what) * ITEM_SIZE[dtype]
    if len(data) != expected:
        raise Failure("%s holds %d bytes where its shape needs %d; the file is damaged"
                      % (what, len(data), expected))
    return Tensor(dtype, tuple(shape), bytes(data))


def contiguous_stride(shape):
    """Strides in elements of a C-ordered tensor."""
    stride, step = [], 1
    for size in reversed(shape):
        stride.append(step)
        step *= max(size, 1)
    return tuple(reversed(stride))


def _gather(view, offset, shape, stride):
    if not shape:
        return view[offset:offset + 1].tobytes()
    size, step = shape[0], stride[0]
    if len(shape) > 1:
        return b"".join(_gather(view, offset + i * step, shape[1:], stride[1:])
                        for i in range(size))
    if step == 0:
        return view[offset:offset + 1].tobytes() * size
    return view[offset:offset + (size - 1) * step + 1:step].tobytes()


def from_strided(dtype, shape, stride, offset, storage, what):
    """A tensor that looks into storage (bytes): offset and stride in elements, as PyTorch's."""
    count = num_elements(shape, what)
    item = ITEM_SIZE[dtype]
    if len(stride) != len(shape):
        raise Failure("%s has %d strides for %d dimensions" % (what, len(stride), len(shape)))
    for step in (offset,) + tuple(stride):
        if not isinstance(step, int) or isinstance(step, bool) or step < 0:
            raise Failure("%s has an offset or stride that is not a count: %r" % (what, step))
    if count == 0:
        return Tensor(dtype, tuple(shape), b"")
    last = offset + sum((size - 1) * step for size, step in zip(shape, stride))
    if last >= len(storage) // item:
        raise Failure("%s reaches element %d of a storage of %d; the file is damaged"
                      % (what, last, len(storage) // item))
    dense = contiguous_stride(shape)
    if all(size == 1 or step == usual for size, step, usual in zip(shape, stride, dense)):
        data = storage[offset * item:(offset + count) * item]
    else:
        words = memoryview(storage)[:len(storage) // item * item].cast(_WORD[item])
        data = _gather(words, offset, tuple(shape), tuple(stride))
    return Tensor(dtype, tuple(shape), bytes(data))


def _native(code, data):
    values = array.array(code)
    values.frombytes(data)
    if sys.byteorder == "big":
        values.byteswap()
    return values


def _little_endian(values):
    if sys.byteorder == "big":
        values = values[:]
        values.byteswap()
    return values.tobytes()


def is_float(tensor):
    return tensor.dtype in ("f8", "f4", "f2", "bf2")


def floats(tensor):
    """The values of a floating tensor as an array of C floats, rounded to nearest."""
    if tensor.dtype == "f2":
        return array.array("f", struct.unpack("<%de" % (len(tensor.data) // 2), tensor.data))
    if tensor.dtype == "bf2":
        halves = struct.unpack("<%dH" % (len(tensor.data) // 2), tensor.data)
        return _native("f", struct.pack("<%dI" % len(halves), *(half << 16 for half in halves)))
    values = _native(_ARRAY_CODE[tensor.dtype], tensor.data)
    return values if tensor.dtype == "f4" else array.array("f", values)


def float_tensor(shape, values, what):
    """A float32 tensor of Python numbers."""
    return make("f4", shape, _little_endian(array.array("f", values)), what)


def stored(tensor, what):
    """(type name, bytes) as a model file holds the tensor."""
    if not is_float(tensor):
        values = _native(_ARRAY_CODE[tensor.dtype], tensor.data)
        return "I64", _little_endian(array.array("q", values))
    values = floats(tensor)
    # A sum of finite floats cannot overflow a double, so it is finite exactly when all of them are.
    if not math.isfinite(sum(values)):
        raise Failure("%s holds an infinity or NaN; the file is damaged" % what)
    return "F32", tensor.data if tensor.dtype == "f4" else _little_endian(values)
