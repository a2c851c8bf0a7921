# SPDX-License-Identifier: MIT
"""NumPy's .npy and .npz, after numpy/lib/format.py; arrays of Python objects are refused."""

import ast
import struct
import sys
import zipfile

from . import Failure, tensor

MAX_ARRAY_BYTES = 4 << 30
_MAGIC = b"\x93NUMPY"
_DTYPE = {"f8": "f8", "f4": "f4", "f2": "f2", "i8": "i8", "i4": "i4", "i2": "i2", "i1": "i1",
          "u1": "u1", "b1": "b1"}


def _header(data, what):
    """(dictionary, offset of the values)"""
    if len(data) < 10 or data[:6] != _MAGIC:
        raise Failure("%s is not a NumPy array" % what)
    size_format, size_bytes = ("<H", 2) if data[6] == 1 else ("<I", 4)
    begin = 8 + size_bytes
    if len(data) < begin:
        raise Failure("%s is cut" % what)
    (size,) = struct.unpack(size_format, data[8:begin])
    if data[6] not in (1, 2, 3) or size > 65536 or begin + size > len(data):
        raise Failure("%s has a broken NumPy header" % what)
    try:
        header = ast.literal_eval(data[begin:begin + size].decode("latin-1").strip())
        descr, fortran, shape = header["descr"], header["fortran_order"], header["shape"]
    except Exception:
        raise Failure("%s has a broken NumPy header" % what)
    if not isinstance(descr, str) or not isinstance(shape, tuple):
        raise Failure("%s is a structured array, which is not read" % what)
    return descr, bool(fortran), shape, begin + size


def _swapped(data, item):
    swapped = bytearray(len(data))
    for i in range(item):
        swapped[i::item] = data[item - 1 - i::item]
    return bytes(swapped)


def array(data, what):
    """The Tensor in the bytes of a .npy file."""
    descr, fortran, shape, begin = _header(data, what)
    dtype = _DTYPE.get(descr[1:])
    if descr[:1] not in "<>|=" or dtype is None:
        raise Failure("%s is of NumPy type %r, which is not read" % (what, descr))
    item = tensor.ITEM_SIZE[dtype]
    values = data[begin:begin + tensor.num_elements(shape, what) * item]
    if descr[0] == ">" or (descr[0] == "=" and sys.byteorder == "big"):
        values = _swapped(values, item)
    if not fortran:
        return tensor.make(dtype, shape, values, what)
    stride = tuple(reversed(tensor.contiguous_stride(tuple(reversed(shape)))))
    return tensor.from_strided(dtype, shape, stride, 0, values, what)


def read_npz(file, what):
    """{name: Tensor} of a .npz in a seekable binary file."""
    tensors = {}
    try:
        with zipfile.ZipFile(file) as archive:
            for info in archive.infolist():
                if not info.filename.endswith(".npy"):
                    raise Failure("%s: entry %s is not an array" % (what, info.filename))
                if info.file_size > MAX_ARRAY_BYTES:
                    raise Failure("%s: entry %s is too large" % (what, info.filename))
                name = info.filename[:-len(".npy")]
                tensors[name] = array(archive.read(info), "%s: array %s" % (what, name))
    except Failure:
        raise
    except Exception as error:  # whatever a damaged zip makes zipfile raise
        raise Failure("%s: not a whole .npz (%s); fetch it again" % (what, error))
    return tensors
