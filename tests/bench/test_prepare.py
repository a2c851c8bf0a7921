#!/usr/bin/env python3
"""test_prepare.py - corpora as their authors publish them, and archives that mean harm.
SPDX-License-Identifier: MIT

usage: test_prepare.py PROGRAM
"""

import gzip
import io
import os
import shutil
import sys
import tarfile
import wave
import zipfile

from made_up import RATE, TURNS, fill, rttm, selected, test, wav_bytes


def textgrid(end, tiers):
    """tiers: {name: [(start, end, text)]}"""
    lines = ['"ooTextFile"', '"TextGrid"', "0", f"{end}", "<exists>", f"{len(tiers)}"]
    for name, intervals in tiers.items():
        lines += ['"IntervalTier"', f'"{name}"', "0", f"{end}", f"{len(intervals)}"]
        for start, stop, text in intervals:
            lines += [f"{start}", f"{stop}", f'"{text}"']
    return "\n".join(lines) + "\n"


def write_tar(path, files, mode="w:gz", extra=()):
    with tarfile.open(path, mode) as archive:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
        for info in extra:
            archive.addfile(info)


def write_zip(path, files):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)


GRID = textgrid(
    1, {"SPK1": [(0, 0.1, ""), (0.1, 0.6, "你好"), (0.6, 1, " ")], "SPK2": [(0.5, 0.9, 'a ""b""')]}
)
GRID_RTTM = [("SPK1", 0.1, 0.5), ("SPK2", 0.5, 0.4)]


def turns_of(path):
    rows = [line.split() for line in path.read_text().splitlines()]
    return [(r[7], float(r[3]), float(r[4])) for r in rows], {r[1] for r in rows}


def first_channel(data):
    with wave.open(io.BytesIO(data)) as file:
        frames, width = file.readframes(file.getnframes()), 2 * file.getnchannels()
    return b"".join(frames[i : i + 2] for i in range(0, len(frames), width))


def prepared(bench, corpus, *sources):
    shutil.rmtree(bench.folder / "data", ignore_errors=True)
    return bench.json("prepare", corpus, *sources)


def test_alimeeting(bench, checks):
    eight, far = wav_bytes(1, 8), "Eval_Ali/Eval_Ali_far"
    files = {
        f"{far}/audio_dir/R8001_M8004_MS802.wav": wav_bytes(1, 2),
        f"{far}/audio_dir/R8001_M8004_MS801.wav": eight,
        f"{far}/textgrid_dir/R8001_M8004.TextGrid": GRID.encode(),
        "Eval_Ali/Eval_Ali_near/audio_dir/R8001_M8004_N_SPK8013.wav": wav_bytes(),
        "Eval_Ali/Eval_Ali_near/textgrid_dir/R8001_M8004_N_SPK8013.TextGrid": b"none",
    }
    fill(bench.folder / "ali", files)
    write_tar(bench.folder / "ali.tar.gz", files)
    for source in ("ali", "ali.tar.gz", "ali/Eval_Ali/Eval_Ali_far"):
        out = prepared(bench, "alimeeting", source)
        folder = bench.folder / "data/datasets/alimeeting_ch1"
        names = sorted(str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file())
        checks.expect(
            f"{source}: files", names == ["audio/R8001_M8004.wav", "rttm/R8001_M8004.rttm"], names
        )
        checks.expect(
            f"{source}: counts", (out["audio"], out["references"], len(out["skipped"])) == (1, 1, 1), out
        )
        with wave.open(str(folder / "audio/R8001_M8004.wav")) as file:
            same = file.getparams()[:3] == (1, 2, RATE) and file.readframes(RATE * 9) == first_channel(
                eight
            )
        checks.expect(f"{source}: the first channel, as it was", same)
        found = turns_of(folder / "rttm/R8001_M8004.rttm")
        checks.expect(f"{source}: turns", found == (GRID_RTTM, {"R8001_M8004"}), found)
        checks.expect(f"{source}: complete", bench.check("alimeeting_ch1")["complete"])
    bench.fails("prepare does not overwrite", "prepare", "alimeeting", "ali", says="there already")


def test_aishell4(bench, checks):
    own = rttm("L_R003S01C02", (0.2, 0.7, "001-M")).encode()
    files = {
        "test/wav/L_R003S01C02.wav": wav_bytes(1, 8),
        "test/wav/M_R001S01C01.wav": wav_bytes(1, 2),
        "test/TextGrid/L_R003S01C02.TextGrid": GRID.encode(),
        "test/TextGrid/L_R003S01C02.rttm": own,
        "test/TextGrid/M_R001S01C01.TextGrid": GRID.encode(),
        "test/README": b"hello",
    }
    fill(bench.folder / "aishell", files)
    out = prepared(bench, "aishell4", "aishell/test")
    folder = bench.folder / "data/datasets/aishell4"
    checks.expect("counts", (out["audio"], out["references"], out["skipped"]) == (2, 2, []), out)
    found = turns_of(folder / "rttm/L_R003S01C02.rttm")
    checks.expect("the authors' RTTM", found == ([("001-M", 0.2, 0.5)], {"L_R003S01C02"}), found)
    found = turns_of(folder / "rttm/M_R001S01C01.rttm")
    checks.expect("else the TextGrid", found == (GRID_RTTM, {"M_R001S01C01"}), found)
    checks.expect("complete", bench.check("aishell4")["complete"])


def test_voxconverse(bench, checks):
    sound = {f"voxconverse_dev_wav/audio/{i}.wav": wav_bytes() for i in ("abjxc", "ägypt")}
    truth = {f"voxconverse-master/dev/{i}.rttm": rttm(i, *TURNS).encode() for i in ("abjxc", "ägypt")}
    junk = {"__MACOSX/audio/._abjxc.wav": b"x", "voxconverse-master/README.md": b"x"}
    write_zip(bench.folder / "wav.zip", {**sound, **junk})
    write_zip(bench.folder / "both.zip", {**sound, **truth})
    write_tar(bench.folder / "rttm.tar", truth, "w")
    write_tar(bench.folder / "both.tar.xz", {**sound, **truth}, "w:xz")
    fill(bench.folder / "vox", {**sound, **truth})
    for sources in (("wav.zip", "rttm.tar"), ("both.zip",), ("both.tar.xz",), ("vox",)):
        prepared(bench, "voxconverse", *sources)
        out = bench.check("voxconverse")
        checks.expect(
            f"{sources}: complete", out["complete"] and set(selected(out)) == {"abjxc", "ägypt"}, out
        )
    kept = bench.folder / "data/datasets/voxconverse/audio/abjxc.wav"
    shutil.rmtree(bench.folder / "vox")
    checks.expect(
        "still there when the source is gone",
        kept.read_bytes() == sound["voxconverse_dev_wav/audio/abjxc.wav"],
    )
    out = prepared(bench, "voxconverse", "wav.zip", "wav.zip", "rttm.tar")
    checks.expect("the same file twice", len(out["skipped"]) == 2 and out["audio"] == 2, out)
    bad = {**sound, **truth, "x/broken.rttm": b"SPEAKER broken 1 zero\n"}
    write_zip(bench.folder / "bad.zip", bad)
    out = prepared(bench, "voxconverse", "bad.zip")
    checks.expect(
        "a broken reference is named", out["references"] == 2 and "broken.rttm" in out["skipped"][0], out
    )


def link(name, target, kind=tarfile.SYMTYPE):
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, target
    return info


def test_hostile(bench, checks):
    good = {"a.wav": wav_bytes(), "a.rttm": rttm("a", *TURNS).encode()}
    place, outside = bench.folder / "data/datasets/voxconverse", bench.folder / "outside"
    outside.mkdir(exist_ok=True)
    cases = {
        "dots": (lambda p: write_tar(p, {**good, "x/../../outside/b.wav": wav_bytes()}), "leads out"),
        "absolute": (lambda p: write_tar(p, {**good, f"{outside}/b.wav": wav_bytes()}), "leads out"),
        "dots in a zip": (lambda p: write_zip(p, {**good, "../outside/b.wav": wav_bytes()}), "leads out"),
        "backslashes": (lambda p: write_zip(p, {**good, "x\\..\\..\\b.wav": wav_bytes()}), "leads out"),
        "cut off": (
            lambda p: (write_tar(p, good), p.write_bytes(p.read_bytes()[:-900])),
            "cannot be unpacked",
        ),
        "no archive": (lambda p: p.write_bytes(b"these are notes" * 99), "cannot be unpacked"),
        "empty": (lambda p: p.write_bytes(b""), ""),
        "a bomb": (lambda p: write_tar(p, {**good, "z.wav": bytes(80 << 20)}), "times its size"),
        "a bomb in a bomb": (lambda p: p.write_bytes(gzip.compress(gzip.compress(bytes(80 << 20)))), ""),
        "a declared bomb": (lambda p: write_tar_header(p, good, 1 << 40), "times its size"),
        "nothing of it": (lambda p: write_tar(p, {"a.txt": b"x"}), "0 recordings and 0 references"),
        "no reference": (lambda p: write_tar(p, {"a.wav": good["a.wav"]}), "1 recordings and 0 references"),
    }
    for name, (make, says) in cases.items():
        path = bench.folder / "hostile.tar.gz"
        path.unlink(missing_ok=True)
        make(path)
        shutil.rmtree(bench.folder / "data", ignore_errors=True)
        bench.fails(f"hostile: {name}", "prepare", "voxconverse", str(path), says=says)
        left = [str(p) for p in place.rglob("*")] + [str(p) for p in outside.rglob("*")]
        checks.expect(f"hostile: {name}: nothing is left", not left, left)
    links = [
        link("b.wav", "/etc/hostname"),
        link("c.wav", "a.wav", tarfile.LNKTYPE),
        link("audio", str(outside)),
    ]
    path = bench.folder / "links.tar"
    write_tar(path, good, "w", links)
    out = prepared(bench, "voxconverse", str(path))
    checks.expect("links are left out", len(out["skipped"]) == 3 and out["audio"] == 1, out)
    bad = os.fsdecode(b"b\xff")
    bench.fails(
        "a place in no encoding",
        "prepare",
        "voxconverse",
        str(path),
        says="not UTF-8",
        BENCH_DATASETS_ROOT=bad,
    )
    bench.fails("no such source", "prepare", "voxconverse", "none.zip", says="", code=3)
    bench.fails("no such corpus", "prepare", "timit", "none.zip", says="voxconverse", code=2)
    bench.fails("no source", "prepare", "voxconverse", code=2)


def write_tar_header(path, files, size):
    """An entry that says it is larger than what follows."""
    write_tar(path, files, "w")
    info = tarfile.TarInfo("z.wav")
    info.size = size
    raw = path.read_bytes().rstrip(b"\0")
    raw += bytes(-len(raw) % 512)
    path.write_bytes(raw + info.tobuf(tarfile.GNU_FORMAT) + bytes(4096))


if __name__ == "__main__":
    test(sys.argv[1], [test_alimeeting, test_aishell4, test_voxconverse, test_hostile])
