#!/usr/bin/env python3
"""test_formats.py - the same 20 s in every form, and broken files, through the audio reader.
SPDX-License-Identifier: MIT

usage: test_formats.py DECODE_PROBE

SHARED/data/formats.tar.xz -> a temporary folder -> decode_probe -> verdict per entry
SHARED is DIARIST_SHARED, or ../shared beside the repository. Exit status 77 (skipped) without it.

A valid form gives its stated length, no warning and, if it loses nothing, the samples of base.wav.
A broken one gives what expected.json states; each one line, within LIMIT_S.
"""

import array
import ctypes
import json
import os
import subprocess
import sys
import tarfile
import tempfile
import time
import wave
from concurrent.futures import ThreadPoolExecutor

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
SKIPPED = 77
LIMIT_S = 10  # per entry
LENGTH_TOLERANCE_S, SAMPLE_TOLERANCE = 0.1, 1e-3
RAW = "s16le:16000:1"
INPUT_ERROR = "-2"  # DIARIST_ERROR_INPUT
LOSSLESS = (
    "wav_s16_16k.wav wav_s24_16k.wav wav_s32_16k.wav wav_f32_16k.wav wav_f64_16k.wav"
    " wav_stereo_same.wav wav_5.1_16k.wav w64.w64 rf64.wav wav_list_chunk.wav"
    " wav_extensible_s16.wav wav_extensible_s24.wav wav_extensible_f32.wav rifx_big_endian.wav"
    " flac_l0.flac flac_l12.flac flac_stereo.flac ogg_flac.oga alac.m4a aiff.aiff au.au caf.caf"
    " wv.wv tta.tta sox_voc.voc sph.sph wrong_ext_flac_named.wav"
).split()
# Of base.wav, in the mean of the channels: ffmpeg halves the power when it makes stereo of mono.
SCALES = {
    "wav_stereo_same.wav": 0.5**0.5,
    "flac_stereo.flac": 0.5**0.5,
    "wav_5.1_16k.wav": (1 + 2 * 0.2) / 6,  # in the centre, a fifth of it left and right
}
BROKEN_S = {  # seconds that are there; from what expected.json says of each file
    "truncated_data.wav": (2.0, 2.0),
    "truncated_odd.wav": (1.9, 4.0),
    "claims_4gib.wav": (4.0, 4.0),
    "size_zero_streamed.wav": (4.0, 4.0),
    "size_ffffffff.wav": (4.0, 4.0),
    "two_data_chunks.wav": (4.0, 4.0),
    "float_nan.wav": (4.0, 4.0),
    "float_inf.wav": (4.0, 4.0),
    "flac_truncated.flac": (8.0, 12.0),
    "mp3_truncated.mp3": (8.0, 12.0),
    "opus_truncated.opus": (8.0, 12.0),
    "flac_corrupt_middle.flac": (8.0, 20.0),
    "mp3_garbage_start.mp3": (19.0, 20.1),
    "zero_samples.wav": (0.0, 0.0),
    "short_0.0625ms.wav": (1 / 16000, 1 / 16000),
}


def drop_capabilities():
    """Lets the next program see a file of mode 000 as everybody does, even when root runs it."""
    libc = ctypes.CDLL(None)
    for capability in (1, 2):  # CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH
        libc.prctl(24, capability, 0, 0, 0)  # PR_CAPBSET_DROP


class Probe:
    """One run of decode_probe, and what is wrong with it whatever was expected."""

    def __init__(self, program, path, *options, samples=None):
        self.wrong, self.fields, self.values = None, [""], None
        more = ["--samples", samples] if samples else []
        start = time.monotonic()
        try:
            run = subprocess.run(
                [program, *options, *more, path],
                capture_output=True,
                timeout=LIMIT_S,
                stdin=subprocess.DEVNULL,
                preexec_fn=drop_capabilities if os.geteuid() == 0 else None,
            )
        except subprocess.TimeoutExpired:
            self.wrong = f"was not done after {LIMIT_S} s"
            return
        self.wall_s = time.monotonic() - start
        output, error = run.stdout.decode("utf-8", "replace"), run.stderr.decode("utf-8", "replace")
        if run.returncode not in (0, 1):
            self.wrong = f"exit status {run.returncode}: {error[-2000:]}"
        elif error:
            self.wrong = f"printed: {error[-2000:]}"
        elif output.count("\n") != 1 or not output.endswith("\n"):
            self.wrong = f"not one line: {output[:500]!r}"
        self.fields = output[:-1].split("\t")
        if samples and not self.wrong and self.fields[0] == "ok":
            self.values = array.array("f")
            with open(samples, "rb") as file:
                self.values.frombytes(file.read())

    @property
    def seconds(self):
        return float(self.fields[1])

    @property
    def warning(self):
        return self.fields[6]


def base_samples(path):
    """base.wav by Python's own reader, scaled to [-1, 1)."""
    with wave.open(path, "rb") as file:
        assert (file.getframerate(), file.getnchannels(), file.getsampwidth()) == (16000, 1, 2)
        values = array.array("h")
        values.frombytes(file.readframes(file.getnframes()))
    if sys.byteorder == "big":
        values.byteswap()
    return [value / 32768 for value in values]


def judge_ok(probe, seconds, tolerance):
    if probe.fields[0] != "ok":
        return f"{probe.fields}, expected samples"
    low, high = seconds
    if not low - tolerance <= probe.seconds <= high + tolerance:
        return f"{probe.seconds} s, expected {low} to {high}"
    return None


def judge(probe, expect, name, warn):
    """What is wrong with a broken entry, or None. expect is one outcome of expected.json's."""
    seconds = BROKEN_S.get(os.path.basename(name), (0.0, 4.0))
    if expect == "error":
        if probe.fields[0] != "error" or probe.fields[1] != INPUT_ERROR or not probe.fields[2]:
            return f"{probe.fields}, expected an input error"
        return None
    wrong = judge_ok(probe, seconds, 1e-3)
    if not wrong and expect == "ok_partial" and warn and not probe.warning:
        wrong = f"{probe.fields}, expected a warning"
    return wrong


def alternatives(expect):
    if expect in ("error_or_explicit", "error_or_wait"):
        return ["error"]
    return expect.split("_or_")


def try_broken(program, folder, name, entry):
    probe = Probe(program, name if name.startswith("/") else os.path.join(folder, name))
    reasons = [judge(probe, expect, name, True) for expect in alternatives(entry["expect"])]
    return probe.wrong or (None if None in reasons else "; ".join(reasons))


def compare(values, base, scale=1.0):
    expected = [scale * value for value in base]
    if values is None or len(values) != len(expected):
        return f"{len(values or [])} samples, expected {len(expected)}"
    worst = max(abs(a - b) for a, b in zip(values, expected))
    return f"samples differ by {worst:g}" if worst > SAMPLE_TOLERANCE else None


def try_valid(program, folder, name, entry, base):
    samples = os.path.join(folder, name + ".f32") if name in LOSSLESS else None
    probe = Probe(program, os.path.join(folder, name), samples=samples)
    if probe.wrong:
        return probe.wrong
    if entry["expect"].startswith("error"):
        wrong = judge(probe, "error", name, False)
        if wrong or entry["expect"] == "error":
            return wrong
        samples = os.path.join(folder, name + ".f32")
        probe = Probe(program, os.path.join(folder, name), "--raw", RAW, samples=samples)
        return probe.wrong or compare(probe.values, base)
    seconds = entry["decoded_s"]
    wrong = judge_ok(probe, (seconds, seconds), LENGTH_TOLERANCE_S)
    if not wrong and probe.warning:
        wrong = f"warns of a good file: {probe.warning}"
    if not wrong and samples:
        wrong = compare(probe.values, base, SCALES.get(name, 1.0))
        os.unlink(samples)
    return wrong


def try_all(program, folder):
    with open(os.path.join(folder, "expected.json"), encoding="utf-8") as file:
        expected = json.load(file)
    base = base_samples(os.path.join(folder, expected["base"]))
    tasks = [(try_valid, item, (base,)) for item in expected["valid"].items()]
    tasks += [(try_broken, item, ()) for item in expected["broken"].items()]
    with ThreadPoolExecutor(max_workers=2) as pool:
        wrongs = pool.map(lambda t: t[0](program, folder, *t[1], *t[2]), tasks)
        failed = 0
        for (_, (name, entry), _), wrong in zip(tasks, wrongs):
            if wrong:
                failed += 1
                print(f"{name} ({entry['note']}; expected {entry['expect']}): {wrong}")
    print(f"{len(tasks) - failed} of {len(tasks)} forms are as expected")
    return 1 if failed or not tasks else 0


def main():
    shared = os.environ.get("DIARIST_SHARED") or os.path.join(ROOT, "..", "shared")
    archive = os.path.join(shared, "data", "formats.tar.xz")
    if not os.path.isfile(archive):
        print(f"skipped: there is no {archive}")
        return SKIPPED
    with tempfile.TemporaryDirectory() as top:
        with tarfile.open(archive) as tar:
            tar.extractall(top)
        folder = os.path.join(top, "formats")
        subprocess.run(["sh", os.path.join(folder, "make_special.sh")], check=True)
        return try_all(os.path.abspath(sys.argv[1]), folder)


if __name__ == "__main__":
    sys.exit(main())
