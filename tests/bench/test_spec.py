#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""test_spec.py PROGRAM [--diarist]: specifications of runs, wrong ones and what is said of them.

The resolved ones are held to docs/schema where the Python module jsonschema is installed, and so are
the examples in config/. --diarist: the program has a model.
"""

import json
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

try:
    import jsonschema
except ImportError:
    jsonschema = None

PROGRAM = pathlib.Path(sys.argv.pop(1)).resolve()
WITH_DIARIST = "--diarist" in sys.argv
if WITH_DIARIST:
    sys.argv.remove("--diarist")
ROOT = pathlib.Path(__file__).resolve().parents[2]
LIST = [{"system_id": "mine", "command": ["run", "{audio}", "{size}"], "params": {"size": 3},
         "timeout_s": 9, "version": "7"},
        {"system_id": "careful", "definition": "diarist", "params": {"preset": "accurate"}}]


def systems(*entries, **more):
    return {"dataset_id": "mini", "systems": list(entries), **more}


def diarist(**params):
    return systems({"system_id": "oracle_reference"}, {"system_id": "diarist", "params": params})


def command(*argv, **more):
    return systems({"system_id": "c", "command": list(argv), **more})


D = {"system_id": "diarist"}
WRONG = [
    ("[1, 2", r"line 1: .*give a JSON object"),
    ("[]", r"line 1: is none; give a JSON object"),
    ('{"dataset_id": "mini", "dataset_id": "mini"}', r"line 1: duplicate object key"),
    ({**systems(D), "runs": 3}, r"runs: is not known; there are dataset_id\|n_runs"),
    ({"systems": [D]}, r"dataset_id: is missing"),
    (systems(D, dataset_id="other"), r"dataset_id: other: there is no such dataset"),
    (systems(D, n_runs=0), r"n_runs: is no whole number from 1 to 20"),
    (systems(D, n_runs=21), r"n_runs: is no whole number from 1 to 20"),
    (systems(D, n_runs="3"), r"n_runs: is no whole number"),
    (systems(D, cpu_threads=1000), r"cpu_threads: is 1000, but this program may use \d+ processors"),
    (systems(D, warmup_files=-1), r"warmup_files: "),
    (systems(D, limit_files=0), r"limit_files: "),
    ({"dataset_id": "mini"}, r"systems: is no list of 1 to 64 systems"),
    (systems(), r"systems: is no list of 1 to 64 systems"),
    (systems(D, 3), r"systems\[1\]: is no object"),
    (systems({}), r"systems\[0\]\.system_id: is missing"),
    (systems({"system_id": "../x"}), r"systems\[0\]\.system_id: takes up to 64 letters"),
    (systems({"system_id": "x" * 65}), r"systems\[0\]\.system_id: "),
    (systems({"system_id": "nemo"}), r"systems\[0\]\.definition: there is no system nemo; there are diarist"),
    (systems(D, D), r"systems\[1\]\.system_id: diarist comes twice"),
    (systems({**D, "parms": {}}), r"systems\[0\]\.parms: is not known"),
    (systems({**D, "params": []}), r"systems\[0\]\.params: is no object"),
    (systems({**D, "timeout_s": "1"}), r"systems\[0\]\.timeout_s: "),
    (systems({**D, "timeout_s": 0}), r"systems\[0\]\.timeout_s: "),
    (systems({**D, "version": "9.9"}), r"systems\[0\]\.version: this program is "),
    (systems({**D, "command": ["x", "{audio}"]}), r"systems\[0\]\.command: diarist runs in its own way"),
    (systems({"system_id": "c", "definition": "diarist", "command": ["x", "{audio}"]}),
     r"systems\[0\]\.definition: contradicts command"),
    (systems({"system_id": "senko", "version": "1 --index-url x"}), r"systems\[0\]\.version: is not like"),
    (systems({"system_id": "oracle_reference", "params": {"preset": "fast"}}),
     r"systems\[0\]\.params\.preset: oracle_reference takes no parameters"),
    (command("x", "{audio}", params={"audio": "y"}), r"systems\[0\]\.params\.audio: \{audio\} has its value"),
    (command("x", "{audio}", "{threads}", params={"threads": 9}),
     r"systems\[0\]\.params\.threads: \{threads\} has its value"),
    (diarist(colour="red"), r"systems\[1\]\.params\.colour: diarist does not take it; it takes num_speakers"),
    (diarist(preset="slow"), r"systems\[1\]\.params\.preset: is none of balanced\|fast\|accurate"),
    (diarist(num_speakers=2.5), r"systems\[1\]\.params\.num_speakers: is no whole number"),
    (diarist(num_speakers=0), r"systems\[1\]\.params\.num_speakers: is no number from 1 to 10000"),
    (diarist(num_speakers=True), r"systems\[1\]\.params\.num_speakers: "),
    (diarist(min_speakers=3, max_speakers=2), r"systems\[1\]\.params\.min_speakers: is above max_speakers"),
    (diarist(min_speakers=3, num_speakers=2), r"systems\[1\]\.params\.min_speakers: contradicts num_sp"),
    (diarist(cluster_threshold=3), r"systems\[1\]\.params\.cluster_threshold: is no number from -1 to 2"),
    (diarist(exclude_overlap="on"), r"systems\[1\]\.params\.exclude_overlap: is neither true nor false"),
    (diarist(model=""), r"systems\[1\]\.params\.model: is no text"),
    (systems({"system_id": "sherpa-onnx", "params": {"embedding_model": "x"}}),
     r"systems\[0\]\.params\.segmentation_model: is missing"),
    (command(), r"systems\[0\]\.command: is no list of 1 to 256 texts"),
    (command("x", 3), r"systems\[0\]\.command: argument 1 is no text"),
    (command("x", "{out}"), r"systems\[0\]\.command: has no \{audio\}"),
    (command("x", "{audio}", "{audoi}"), r"systems\[0\]\.command: \{audoi\} is no placeholder"),
    (command("x", "{audio}", params={"size": 3}), r"systems\[0\]\.params\.size: the command has no \{size\}"),
    (command("x", "{audio}", version_command=["x", "{audio}", "{y}"]), r"systems\[0\]\.version_command: "),
    (systems({"system_id": "mine", "command": ["x", "{audio}"]}),
     r"systems\[0\]\.command: the list of systems has it"),
    (systems({"system_id": "mine", "params": {"volume": 1}}),
     r"systems\[0\]\.params\.volume: the command has no \{volume\}"),
]


class Specifications(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.path = pathlib.Path(self.folder.name)
        for kind in ("audio", "rttm"):
            (self.path / "datasets" / "mini" / kind).mkdir(parents=True)
        (self.path / "systems.json").write_text(json.dumps(LIST))

    def resolve(self, spec, **environment):
        text = spec if isinstance(spec, str) else json.dumps(spec)
        environment = {"BENCH_DATASETS_ROOT": "datasets", "BENCH_SYSTEMS_FILE": "systems.json",
                       **environment}
        return subprocess.run([PROGRAM, "bench", "spec", "-"], input=text, capture_output=True, text=True,
                              cwd=self.path, env={**os.environ, **environment})

    def test_wrong(self):
        for spec, pattern in WRONG:
            with self.subTest(pattern):
                done = self.resolve(spec)
                self.assertEqual((done.returncode, done.stdout), (2, ""), done.stderr)
                self.assertRegex(done.stderr, r"\Adiarist: standard input: " + pattern)
                self.assertEqual(done.stderr.count("\n"), 1)

    @unittest.skipUnless(WITH_DIARIST, "the model is not built in, or this is slow here")
    def test_model(self):
        """What the default model has no meaning for is said before anything runs."""
        for params, pattern in (({"trunk": "recording"}, "trunk is a choice of community-1 models only"),
                                ({"cluster_threshold": 1.5}, "cluster_threshold, with this model a simil")):
            done = self.resolve(diarist(**params))
            self.assertEqual((done.returncode, done.stdout), (2, ""), done.stderr)
            self.assertRegex(done.stderr, r"\Adiarist: standard input: systems\[1\]\.params: " + pattern)
        # Whether a model is there is found by the run, whose rows say so.
        self.resolved(diarist(cluster_threshold=0.7, preset="fast"))
        self.resolved(diarist(model="not-there"))

    def resolved(self, spec, **environment):
        done = self.resolve(spec, **environment)
        self.assertEqual(done.returncode, 0, done.stderr)
        document = json.loads(done.stdout)
        # What is resolved is a specification that resolves to itself.
        self.assertEqual(json.loads(self.resolve(document | {
            "systems": [{k: v for k, v in s.items() if v is not None} for s in spec["systems"]]}).stdout),
            document)
        if jsonschema:
            schema = json.loads((ROOT / "docs/schema/spec.schema.json").read_text())
            jsonschema.validate(document, schema, jsonschema.Draft202012Validator)
        return document

    def test_defaults(self):
        found = self.resolved(systems(D))
        threads = len(os.sched_getaffinity(0))
        self.assertEqual(found, {
            "dataset_id": "mini", "n_runs": 1, "cpu_threads": threads, "warmup_files": 0,
            "limit_files": None, "systems": [{
                "system_id": "diarist", "definition": "diarist", "version": None, "params": {},
                "command": None, "version_command": None, "timeout_s": None}]})
        found = self.resolved(systems(D), BENCH_DEFAULT_CPU_THREADS="1")
        self.assertEqual(found["cpu_threads"], 1)

    def test_listed(self):
        found = self.resolved(systems({"system_id": "mine", "params": {"size": 4}}, {"system_id": "careful"},
                                      {"system_id": "again", "definition": "mine"}))
        mine, careful, again = found["systems"]
        self.assertEqual((mine["command"], mine["params"], mine["timeout_s"], mine["version"]),
                         (["run", "{audio}", "{size}"], {"size": 4}, 9, "7"))
        self.assertEqual((careful["definition"], careful["params"]), ("diarist", {"preset": "accurate"}))
        self.assertEqual(again["params"], {"size": 3})

    def test_list_is_wrong(self):
        (self.path / "systems.json").write_text('[{"system_id": "diarist", "command": ["x", "{audio}"]}]')
        self.assertRegex(self.resolve(systems(D)).stderr, r"systems.json: \[0\].system_id: there is a system")
        (self.path / "systems.json").write_text("{}")
        self.assertRegex(self.resolve(systems(D)).stderr, r"systems.json: line 1: is no JSON list")

    def test_braces(self):
        found = self.resolved(command("awk", "{print $1}", "{{audio}}", "{audio}"))
        self.assertEqual(found["systems"][0]["command"][2], "{{audio}}")

    def test_examples(self):
        for path in sorted((ROOT / "config").glob("spec.*.json")):
            with self.subTest(path.name):
                spec = json.loads(path.read_text()) | {"dataset_id": "mini"}
                spec.pop("cpu_threads", None)
                done = self.resolve(spec, BENCH_SYSTEMS_FILE=str(ROOT / "config" / "systems.example.json"))
                self.assertEqual(done.returncode, 0, done.stderr)

    def test_systems(self):
        done = subprocess.run([PROGRAM, "bench", "systems", "--format", "json", "--systems-file",
                               self.path / "systems.json"], capture_output=True, text=True)
        self.assertEqual([s["system_id"] for s in json.loads(done.stdout)],
                         ["diarist", "oracle_reference", "senko", "sherpa-onnx", "pyannote", "diarize",
                          "mine", "careful"])


if __name__ == "__main__":
    unittest.main()
