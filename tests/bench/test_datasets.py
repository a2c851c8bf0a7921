#!/usr/bin/env python3
"""test_datasets.py - catalogues, which recording belongs to which reference, hashes, statistics.
SPDX-License-Identifier: MIT

usage: test_datasets.py PROGRAM

Everything is made up here, but for the recordings in DIARIST_SHARED (../shared), where they are there. The
selection hash is computed again by its definition in docs/benchmark.md, statistics from the turns that the
test has put in. Documents are held to docs/schema where the module jsonschema is installed.
"""

import hashlib
import json
import os
import pathlib
import shutil
import struct
import sys

from made_up import RATE, ROOT, TURNS, fill, holds, rttm, selected, test, told, wav_bytes

OPEN_TRACK = ["aishell4", "alimeeting_ch1", "ami_ihm", "ami_sdm", "msdwild", "voxconverse"]
LISTS = [
    "audio_without_reference",
    "duplicate_audio",
    "reference_without_audio",
    "duplicate_references",
    "unreadable_audio",
    "unreadable_references",
    "unreadable_uem",
    "empty_references",
    "reference_longer_than_audio",
    "without_uem",
    "other_versions",
]


def not_fitting(check):
    """{list: names} of what the account says does not fit."""
    matching = check["manifest"]["matching"]
    return {
        name: [item if isinstance(item, str) else item["file"] for item in matching[name]]
        for name in LISTS
        if matching[name]
    }


# ---- catalogues -----------------------------------------------------------------------------------


def test_layout(bench, checks):
    entries = bench.json("list")
    checks.expect("the Open Track is configured", [e["dataset_id"] for e in entries] == OPEN_TRACK)
    checks.expect("none of it is there", not any(e["available"] for e in entries))
    done = bench.run("check", "--strict")
    checks.expect("strict fails", done.returncode == 1 and done.stdout.count("not ready") == 6, told(done))
    first, second = bench.json("init"), bench.json("init")
    checks.expect("init makes folders", first["made"] == OPEN_TRACK and first["there"] == [])
    checks.expect("init again makes none", second["made"] == [] and second["there"] == OPEN_TRACK)
    folders = sorted(str(p.relative_to(bench.folder)) for p in bench.folder.glob("data/datasets/*/*"))
    checks.expect(
        "audio and rttm",
        folders == [f"data/datasets/{i}/{p}" for i in OPEN_TRACK for p in ("audio", "rttm")],
        folders,
    )
    states = {e["state"] for e in bench.json("list")}
    checks.expect("what is empty is not there", states == {"empty"}, states)
    out = bench.check("ami_ihm")
    checks.expect("an empty dataset is not ready", out["audio"] and not out["ready"] and out["problem"])
    fill(
        bench.folder / "elsewhere",
        {
            "ours/audio/a.wav": wav_bytes(),
            "ours/rttm/a.rttm": rttm("a", *TURNS),
            "other/notes.txt": "no dataset",
        },
    )
    entries = bench.json("list", BENCH_DATASETS_ROOT="elsewhere")
    checks.expect("own datasets", [e["dataset_id"] for e in entries] == sorted([*OPEN_TRACK, "ours"]))
    out = bench.check("ours", BENCH_DATASETS_ROOT="elsewhere")
    checks.expect("without a uem folder", out["uem_dir"] is None and out["complete"], out)
    bad = os.fsdecode(b"b\xff")
    fill(bench.folder / bad, {"x/audio/a.wav": b"", "x.json": "[]"})
    bench.fails("a root in no encoding", "list", says="not UTF-8", BENCH_DATASETS_ROOT=bad)
    bench.fails("a list in no encoding", "list", says="not UTF-8", BENCH_DATASETS_FILE=f"{bad}/x.json")
    fill(bench.folder / "elsewhere", {f"{bad}/audio/a.wav": b""})
    entries = bench.json("list", BENCH_DATASETS_ROOT="elsewhere")
    checks.expect("a dataset in no encoding is none", len(entries) == 7, entries)
    bench.fails(
        "an unknown dataset", "check", "nothing", says="no such dataset; there are: aishell4, ", code=2
    )


def test_bind(bench, checks):
    source = fill(
        bench.folder / "mine",
        {"sound/a.wav": wav_bytes(), "truth/a.rttm": rttm("a", *TURNS), "parts/a.uem": "a 1 0 1\n"},
    )
    where = ("--audio", "mine/sound", "--rttm", "mine/truth")
    bench.run("init")
    done = bench.run("bind", "ami_sdm", *where, "--uem", "mine/parts")
    checks.expect("bind says nothing", done.returncode == 0 and not done.stdout + done.stderr, told(done))
    out = bench.check("ami_sdm")
    checks.expect("bound", out["complete"] and out["manifest"]["files"][0]["uem_id"] == "a", out)
    link = bench.folder / "data/datasets/ami_sdm/audio"
    checks.expect("a link", link.is_symlink() and link.resolve() == (source / "sound").resolve())
    bench.fails("bind does not overwrite", "bind", "ami_sdm", *where, says="there already")
    bench.fails(
        "bind needs folders", "bind", "new", "--audio", "mine/sound", "--rttm", "none", says="none: "
    )
    checks.expect("nothing is left of it", not (bench.folder / "data/datasets/new").exists())
    bench.fails("bind needs both", "bind", "new", "--audio", "mine/sound", code=2)
    bench.fails("bind needs a good id", "bind", "../new", *where, says="cannot name a dataset", code=2)


def test_lists(bench, checks):
    config = ROOT / "config"

    def entry(**fields):
        return {"dataset_id": "x", "audio_dir": "a", "rttm_dir": "b", **fields}

    def without(field):
        return {k: v for k, v in entry().items() if k != field}

    cases = {
        "no JSON": ("[{]", "line 1: no JSON"),
        "no list": ("{}", "is no list"),
        "no object": ("[1]", "entry 1 is no object"),
        "no id": (json.dumps([without("dataset_id")]), "entry 1: dataset_id is missing"),
        "no audio": (
            json.dumps([entry(), {**without("audio_dir"), "dataset_id": "y"}]),
            "entry 2: audio_dir is missing",
        ),
        "a number": (json.dumps([entry(rttm_dir=3)]), "entry 1: rttm_dir is no text"),
        "empty": (json.dumps([entry(uem_dir="")]), "entry 1: uem_dir is empty"),
        "unknown field": (json.dumps([entry(audio="x")]), "entry 1: audio is no field"),
        "twice": (json.dumps([entry(), entry()]), "entry 2: dataset_id 'x' is that of entry 1"),
        "bad id": (json.dumps([entry(dataset_id="a/b")]), "entry 1: dataset_id 'a/b' cannot name"),
        "no truth value": (
            json.dumps([entry(allow_empty_references=1)]),
            "allow_empty_references is neither",
        ),
    }
    for name, (text, says) in cases.items():
        (bench.folder / "list.json").write_text(text)
        bench.fails(f"list: {name}", "list", says=says, BENCH_DATASETS_FILE="list.json")
    bench.fails("no file", "list", says="none.json", BENCH_DATASETS_FILE="none.json")
    (bench.folder / "list.json").write_text("[]")
    checks.expect("an empty list", bench.json("list", BENCH_DATASETS_FILE="list.json") == [])
    for path in sorted(config.glob("datasets.*.json")):
        entries = bench.json("list", BENCH_DATASETS_FILE=str(path))
        checks.expect(f"{path.name}: a list", entries, path)
        holds(checks, json.loads(path.read_text(encoding="utf-8")), "datasets")
    known = bench.json("list", BENCH_DATASETS_FILE=str(config / "datasets.open_track.json"))
    checks.expect("the Open Track's list", sorted(e["dataset_id"] for e in known) == OPEN_TRACK)
    fill(bench.folder / "lists", {"one.json": json.dumps([entry(audio_dir="../d", rttm_dir="../d")])})
    fill(bench.folder / "d", {"a.wav": wav_bytes(), "a.rttm": rttm("a", *TURNS)})
    out = bench.check(BENCH_DATASETS_FILE="lists/one.json")
    checks.expect("relative to the list", out["complete"] and out["name"] == "x", out)


# ---- matching -------------------------------------------------------------------------------------


def dataset(bench, files, **fields):
    """A list with one dataset `x`, all of whose files are in one folder."""
    folder = bench.folder / "d"
    shutil.rmtree(folder, ignore_errors=True)
    fill(folder, files)
    entry = {"dataset_id": "x", "audio_dir": "d", "rttm_dir": "d", "uem_dir": "d", **fields}
    (bench.folder / "x.json").write_text(json.dumps([entry]))
    return bench.check(BENCH_DATASETS_FILE="x.json")


MATCHES = {
    # name: (files, {file_id: (audio, rttm, id inside)}, {list: names})
    "one each": (
        {"b.wav": 1, "a.flac": 1, "a.rttm": rttm("a", *TURNS), "b.rttm": rttm("b", *TURNS)},
        {"a": ("a.flac", "a.rttm", "a"), "b": ("b.wav", "b.rttm", "b")},
        {},
    ),
    "one for all": (
        {"a.wav": 1, "b.wav": 1, "all.rttm": rttm("b", *TURNS) + rttm("a", *TURNS)},
        {"a": ("a.wav", "all.rttm", "a"), "b": ("b.wav", "all.rttm", "b")},
        {},
    ),
    "id only in the name": (
        {"a.wav": 1, "b.wav": 1, "a.rttm": rttm("rec", *TURNS), "b.rttm": rttm("rec", *TURNS)},
        {"a": ("a.wav", "a.rttm", "rec"), "b": ("b.wav", "b.rttm", "rec")},
        {},
    ),
    "the id goes before the name": (
        {"a.wav": 1, "b.wav": 1, "b.rttm": rttm("a", *TURNS)},
        {"a": ("a.wav", "b.rttm", "a")},
        {"audio_without_reference": ["b.wav"]},
    ),
    "phrases": (
        {"a.wav": 1, "a.rttm": rttm("a", *TURNS), "a.phrases.rttm": rttm("a", (0, 1, "x"))},
        {"a": ("a.wav", "a.rttm", "a")},
        {"other_versions": ["a.phrases.rttm"]},
    ),
    "a recording with a dot": (
        {"a.wav": 1, "a.b.wav": 1, "a.rttm": rttm("a", *TURNS), "a.b.rttm": rttm("a.b", *TURNS)},
        {"a": ("a.wav", "a.rttm", "a"), "a.b": ("a.b.wav", "a.b.rttm", "a.b")},
        {},
    ),
    "AMI": (
        {
            "EN2002a.Mix-Headset.wav": 1,
            "ES2004a.Array1-01.wav": 1,
            "EN2002a.rttm": rttm("EN2002a", *TURNS),
            "ES2004a.rttm": rttm("ES2004a", *TURNS),
        },
        {
            "EN2002a.Mix-Headset": ("EN2002a.Mix-Headset.wav", "EN2002a.rttm", "EN2002a"),
            "ES2004a.Array1-01": ("ES2004a.Array1-01.wav", "ES2004a.rttm", "ES2004a"),
        },
        {},
    ),
    "AliMeeting": (
        {
            "R8001_M8004_MS802.wav": 1,
            "R8001_M8004_MS801.wav": 1,
            "R8001_M8004.rttm": rttm("R8001_M8004", *TURNS),
        },
        {"R8001_M8004_MS801": ("R8001_M8004_MS801.wav", "R8001_M8004.rttm", "R8001_M8004")},
        {"duplicate_audio": ["R8001_M8004_MS802.wav"]},
    ),
    "no reference of another channel": (
        {"talk_ch2.wav": 1, "talk_ch1.rttm": rttm("talk_ch1", *TURNS)},
        {},
        {"audio_without_reference": ["talk_ch2.wav"], "reference_without_audio": ["talk_ch1.rttm"]},
    ),
    "two of one id": (
        {"a.wav": 1, "a.flac": 1, "a.rttm": rttm("a", *TURNS), "b.rttm": rttm("a", *TURNS)},
        {"a": ("a.flac", "a.rttm", "a")},
        {"duplicate_audio": ["a.wav"], "duplicate_references": ["b.rttm"]},
    ),
    "nothing belongs together": (
        {"a.wav": 1, "b.rttm": rttm("b", *TURNS)},
        {},
        {"audio_without_reference": ["a.wav"], "reference_without_audio": ["b.rttm"]},
    ),
    "an empty reference": (
        {"a.wav": 1, "a.rttm": ""},
        {"a": ("a.wav", "a.rttm", "a")},
        {"empty_references": ["a"]},
    ),
    "unreadable audio": (
        {
            "a.wav": b"RIFF",
            "b.wav": b"",
            "c.mp3": b"text",
            "a.rttm": rttm("a", *TURNS),
            "b.rttm": rttm("b", *TURNS),
            "c.rttm": rttm("c", *TURNS),
        },
        {"a": ("a.wav", "a.rttm", "a"), "b": ("b.wav", "b.rttm", "b"), "c": ("c.mp3", "c.rttm", "c")},
        {"unreadable_audio": ["a.wav", "b.wav", "c.mp3"]},
    ),
    "a broken reference": (
        {"a.wav": 1, "a.rttm": "SPEAKER a 1 zero 1 <NA> <NA> x <NA> <NA>\n"},
        {"a": ("a.wav", "a.rttm", "a")},
        {"unreadable_references": ["a.rttm"], "empty_references": ["a"]},
    ),
    "a reference of another recording": (
        {"a.wav": 1, "a.rttm": rttm("a", (0, 5, "x"))},
        {"a": ("a.wav", "a.rttm", "a")},
        {"reference_longer_than_audio": ["a"]},
    ),
    "names of all kinds": (
        {
            "会議 1.wav": 1,
            "Größe.wav": 1,
            "会議 1.rttm": rttm("会議_1", *TURNS),
            "Größe.rttm": rttm("Größe", *TURNS),
        },
        {"会議_1": ("会議 1.wav", "会議 1.rttm", "会議_1"), "Größe": ("Größe.wav", "Größe.rttm", "Größe")},
        {},
    ),
}


def test_matches(bench, checks):
    for name, (files, wanted, rest) in MATCHES.items():
        files = {k: wav_bytes() if v == 1 else v for k, v in files.items()}
        out = dataset(bench, files)
        lists = {k: v for k, v in not_fitting(out).items() if k != "without_uem"}
        checks.expect(f"{name}: matches", selected(out) == wanted, selected(out))
        checks.expect(f"{name}: the rest", lists == rest, lists)
        good = not set(lists) - {"other_versions"} and bool(wanted)
        checks.expect(f"{name}: complete", out["complete"] is good and out["ready"] is bool(wanted), out)
        problems = {f["file_id"] for f in out["manifest"]["files"] if f["problem"]}
        bad = {
            pathlib.Path(n).stem
            for k in ("unreadable_audio", "unreadable_references", "empty_references")
            for n in rest.get(k, [])
        }
        checks.expect(f"{name}: problems", problems == bad, problems)
        done = bench.run("check", "--strict", BENCH_DATASETS_FILE="x.json")
        checks.expect(f"{name}: strict", done.returncode == (0 if good else 1), told(done))
    out = dataset(bench, {"a.wav": wav_bytes(), "a.rttm": ""}, allow_empty_references=True)
    checks.expect("empty on purpose", out["complete"] and not out["manifest"]["files"][0]["problem"], out)
    (bench.folder / "d" / os.fsdecode(b"b\xff.wav")).write_bytes(wav_bytes())
    out = bench.check(BENCH_DATASETS_FILE="x.json")
    checks.expect("a name in no encoding", list(not_fitting(out)["unreadable_audio"]) == ["b?.wav"], out)


def test_uems(bench, checks):
    base = {
        "a.wav": wav_bytes(),
        "b_ch1.wav": wav_bytes(),
        "a.rttm": rttm("a", *TURNS),
        "b.rttm": rttm("b", *TURNS),
    }
    out = dataset(bench, {**base, "all.uem": "a 1 0 0.5\nb 1 0 0.4\n"})
    ids = {f["file_id"]: f["uem_id"] for f in out["manifest"]["files"]}
    checks.expect("one UEM for all", ids == {"a": "a", "b_ch1": "b"}, ids)
    out = dataset(bench, {**base, "a.uem": "other 1 0 0.5\n"})
    ids = {f["file_id"]: f["uem_id"] for f in out["manifest"]["files"]}
    checks.expect("a UEM by its name", ids == {"a": "other", "b_ch1": None}, ids)
    checks.expect("one without", not_fitting(out) == {"without_uem": ["b_ch1"]}, not_fitting(out))
    out = dataset(bench, {**base, "a.uem": "a 1 nine 0.5\n"})
    problems = {f["file_id"]: bool(f["problem"]) for f in out["manifest"]["files"]}
    checks.expect("a broken UEM", problems == {"a": True, "b_ch1": False}, problems)
    checks.expect("is named", not_fitting(out)["unreadable_uem"] == ["a.uem"] and not out["complete"])


def test_durations(bench, checks):
    """What a header says is believed only where it can be."""
    whole = wav_bytes(3)
    long = whole[:40] + struct.pack("<I", 1 << 30) + whole[44:]
    files = {
        "whole.wav": whole,
        "cut.wav": whole[: 44 + 2 * RATE],
        "lie.wav": long,
        "wide.wav": wav_bytes(1.5, 2, 8000),
        "short.wav": wav_bytes(0.25),
    }
    wanted = {"whole": 3, "cut": 1, "lie": 3, "wide": 1.5, "short": 0.25}
    out = dataset(bench, {**files, "all.rttm": "".join(rttm(i, (0, 0.2, "x")) for i in wanted)})
    found = {f["file_id"]: f["duration"] for f in out["manifest"]["files"]}
    checks.expect("durations", all(abs(found[i] - s) < 1e-3 for i, s in wanted.items()), found)
    total = out["manifest"]["stats"]["duration_s"]
    checks.expect("their sum", abs(total - sum(wanted.values())) < 5e-3, total)


# ---- hash and statistics ----------------------------------------------------------------------------


def blocks(data):
    """What of a recording goes into its hash."""
    size, block, num = len(data), 16384, 64
    if size <= block * num:
        return data
    step = (size - block) // (num - 1)
    return b"".join(data[step * i : step * i + block] for i in range(num))


def file_hash(audio, turns, regions=None):
    parts = ["reference"]
    parts += [f"{round(s * 1e6)} {round(e * 1e6)} {who}" for s, e, who in sorted(turns)]
    parts += (
        ["no uem"]
        if regions is None
        else ["uem", *(f"{round(s * 1e6)} {round(e * 1e6)}" for s, e in sorted(regions))]
    )
    parts += [f"audio {len(audio)} {hashlib.sha256(blocks(audio)).hexdigest()}"]
    return hashlib.sha256(b"".join(p.encode() + b"\0" for p in parts)).hexdigest()


def selection_hash(files):
    parts = ["diarist selection 1", *(f"{i} {h}" for i, h in sorted(files.items()))]
    return hashlib.sha256(b"".join(p.encode() + b"\0" for p in parts)).hexdigest()


def test_hash(bench, checks):
    turns = {"a": TURNS, "b": ((0.0, 0.25, "x"), (0.3, 0.75, "y"), (0.3, 0.75, "x"), (0.7, 1.0, "x"))}
    audio = {"a": wav_bytes(1), "b": wav_bytes(40)}  # the second one is larger than all blocks
    files = {f"{i}.wav": audio[i] for i in audio}
    files |= {f"{i}.rttm": rttm(i, *turns[i]) for i in turns}
    files["b.uem"] = "b 1 0.5 0.9\nb 1 0.1 0.4\n"

    def hash_of(files, **fields):
        return dataset(bench, files, **fields)["manifest"]["selection_hash"]

    wanted = selection_hash(
        {
            "a": file_hash(audio["a"], turns["a"]),
            "b": file_hash(audio["b"], turns["b"], [(0.1, 0.4), (0.5, 0.9)]),
        }
    )
    checks.expect("by its definition", hash_of(files) == wanted)
    rest = {k: v for k, v in files.items() if not k.endswith(".rttm")}
    moved = {
        **rest,
        "all.rttm": ";; one for all\n" + rttm("b", *reversed(turns["b"])) + rttm("a", *turns["a"]),
    }
    checks.expect("of what is said, not how", hash_of(moved, name="another") == wanted)
    old = bench.folder / "d" / "a.wav"
    os.utime(old, (1, 1))
    checks.expect(
        "not of times", bench.check(BENCH_DATASETS_FILE="x.json")["manifest"]["selection_hash"] == wanted
    )
    middle = bytearray(audio["b"])
    middle[(len(middle) - 16384) // 63 * 31 + 5] ^= 1
    changes = {
        "a turn": {"a.rttm": rttm("a", (0.1, 0.601, "anna"), TURNS[1])},
        "a speaker": {"a.rttm": rttm("a", (0.1, 0.6, "ben"), TURNS[1])},
        "a region": {"b.uem": "b 1 0.1 0.8\n"},
        "samples": {"b.wav": bytes(middle)},
        "a length": {"a.wav": wav_bytes(1.1)},
    }
    for what, change in changes.items():
        checks.expect(f"another one for {what}", hash_of({**files, **change}) != wanted)
    added = {"c.wav": wav_bytes(), "c.rttm": rttm("c", *TURNS)}
    checks.expect("another one for a file", hash_of({**files, **added}) != wanted)


def test_statistics(bench, checks):
    files = {
        "a.wav": wav_bytes(1),
        "b.wav": wav_bytes(2),
        "a.rttm": rttm("a", (0, 0.5, "x"), (0.4, 1.0, "y")),
        # A speaker who talks over itself is one.
        "b.rttm": rttm("b", (0, 1, "x"), (0.5, 1.5, "x"), (1.4, 1.6, "y"), (1.5, 2, "z")),
    }
    stats = dataset(bench, files)["manifest"]["stats"]
    wanted = {
        "num_files": 2,
        "num_turns": 6,
        "duration_s": 3,
        "hours": 3 / 3600,
        "speech_s": 3,
        "overlap_share": (0.1 + 0.2) / 3,
    }
    for key, value in wanted.items():
        checks.expect(key, abs(stats[key] - value) < 1e-6, stats)
    speakers = {"min": 2, "mean": 2.5, "max": 3, "histogram": {"2": 1, "3": 1}}
    checks.expect("speakers", stats["speakers"] == speakers, stats)


# ---- the project's own data -------------------------------------------------------------------------


def test_shared(bench, checks, shared):
    counts = {"sim": (16, True), "real": (13, False), "nonspeech": (16, True)}
    listed = json.loads((ROOT / "config" / "datasets.shared.json").read_text())
    for entry in listed:
        entry.update(
            {k: str(shared / "data" / entry["dataset_id"]) for k in ("audio_dir", "rttm_dir", "uem_dir")}
        )
    (bench.folder / "shared.json").write_text(json.dumps(listed))
    for name, (num, complete) in counts.items():
        out = bench.check(name, BENCH_DATASETS_FILE="shared.json")
        checks.expect(f"{name}: all", out["manifest"]["stats"]["num_files"] == num, out)
        checks.expect(f"{name}: complete", out["complete"] is complete, out["manifest"]["matching"])
        one = all(
            f["audio"].rsplit("/", 1)[1].split(".")[0] == f["rttm_id"]
            and f["rttm"].endswith(f"/{f['rttm_id']}.rttm")
            and f["uem_id"] == f["rttm_id"]
            for f in out["manifest"]["files"]
        )
        checks.expect(f"{name}: its own", one, out["manifest"]["files"])


def main():
    shared = pathlib.Path(os.environ.get("DIARIST_SHARED") or ROOT.parent / "shared")
    functions = [test_layout, test_bind, test_lists, test_matches, test_uems, test_durations, test_hash]
    functions.append(test_statistics)
    if (shared / "data").is_dir():
        functions.append(lambda bench, checks: test_shared(bench, checks, shared.resolve()))
    test(sys.argv[1], functions)


if __name__ == "__main__":
    main()
