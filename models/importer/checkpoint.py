# SPDX-License-Identifier: MIT
"""PyTorch zip checkpoints (torch.save since 1.6), read without PyTorch and without executing them.

A checkpoint is a zip with NAME/data.pkl, a pickle, and NAME/data/KEY, the bytes of each storage. A
pickle is a program that may name and call anything, so here it may name only what rebuilds tensors.

The rule for a name (a "global") in the pickle:
  1. Names in _REAL are given their meaning: tensors, parameters, storages, OrderedDict.
  2. Names of modules in _REFUSED, which exist to run code or to reach the system, and functions of
     builtins stop the import: no honest checkpoint needs them.
  3. Every other name (a trainer's settings, a task's description) becomes a Placeholder class that
     can be made, called and filled, and does nothing.
Safety does not rest on the second step: no module is ever imported for a pickle, so a name that is
on no list is a placeholder too.
"""

import collections
import io
import pickle
import pickletools
import zipfile

from . import Failure, tensor

MAX_PICKLE_BYTES = 64 << 20
MAX_STORAGE_BYTES = 4 << 30

_STORAGE_DTYPE = {
    "DoubleStorage": "f8", "FloatStorage": "f4", "HalfStorage": "f2", "BFloat16Storage": "bf2",
    "LongStorage": "i8", "IntStorage": "i4", "ShortStorage": "i2", "CharStorage": "i1",
    "ByteStorage": "u1", "BoolStorage": "b1",
}
_REFUSED = frozenset("""
    os posix nt ntpath posixpath subprocess sys importlib imp runpy shutil socket ssl ctypes _ctypes
    code codeop pickle _pickle cPickle marshal types operator _operator functools _functools
    pty commands popen2 platform webbrowser http urllib urllib2 httplib requests ftplib smtplib
    telnetlib xmlrpc socketserver asyncio signal threading _thread thread multiprocessing concurrent
    tempfile pdb bdb timeit trace profile cProfile doctest inspect gc atexit site sysconfig venv
    ensurepip pip setuptools distutils zipimport zipapp pkgutil pydoc io _io shelve dbm sqlite3
    dill cloudpickle joblib fileinput glob mmap fcntl resource pwd grp crypt
    """.split())
_HARMLESS_BUILTINS = frozenset("""
    bool int float complex str bytes bytearray list tuple dict set frozenset slice range object
    """.split())


class _PlaceholderType(type):
    def __setattr__(cls, name, value):
        raise pickle.UnpicklingError("the pickle changes a class")


class Placeholder(metaclass=_PlaceholderType):
    """An object of any class that is not a tensor's. Accepts everything, keeps nothing."""

    __slots__ = ()

    def __new__(cls, *args, **kwargs):
        return object.__new__(cls)

    def __init__(self, *args, **kwargs):
        pass

    def __call__(self, *args, **kwargs):
        return Placeholder()

    def __setstate__(self, state):
        pass

    def __setitem__(self, key, value):
        pass

    def append(self, value):
        pass

    add = extend = append


# Tuples, because a pickle may set the attributes of any object that it can name or make.
_StorageType = collections.namedtuple("_StorageType", "dtype")
_Storage = collections.namedtuple("_Storage", "dtype data key")


class _RebuildTensor:
    __slots__ = ()

    def __call__(self, storage, offset, size, stride, *_):
        if not isinstance(storage, _Storage):
            raise Failure("a tensor without a storage; the checkpoint is damaged")
        if not isinstance(size, tuple) or not isinstance(stride, tuple):
            raise Failure("a tensor without a shape; the checkpoint is damaged")
        return tensor.from_strided(storage.dtype, size, stride, offset, storage.data,
                                   "a tensor in storage %s" % storage.key)


class _RebuildParameter:
    __slots__ = ()

    def __call__(self, data, *_):
        return data


_REAL = {
    ("collections", "OrderedDict"): collections.OrderedDict,
    ("torch._utils", "_rebuild_tensor_v2"): _RebuildTensor(),
    ("torch._utils", "_rebuild_parameter"): _RebuildParameter(),
    ("torch._utils", "_rebuild_parameter_with_state"): _RebuildParameter(),
}
for _name, _dtype in _STORAGE_DTYPE.items():
    _REAL["torch", _name] = _StorageType(_dtype)
    _REAL["torch.storage", _name] = _REAL["torch", _name]


def _check_pickle(data):
    """Refuses a program that is not well formed, before anything of it is carried out."""
    try:
        for opcode, argument, _ in pickletools.genops(data):
            # The memo is an array in memory: a huge index would reserve gigabytes.
            if "PUT" in opcode.name and int(argument) > len(data):
                raise Failure("its pickle asks for a memo of %d entries" % argument)
            if opcode.name.startswith("EXT"):
                raise Failure("its pickle uses extension codes, which are not allowed")
    except Failure:
        raise
    except Exception as error:
        raise Failure("its pickle is broken (%s); the file is damaged" % error)


class _Unpickler(pickle.Unpickler):
    def __init__(self, data, load_storage):
        super().__init__(io.BytesIO(data), encoding="utf-8")
        self._load_storage = load_storage
        self._placeholders = {}

    def find_class(self, module, name):
        real = _REAL.get((module, name))
        if real is not None:
            return real
        package = module.split(".")[0]
        if package in _REFUSED or (package in ("builtins", "__builtin__")
                                   and name not in _HARMLESS_BUILTINS):
            raise Failure("it asks for %s.%s, which runs code or reaches the system; "
                          "do not use this file" % (module, name))
        key = module, name
        if key not in self._placeholders:
            self._placeholders[key] = _PlaceholderType("Placeholder", (Placeholder,),
                                                       {"__slots__": ()})
        return self._placeholders[key]

    def persistent_load(self, pid):
        if not isinstance(pid, tuple) or len(pid) != 5 or pid[0] != "storage":
            raise Failure("it refers to something outside that is not a storage")
        _, kind, key, _, count = pid
        if not isinstance(kind, _StorageType):
            raise Failure("storage %r is of a type that is not read here" % (key,))
        if not isinstance(key, str) or not isinstance(count, int) or count < 0:
            raise Failure("a storage without a name or size; the checkpoint is damaged")
        return self._load_storage(kind.dtype, key, count)


class _Archive:
    """The zip around the pickle."""

    def __init__(self, file):
        self.zip = zipfile.ZipFile(file)
        pickles = [name for name in self.zip.namelist()
                   if name == "data.pkl" or name.endswith("/data.pkl")]
        if len(pickles) != 1:
            raise Failure("it has %d entries data.pkl where a checkpoint has one" % len(pickles))
        self.prefix = pickles[0][:-len("data.pkl")]
        self.storages = {}

    def has(self, name):
        return self.prefix + name in self.zip.namelist()

    def read(self, name, limit):
        try:
            info = self.zip.getinfo(self.prefix + name)
        except KeyError:
            raise Failure("entry %s%s is missing; the file is incomplete" % (self.prefix, name))
        if info.file_size > limit:
            raise Failure("entry %s is larger than %d bytes" % (info.filename, limit))
        return self.zip.read(info)

    def storage(self, dtype, key, count):
        size = count * tensor.ITEM_SIZE[dtype]
        if key not in self.storages:
            self.storages[key] = self.read("data/" + key, MAX_STORAGE_BYTES)
        data = self.storages[key]
        if len(data) < size:
            raise Failure("storage %s has %d bytes where %d are declared; the file is damaged"
                          % (key, len(data), size))
        return _Storage(dtype, data[:size], key)


def _load(file):
    archive = _Archive(file)
    if archive.has("constants.pkl"):
        raise Failure("it is a TorchScript program; give the checkpoint of the weights instead")
    if archive.has("byteorder") and archive.read("byteorder", 64) != b"little":
        raise Failure("it is big-endian; save it again on a little-endian machine")
    program = archive.read("data.pkl", MAX_PICKLE_BYTES)
    _check_pickle(program)
    return _Unpickler(program, archive.storage).load()


def read(file, what):
    """{name: Tensor} of the checkpoint in a seekable binary file; entries that are no tensors are
    left out. Takes the dictionary under "state_dict" where there is one."""
    try:
        top = _load(file)
        if isinstance(top, dict) and isinstance(top.get("state_dict"), dict):
            top = top["state_dict"]
        if not isinstance(top, dict):
            raise Failure("it holds no dictionary of tensors")
        tensors = {name: value for name, value in top.items()
                   if isinstance(name, str) and isinstance(value, tensor.Tensor)}
        if not tensors:
            raise Failure("it holds no tensors")
        return tensors
    except Failure as failure:
        raise Failure("%s: %s" % (what, failure), failure.exit_code)
    except (zipfile.BadZipFile, EOFError, OSError) as error:
        raise Failure("%s: not a whole zip checkpoint (%s); fetch it again" % (what, error))
    except Exception as error:  # whatever a hostile pickle makes the unpickler raise
        raise Failure("%s: its pickle cannot be read (%s: %s); the file is damaged"
                      % (what, type(error).__name__, error))
