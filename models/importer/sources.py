# SPDX-License-Identifier: MIT
"""Finds the original files of a set in wheels, zips, folders or as files; checks their hashes."""

import hashlib
import io
import os
import zipfile

from . import Failure, MISMATCH, checkpoint, numpy_files, onnx

MAX_FILE_BYTES = 4 << 30


def sha256(data):
    """The SHA-256 of bytes as hex digits."""
    return hashlib.sha256(data).hexdigest()


def read_file(path):
    """All bytes of a file."""
    try:
        if os.path.getsize(path) > MAX_FILE_BYTES:
            raise Failure("%s: larger than %d bytes" % (path, MAX_FILE_BYTES))
        with open(path, "rb") as file:
            return file.read()
    except OSError as error:
        raise Failure("%s: %s" % (path, error.strerror or error))


def _in_folder(folder, name):
    for parent, folders, files in os.walk(folder):
        folders.sort()
        if name in files:
            path = os.path.join(parent, name)
            yield path, read_file(path)


def _in_zip(path, name):
    with zipfile.ZipFile(path) as archive:
        for info in archive.infolist():
            if info.filename.split("/")[-1] == name and info.file_size <= MAX_FILE_BYTES:
                yield "%s: %s" % (path, info.filename), archive.read(info)


def _candidates(place, name):
    """(what, bytes) of every file called name in one of the places given by the user."""
    if os.path.isdir(place):
        return _in_folder(place, name)
    if os.path.basename(place) == name:
        return [(place, read_file(place))]
    try:
        return list(_in_zip(place, name))
    except (zipfile.BadZipFile, zipfile.zlib.error, EOFError, NotImplementedError,
            RuntimeError) as error:
        raise Failure("%s: not a folder, a wheel or zip, or a file named %s (%s)"
                      % (place, name, error))
    except OSError as error:
        raise Failure("%s: %s" % (place, error.strerror or error))


def find_original(places, original):
    """The bytes of an original (an entry of the manifest) whose hash is the expected one."""
    name = original["path"].split("/")[-1]
    others = []
    for place in places:
        for what, data in _candidates(place, name):
            found = sha256(data)
            if found == original["sha256"]:
                return data
            others.append("%s has sha256 %s" % (what, found))
    if others:
        raise Failure("%s, not %s; it is damaged or another version"
                      % (others[0], original["sha256"]), MISMATCH)
    raise Failure("%s is not in %s; see \"get\" in models/manifest.json"
                  % (original["path"], ", ".join(places)))


def read_tensors(path):
    """({name: Tensor}, sha256) of a file of any kind that is read here, told by its content."""
    data = read_file(path)
    if data[:6] == b"\x93NUMPY":
        name = os.path.splitext(os.path.basename(path))[0]
        return {name: numpy_files.array(data, path)}, sha256(data)
    if data[:2] != b"PK":
        return onnx.read(data, path), sha256(data)
    try:
        names = zipfile.ZipFile(io.BytesIO(data)).namelist()
    except zipfile.BadZipFile as error:
        raise Failure("%s: not a whole zip (%s); fetch it again" % (path, error))
    if any(name.endswith(".npy") for name in names):
        return numpy_files.read_npz(io.BytesIO(data), path), sha256(data)
    return checkpoint.read(io.BytesIO(data), path), sha256(data)
