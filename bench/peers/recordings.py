"""recordings.py - what is diarized: files, their form for the peers, their references, the score.
SPDX-License-Identifier: MIT"""

import csv
import os
import pathlib
import subprocess
import sys
from dataclasses import dataclass

ROOT = pathlib.Path(__file__).resolve().parents[2]
ACCURACY = ROOT / "tests" / "accuracy"
DATA = pathlib.Path(os.environ.get("DIARIST_SHARED", ROOT.parent / "shared")) / "data"
HOUR = DATA / "sim" / "d16_5spk_1hour.flac"
CONVERSATION = ROOT / "examples" / "conversation.flac"
EXCERPT_S = 300
COLD_S = 5
QUICK = {"d01_1spk_clean", "d15_2spk_fastturns", "falcon_test", "pyannote_sample"}


@dataclass
class Recording:
    path: pathlib.Path  # as it is, for diarist
    wav: pathlib.Path  # 16 kHz, one channel, 16 bits, for the peers
    limit_s: float  # only so much of its beginning, or None

    @property
    def name(self):
        return self.path.stem

    @property
    def title(self):
        return f"{self.name}, its first {self.limit_s} s" if self.limit_s else self.name

    def seconds(self):
        return (self.wav.stat().st_size - 44) / 32000


def prepare(path, folder, limit_s=None):
    path = pathlib.Path(path)
    wav = pathlib.Path(folder) / f"{path.stem}.wav"
    cut = ["-t", str(limit_s)] if limit_s else []
    subprocess.run(["ffmpeg", "-v", "error", "-y", "-i", path, *cut, "-ar", "16000", "-ac", "1",
                    "-c:a", "pcm_s16le", "-bitexact", wav], check=True, stdin=subprocess.DEVNULL)
    return Recording(path, wav, limit_s)


def sets(quick):
    """{name of the set: [path]}: the recordings of tests/accuracy except the long one."""
    found = {}
    with open(ACCURACY / "expected.csv", encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            path = DATA / row["set"] / f"{row['file']}.flac"
            if row["set"] in ("sim", "real") and path.exists() and path != HOUR \
                    and (not quick or row["file"] in QUICK):
                found.setdefault(row["set"], []).append(path)
    return found


def score(recording, rttm):
    """(seconds of each part of the error, speakers found, true speakers) with no collar, overlap
    scored; None without a reference."""
    sys.path.insert(0, str(ACCURACY))
    import scoring
    from pyannote.core import Annotation, Segment, Timeline

    def only(found, otherwise):
        return next(iter(found.values()), otherwise)

    base = recording.path.with_suffix("")
    if not base.with_suffix(".rttm").exists():
        return None
    reference = only(scoring.read_rttm(base.with_suffix(".rttm")), Annotation())
    hypothesis = only(scoring.read_rttm(rttm), Annotation())
    uem = scoring.extent(reference, hypothesis)
    if base.with_suffix(".uem").exists():
        uem = only(scoring.read_uem(base.with_suffix(".uem")), uem)
    if recording.limit_s:
        uem = uem.crop(Timeline([Segment(0, recording.limit_s)]))
        reference = reference.crop(uem)
    return (scoring.score(reference, hypothesis, uem, 0.0), len(hypothesis.labels()),
            len(reference.labels()))


def pooled_der(scores):
    """Percent."""
    import scoring

    return scoring.percentages(scoring.pool(scores))[0]
