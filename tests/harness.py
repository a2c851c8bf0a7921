"""harness.py - what the tests in Python share: counting, skipping, running programs, recordings.
SPDX-License-Identifier: MIT
"""

import importlib
import os
import pathlib
import subprocess
import sys
import wave

SKIPPED = 77  # what meson takes for "skipped"
ROOT = pathlib.Path(__file__).resolve().parents[1]
SHARED = pathlib.Path(os.environ.get("DIARIST_SHARED") or ROOT.parent / "shared")
RATE = 16000


class Checks:
    """Prints what is wrong, with tell_all also what is right; ends the test with the sum."""

    def __init__(self, tell_all=False):
        self.good, self.bad, self.tell_all = 0, 0, tell_all

    def expect(self, what, condition, detail=""):
        if condition:
            self.good += 1
            if self.tell_all:
                print(f"ok     {what} {detail}")
            return
        self.bad += 1
        print(f"FAILED {what}\n{detail}")

    def finish(self):
        print(f"{self.good} checks passed, {self.bad} failed")
        sys.exit(1 if self.bad else 0)


def skip(why):
    print(f"skipped: {why}")
    sys.exit(SKIPPED)


def need(module):
    """The module; without it the test is skipped."""
    try:
        return importlib.import_module(module)
    except ImportError:
        skip(f"{module} is not installed")


def run(*command, **options):
    return subprocess.run(
        [str(part) for part in command], capture_output=True, text=True, timeout=300, **options
    )


def told(done):
    """A finished program for a failure's detail."""
    return f"exit code {done.returncode}\n{done.stdout[-2000:]}{done.stderr[-2000:]}"


def read_wav(path):
    """Samples from -1 to 1 of a mono file of 16 kHz in 16 bits."""
    numpy = need("numpy")
    with wave.open(str(path)) as file:
        assert file.getparams()[:3] == (1, 2, RATE), path
        return numpy.frombuffer(file.readframes(file.getnframes()), "<i2").astype("<f4") / 32768


def write_wav(path, samples):
    """The inverse of read_wav."""
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, RATE, 0, "NONE", ""))
        file.writeframes((samples * 32768).astype("<i2").tobytes())


def cut(recording, path, seconds):
    """The beginning of a recording of any format as a file for read_wav; returns its samples."""
    command = ["ffmpeg", "-v", "error", "-nostdin", "-t", str(seconds), "-i", recording]
    subprocess.run([*command, "-ac", "1", "-ar", str(RATE), "-c:a", "pcm_s16le", path], check=True)
    return read_wav(path)
