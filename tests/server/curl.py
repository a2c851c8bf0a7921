#!/usr/bin/env python3
"""curl.py - the curl lines of README.md and docs work as printed.
SPDX-License-Identifier: MIT

usage: curl.py PROGRAM RECORDING

Each block of lines beginning with `$ ` is one script, whose lines that do not begin with curl, or
with a variable that curl fills, are left out, and those with an ellipsis. Only the port is another.
"""

import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

from service import Service, clip, harness

FILES = ("README.md", "docs/service.md", "docs/deploy.md", "docs/benchmark.md")
checks = harness.Checks()


def blocks(text):
    """Lists of the lines with curl in each block."""
    for block in re.findall(r"^```(?:console|sh)\n(.*?)^```", text, re.M | re.S):
        lines = [line.removeprefix("$ ") for line in block.splitlines()]
        yield [line for line in lines if re.match(r"(\w+=\$\()?curl ", line) and "…" not in line]


def work(lines, port, folder):
    """Runs lines as one script; an answer that is an error ends curl with one too."""
    script = "\n".join(f"{line}\necho LINE $? >&2" for line in lines)
    script = re.sub(r"\b(127\.0\.0\.1|localhost):8080\b", f"127.0.0.1:{port}", script)
    environment = {**os.environ, "CURL_HOME": str(folder)}
    done = subprocess.run(["bash", "-o", "pipefail", "-c", script], cwd=folder, env=environment,
                          capture_output=True, text=True, timeout=120)
    codes = re.findall(r"^LINE (\d+)$", done.stderr, re.M)
    for line, code in zip(lines, codes):
        checks.expect(line, code == "0", harness.told(done))
    checks.expect("all lines", len(codes) == len(lines), harness.told(done))
    return done.stdout


def main():
    program, example = (os.path.abspath(path) for path in sys.argv[1:])
    if not shutil.which("curl"):
        harness.skip("curl is not installed")
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        (folder / ".curlrc").write_text("fail\nsilent\nshow-error\n")
        recording = clip(example, folder / "talk.wav", 6)
        for file in ("talk.mp3", "voice.wav", "meeting.wav"):
            (folder / file).write_bytes(recording)
        (folder / "transcript.json").write_text('[{"start": 1, "end": 3, "text": "So."}]')
        dataset = folder / "datasets" / "voxconverse"
        for part in ("audio", "rttm"):
            (dataset / part).mkdir(parents=True)
        shutil.copy(folder / "talk.wav", dataset / "audio")
        (dataset / "rttm" / "talk.rttm").write_text("SPEAKER talk 1 1 2 <NA> <NA> A <NA> <NA>\n")
        shutil.copytree(harness.ROOT / "config", folder / "config")
        service = Service(program, folder / "data", "--datasets-root", folder / "datasets")
        number, said = 0, ""
        for file in FILES:
            for lines in blocks((harness.ROOT / file).read_text()):
                number += len(lines)
                said += work(lines, service.port, folder) if lines else ""
        checks.expect("lines that there are", number >= 10, number)
        checks.expect("turns", "SPEAKER talk 1 " in said and "event: end" in said, said)
        checks.expect("a benchmark", '"dataset_id":"voxconverse"' in said, said)
        checks.expect("end", service.stop() == 0)
    checks.finish()


main()
