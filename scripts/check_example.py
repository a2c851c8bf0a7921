#!/usr/bin/env python3
"""check_example.py - examples/make_conversation.py makes the committed conversation again.
SPDX-License-Identifier: MIT

The text and the samples are compared. flite's voices change with its version: with another one than
the conversation was made with, the test is skipped.
"""

import os
import subprocess
import sys
import tempfile

EXAMPLES = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "examples")
FLITE = "flite-2.2"


def samples(folder):
    return subprocess.run(
        [
            "ffmpeg",
            "-v",
            "error",
            "-i",
            os.path.join(folder, "conversation.flac"),
            "-f",
            "s16le",
            "-",
        ],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=True,
    ).stdout


def turns(folder):
    with open(os.path.join(folder, "conversation.rttm"), encoding="ascii") as file:
        return file.read()


def main():
    version = subprocess.run(["flite", "--version"], capture_output=True, text=True).stdout
    if FLITE not in version:
        print(f"skipped: the conversation was made with {FLITE}")
        print("0 passed, 0 failed, 1 skipped")
        return 0
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(
            [sys.executable, os.path.join(EXAMPLES, "make_conversation.py"), folder], check=True
        )
        same = turns(folder) == turns(EXAMPLES) and samples(folder) == samples(EXAMPLES)
    print(f"{int(same)} passed, {int(not same)} failed, 0 skipped")
    return 0 if same else 1


if __name__ == "__main__":
    sys.exit(main())
