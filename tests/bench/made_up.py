# SPDX-License-Identifier: MIT
"""made_up.py - datasets, and the program that looks at them."""

import io
import json
import math
import os
import pathlib
import struct
import sys
import tempfile
import wave

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests"))
from harness import Checks, run, told  # noqa: E402

try:
    import jsonschema
except ImportError:
    jsonschema = None

RATE = 16000


# ---- files ----------------------------------------------------------------------------------------


def tone(seconds, channels=1, rate=RATE):
    """Frames of 16 bits; each channel has a tone of its own."""
    frames = bytearray()
    for i in range(int(seconds * rate)):
        for channel in range(channels):
            frames += struct.pack("<h", int(8000 * math.sin(2 * math.pi * 100 * (channel + 2) * i / rate)))
    return bytes(frames)


def wav_bytes(seconds=1.0, channels=1, rate=RATE):
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setparams((channels, 2, rate, 0, "NONE", ""))
        out.writeframes(tone(seconds, channels, rate))
    return file.getvalue()


def rttm(file_id, *turns):
    """turns: (start, end, speaker)"""
    return "".join(
        f"SPEAKER {file_id} 1 {start:.3f} {end - start:.3f} <NA> <NA> {speaker} <NA> <NA>\n"
        for start, end, speaker in turns
    )


TURNS = ((0.1, 0.6, "anna"), (0.5, 0.9, "ben"))


def fill(folder, files):
    """{path: bytes or text}"""
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    return folder


def holds(checks, document, schema):
    """Whether a document is as docs/schema says."""
    if not jsonschema:
        return
    text = (ROOT / "docs" / "schema" / f"{schema}.schema.json").read_text(encoding="utf-8")
    wrong = list(jsonschema.Draft202012Validator(json.loads(text)).iter_errors(document))
    checks.expect(f"as {schema} says", not wrong, str(wrong[:1]))


class Bench:
    """The program in a folder of its own."""

    def __init__(self, checks, program, folder):
        self.checks, self.program, self.folder = checks, program, folder

    def run(self, *words, **environment):
        kept = {k: v for k, v in os.environ.items() if not k.startswith("BENCH_")}
        return run(
            self.program,
            "bench",
            "datasets",
            *words,
            cwd=self.folder,
            errors="replace",
            env={**kept, "HOME": str(self.folder), **environment},
        )

    def json(self, *words, **environment):
        done = self.run(*words, "-f", "json", **environment)
        self.checks.expect(f"{words}: works", done.returncode == 0, told(done))
        return json.loads(done.stdout) if done.returncode == 0 else None

    def check(self, dataset_id="x", **environment):
        out = self.json("check", dataset_id, **environment)
        if out and out[0]["manifest"]:
            holds(self.checks, out[0]["manifest"], "dataset_manifest")
        return out[0] if out else {}

    def fails(self, what, *words, code=3, says="", **environment):
        done = self.run(*words, **environment)
        lines = done.stderr.splitlines()
        good = done.returncode == code and len(lines) == 1 and says in done.stderr and not done.stdout
        self.checks.expect(what, good, f"wanted {code}, {says!r}\n{told(done)}")


def selected(check):
    return {
        f["file_id"]: (pathlib.Path(f["audio"]).name, pathlib.Path(f["rttm"]).name, f["rttm_id"])
        for f in check["manifest"]["files"]
    }


def test(program, functions):
    """Each in a folder of its own; ends with the sum."""
    checks = Checks()
    for function in functions:
        with tempfile.TemporaryDirectory() as folder:
            function(Bench(checks, pathlib.Path(program).resolve(), pathlib.Path(folder)), checks)
    checks.finish()
