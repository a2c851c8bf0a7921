#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""test_schema.py PROGRAM RECORDING: what the program writes, read by other programs' parsers.

JSON against docs/schema with the module jsonschema and for the order of its keys; CSV and JSON lines
by Python's readers; all hold the same turns. Exit status 77 (skipped) without jsonschema.
"""

import collections
import csv
import io
import json
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
ORDER = ["schema", "audio", "engine", "speakers", "diarization", "exclusive_diarization", "timing"]


def main():
    try:
        import jsonschema
    except ImportError:
        print("skipped: the Python module jsonschema is not installed")
        return 77
    program, recording = sys.argv[1:3]

    def run(*arguments):
        command = [program, "-q", "--duration", "20", *arguments, recording]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout

    schema = json.loads((ROOT / "docs" / "schema" / "diarist-1.schema.json").read_text())
    plain = json.loads(run("-f", "json"))
    full = json.loads(run("-f", "json", "--embeddings", "--timing", "--colors"),
                      object_pairs_hook=collections.OrderedDict)
    for document in (plain, full):
        jsonschema.validate(document, schema, jsonschema.Draft202012Validator)
    assert list(full) == ORDER, list(full)
    assert all(len(s["embedding"]) == 192 and s["color"] for s in full["speakers"])
    assert "timing" not in plain and "embedding" not in plain["speakers"][0]
    turns = [(t["start"], t["end"], t["speaker"]) for t in plain["diarization"]]
    assert turns and turns == sorted(turns)
    lines = [json.loads(line) for line in run("-f", "jsonl").splitlines()]
    assert [(t["start"], t["end"], t["speaker"]) for t in lines] == turns
    rows = list(csv.DictReader(io.StringIO(run("-f", "csv"))))
    assert [(float(r["start"]), float(r["end"]), r["speaker"]) for r in rows] == turns
    for line, (start, end, speaker) in zip(run().splitlines(), turns):
        fields = line.split()
        assert len(fields) == 10 and fields[0] == "SPEAKER" and fields[7] == speaker
        assert abs(float(fields[3]) - start) < 2e-3
        assert abs(float(fields[3]) + float(fields[4]) - end) < 2e-3
    return 0


if __name__ == "__main__":
    sys.exit(main())
