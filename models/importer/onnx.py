# SPDX-License-Identifier: MIT
"""The initializers of an ONNX file: the weights, without the graph that uses them.

Reads just enough of the protobuf wire format: ModelProto.graph (7) -> GraphProto.initializer (5) ->
TensorProto, with the field numbers of onnx.proto. Unknown fields are skipped, as protobuf demands.
"""

import struct

from . import Failure, tensor

_NOT_ONNX = "neither a PyTorch zip checkpoint, .npz or .npy, nor ONNX"
_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_GRAPH, _INITIALIZER, _SPARSE_INITIALIZER = 7, 5, 15
_DIMS, _TYPE, _SEGMENT, _NAME, _RAW = 1, 2, 3, 8, 9
_EXTERNAL, _LOCATION = 13, 14

# TensorProto.DataType -> type
_DTYPE = {1: "f4", 2: "u1", 3: "i1", 5: "i2", 6: "i4", 7: "i8", 9: "b1", 10: "f2", 11: "f8",
          16: "bf2"}
# type -> (field of its values where there is no raw_data, how they are packed there)
_TYPED = {"f4": (4, "f"), "f8": (10, "d"), "i8": (7, "varint"), "i4": (5, "varint"),
          "i2": (5, "varint"), "i1": (5, "varint"), "u1": (5, "varint"), "b1": (5, "varint"),
          "f2": (5, "varint"), "bf2": (5, "varint")}


def _varint(data, at):
    value = shift = 0
    while True:
        if at >= len(data) or shift > 63:
            raise Failure("a number is cut; the file is damaged")
        byte = data[at]
        at += 1
        value |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            return value & (1 << 64) - 1, at


def _fields(data):
    """(field number, wire type, value) of every field of a message; bytes stay memoryviews."""
    at = 0
    while at < len(data):
        key, at = _varint(data, at)
        number, wire = key >> 3, key & 7
        if wire == _VARINT:
            value, at = _varint(data, at)
        elif wire == _BYTES:
            size, at = _varint(data, at)
            value = data[at:at + size]
            if len(value) != size:
                raise Failure("a field is cut; the file is damaged")
            at += size
        elif wire in (_FIXED32, _FIXED64):
            size = 4 if wire == _FIXED32 else 8
            value = data[at:at + size]
            if len(value) != size:
                raise Failure("a field is cut; the file is damaged")
            at += size
        else:
            raise Failure(_NOT_ONNX)
        if number == 0:
            raise Failure(_NOT_ONNX)
        yield number, wire, value


def _signed(value):
    return value - (1 << 64) if value >> 63 else value


def _integers(wire, value):
    """The numbers of one occurrence of a repeated integer field, packed or not."""
    if wire == _VARINT:
        return [_signed(value)]
    if wire != _BYTES:
        raise Failure("a list of numbers has a wrong type; the file is damaged")
    numbers, at = [], 0
    while at < len(value):
        number, at = _varint(value, at)
        numbers.append(_signed(number))
    return numbers


def _typed_data(dtype, occurrences, what):
    """The bytes of values that stand in float_data, int32_data and so on."""
    _, packing = _TYPED[dtype]
    if packing != "varint":
        return b"".join(bytes(value) for _, value in occurrences)
    numbers = [n for wire, value in occurrences for n in _integers(wire, value)]
    code = {"i8": "q", "i4": "i", "i2": "h", "i1": "b", "u1": "B", "b1": "B", "f2": "H",
            "bf2": "H"}[dtype]
    try:
        return struct.pack("<%d%s" % (len(numbers), code), *numbers)
    except struct.error:
        raise Failure("%s holds a number that its type cannot; the file is damaged" % what)


def _text(value):
    try:
        return bytes(value).decode("utf-8")
    except UnicodeDecodeError:
        raise Failure("a tensor's name is not UTF-8; the file is damaged")


def _tensor(message):
    fields = list(_fields(message))
    name = "".join(_text(value) for number, wire, value in fields
                   if number == _NAME and wire == _BYTES)
    what = "tensor " + name
    for number, _, value in fields:
        if number == _EXTERNAL or (number == _LOCATION and value == 1):
            raise Failure("%s is kept in another file (external data), which is not read; "
                          "save the model as one file" % what)
        if number == _SEGMENT:
            raise Failure("%s is split into segments, which are not read" % what)
    code = [value for number, wire, value in fields if number == _TYPE and wire == _VARINT]
    if not code or code[-1] not in _DTYPE:
        raise Failure("%s is of ONNX type %s, which is not read" % (what, code[-1:] or "none"))
    dtype = _DTYPE[code[-1]]
    shape = [n for number, wire, value in fields if number == _DIMS
             for n in _integers(wire, value)]
    raw = [value for number, wire, value in fields if number == _RAW and wire == _BYTES]
    if raw:
        return name, tensor.make(dtype, shape, raw[-1], what)
    values = [(wire, value) for number, wire, value in fields if number == _TYPED[dtype][0]]
    return name, tensor.make(dtype, shape, _typed_data(dtype, values, what), what)


def read(data, what):
    """{name: Tensor} of the initializers in the bytes of an ONNX file."""
    tensors = {}
    try:
        for number, wire, graph in _fields(memoryview(data)):
            if number != _GRAPH or wire != _BYTES:
                continue
            for field, field_wire, value in _fields(graph):
                if field == _SPARSE_INITIALIZER:
                    raise Failure("it has sparse tensors, which are not read")
                if field != _INITIALIZER or field_wire != _BYTES:
                    continue
                name, value = _tensor(value)
                if name in tensors:
                    raise Failure("it has tensor %s twice; the file is damaged" % name)
                tensors[name] = value
        if not tensors:
            raise Failure("it holds no ONNX initializers")
    except Failure as failure:
        raise Failure("%s: %s" % (what, failure), failure.exit_code)
    return tensors
