#!/usr/bin/env python3
"""make_corpus.py - files for the fuzzers to start from.
SPDX-License-Identifier: MIT

usage: make_corpus.py DIRECTORY

Writes DIRECTORY/weights/*: small model files, valid ones and ones that break one rule each;
DIRECTORY/audio/*: short recordings, with the byte behind them that says how to read them;
DIRECTORY/options/*: command lines, one argument a line, an empty line, config.toml;
DIRECTORY/{zip,pickle,checkpoint,npy,onnx}/*: what models are imported from, in small;
DIRECTORY/report/*: a report, texts with paths and tokens, a history; the last byte says which;
DIRECTORY/archive/*: corpora in archives;
DIRECTORY/spec/*: the examples of config/ as specification, list of systems or of datasets.
"""

import io
import json
import math
import os
import struct
import subprocess
import sys
import tarfile
import zipfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "import"))
import originals  # noqa: E402

NAN = struct.unpack("<f", b"\0\0\xc0\x7f")[0]


def model_file(header, data):
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    return struct.pack("<Q", len(text)) + text + data


def entry(dtype, shape, begin, end):
    return {"dtype": dtype, "shape": shape, "data_offsets": [begin, end]}


def weights():
    """{name: bytes}"""
    floats = struct.pack("<4f", 1, -2, 0.5, 1e-40)
    metadata = {"architecture": "diarist/default-1", "author": "Zo\u00eb \U0001f600 \"\\\n"}
    one = {"x": entry("F32", [4], 0, 16)}
    files = {
        "one": model_file(one, floats),
        "metadata": model_file({"__metadata__": metadata, **one}, floats),
        "utf8": model_file(json.dumps({"\u00e9\u20ac\U0001f600": one["x"]}, ensure_ascii=False)
                           .encode(), floats),
        "shapes": model_file({"a": entry("F32", [2, 1], 8, 16), "b": entry("F32", [0, 9], 8, 8),
                              "c": entry("F32", [], 4, 8), "d": entry("I32", [1] * 8, 0, 4)},
                             floats),
        "nan": model_file(one, struct.pack("<4f", 1, 2, NAN, 4)),
        "empty": model_file({}, b""),
        "cut": model_file(one, floats[:-1]),
        "gap": model_file({"x": entry("F32", [1], 12, 16)}, floats),
        "overlap": model_file({**one, "y": entry("F32", [2], 4, 12)}, floats),
        "overflow": model_file({"x": entry("F32", [1 << 32, 1 << 32], 0, 16)}, floats),
        "half": model_file({"x": entry("F16", [8], 0, 16)}, floats),
        "no_header": struct.pack("<Q", 0) + floats,
        "huge_header": struct.pack("<Q", 1 << 40) + floats,
    }
    for dtype, size in (("I64", 8), ("U64", 8), ("U32", 4), ("I16", 2), ("U16", 2), ("I8", 1),
                        ("U8", 1), ("BOOL", 1)):
        files[dtype] = model_file({"x": entry(dtype, [16 // size], 0, 16)}, floats)
    return files


def chunk(name, data, order="<"):
    return name + struct.pack(order + "I", len(data)) + data + b"\0" * (len(data) % 2)


def wav(tag, channels, rate, bits, data, name=b"RIFF", more=b""):
    order = ">" if name == b"RIFX" else "<"
    align = channels * bits // 8 or 256  # of a compressed block
    fmt = struct.pack(order + "HHIIHH", tag, channels, rate, rate * align, align, bits) + more
    body = b"WAVE"
    if name == b"RF64":
        body += chunk(b"ds64", struct.pack("<QQQI", len(data) + 80, len(data), 0, 0))
    body += chunk(b"LIST", b"abc", order) + chunk(b"fmt ", fmt, order)
    body += chunk(b"data", data, order)
    return name + struct.pack(order + "I", len(body)) + body


def mp3():
    """Frames of MPEG-1 layer 3 in which nothing is heard, behind an ID3 tag."""
    return b"ID3\4\0\0\0\0\0\4abcd" + 4 * (b"\xff\xfb\x10\xc0" + bytes(100))


def encoded(extension):
    """A tone as ffmpeg writes it; nothing without ffmpeg."""
    command = ["ffmpeg", "-v", "error", "-f", "lavfi", "-i", "sine=d=0.2:r=16000", "-bitexact"]
    try:
        return subprocess.run(
            [*command, "-f", extension, "-"], capture_output=True, timeout=20, check=False
        ).stdout
    except (OSError, subprocess.TimeoutExpired):
        return b""


def audio():
    """{name: bytes}"""
    sine = [math.sin(i / 5) / 2 for i in range(300)]
    s16 = struct.pack("<300h", *(int(32767 * x) for x in sine))
    f32 = struct.pack("<300f", *sine)
    guid = b"\x16\0\x10\0\4\0\0\0\1\0\0\0\0\0\x10\0\x80\0\0\xaa\0\x38\x9b\x71"
    big = struct.pack(">300h", *(int(32767 * x) for x in sine))
    common = struct.pack(">HIH", 1, 300, 16) + b"\x40\x0c\xfa\0\0\0\0\0\0\0"
    aiff = b"AIFF" + chunk(b"COMM", common, ">") + chunk(b"SSND", bytes(8) + big, ">")
    root = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    with open(os.path.join(root, "examples", "conversation.flac"), "rb") as file:
        flac = file.read(10000)
    files = {
        "s16": wav(1, 1, 16000, 16, s16),
        "stereo_44100": wav(1, 2, 44100, 16, s16),
        "u8": wav(1, 1, 8000, 8, s16),
        "s24": wav(1, 1, 48000, 24, s16),
        "s32": wav(1, 1, 16000, 32, s16),
        "f32": wav(3, 1, 16000, 32, f32),
        "f64": wav(3, 1, 16000, 64, f32),
        "alaw": wav(6, 1, 8000, 8, s16),
        "mulaw": wav(7, 1, 8000, 8, s16),
        "rifx": wav(1, 1, 16000, 16, s16, b"RIFX"),
        "rf64": wav(1, 1, 16000, 16, s16, b"RF64"),
        "extensible": wav(0xFFFE, 1, 16000, 16, s16, more=guid),
        "ima": wav(0x11, 1, 8000, 4, s16, more=struct.pack("<HH", 2, 505)),
        "aiff": b"FORM" + struct.pack(">I", len(aiff)) + aiff,
        "au": b".snd" + struct.pack(">IIIII", 24, len(big), 3, 16000, 1) + big,
        "caf": b"caff\0\1\0\0desc" + struct.pack(">Qd4sIIIII", 32, 8e3, b"lpcm", 0, 2, 1, 1, 16)
        + b"data" + struct.pack(">QI", len(big) + 4, 0) + big,
        "flac": flac,
        "mp3": mp3(),
        "raw": s16,
        "zeros": bytes(100),
        "text": b"#EXTM3U\nother.wav\n",
        "ftyp": b"\0\0\0\x18ftypM4A \0\0\0\0",
    }
    files |= {f"{name}_encoded": encoded(name) for name in ("opus", "mp3", "flac", "w64")}
    hows = {"file": 0, "pipe": 1, "s16le": 2, "f32le": 4, "channel": 8, "part": 96, "little": 129}
    return {
        f"{name}_{how}": data + bytes([byte])
        for name, data in files.items()
        for how, byte in hows.items()
        if how in ("file", "pipe") or name == "stereo_44100"
    }


def options():
    """{name: bytes}"""
    lines = (
        "a.wav -t4 -f rttm,json -o out",
        "diarize --num-speakers=2 --min_duration-on 0.5 --step 1 --preset accurate x.wav",
        "diarize --min-speakers 1 --max-speakers 9 --channels split --start 1:30 --duration 2h a.wav",
        "vad --raw s16le:16000:1 --segments turns.rttm - --quiet",
        "embed --by turn --format csv a.wav b.wav",
        "verify a.wav b.wav --threshold 0.5 --format json",
        "convert a.rttm --from rttm -f srt --exclusive --colors",
        "models --format json --log-level debug",
        "--files-from list --shard 1/3 --resume --jobs 2 --progress json --model small",
        "-hV --help --version --man --completions bash -- -x",
        "--numspeakers 3 --cluster-threshold=nan --threads 1e9 -qt",
    )
    configs = (
        "",
        'threads = 2\nmodel = "default"\nquiet = true\n',
        "# comment\nstep = 2.5 # s\n\nmin-duration-on=0\nexclusive = false\r\n",
        'threads = "2"\n',
        'model = "a\\"b"\n[table]\n',
        'threads = 2\n[serve]\nthreads = 1\nlisten = "127.0.0.1:1"\n[ vad ] # speech\nonset = 0.5\n',
    )
    return {
        f"{i}_{k}": "\n\n".join((line.replace(" ", "\n"), config)).encode()
        for i, line in enumerate(lines)
        for k, config in enumerate(configs)
    }


def pickles():
    """{name: bytes}; storage 0 of fuzz_checkpoint.c has 1024 bytes."""
    def tensors(*shapes, kind="FloatStorage", **how):
        pairs = []
        for i, shape in enumerate(shapes):
            pairs += [originals.text(f"t{i}"), originals.tensor("0", shape, kind=kind, **how)]
        return originals.sequence(pairs, b"u")
    flat = b"\x80\x02}" + tensors((4, 8), (256,), ()) + b"."
    state = originals.call(originals.class_of("collections", "OrderedDict")) + b"q\x05" + tensors((3,))
    foreign = originals.foreign("Task", state=b"}" + originals.text("x") + b"\x8c\x01y\x94s")
    nested = b"\x80\x04\x95\0\0\0\0\0\0\0\0}" + originals.sequence(
        [originals.text("state_dict"), state, originals.text("task"), foreign], b"u") + b"."
    whole = originals.checkpoint({"sincnet.wav_norm1d.weight": ((1,), bytes(4)),
                                  "layer1.0.conv1.weight": ((32, 32, 3, 3), bytes(4))})
    return {
        "flat": flat,
        "nested": nested,
        "halves": b"\x80\x02}" + tensors((8, 2), kind="HalfStorage", strides=[1, 8], offset=3) + b".",
        "lightning": whole[whole.index(b"\x80\x02"):whole.index(b"PK\3\4", 4)],
        "old": b"(dp0\nS'a'\np1\nI1\nsVb\nL2L\nsS'c'\n(lF1.5\nas.",
        "opcodes": b"\x80\x05(K\x01M\x02\0J\xff\xff\xff\xff\x8a\x01\x05\x88\x89NG" + bytes(8)
                   + b"t2\x85\x86]\x94K\x01a(K\x02e0\x8f(K\x01\x90C\x01xB\x01\0\0\0y(\x91h\0.",
        "attack": b"(cos\nsystem\nVx\no(Vy\nios\nsystem\n\x8c\x02os\x8c\x01x\x93)}\x92)R0.",
    }


def zips():
    """{name: bytes}"""
    files = {f"{method}_{name}": originals.zipped(data, {"0": b"a" * 300}, method)
             for name, data in (("empty", b""), ("text", b"hello " * 50)) for method in (0, 8)}
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        with archive.open(zipfile.ZipInfo("x"), "w", force_zip64=True) as entry:
            entry.write(b"abc")
    return {**files, "zip64": file.getvalue()}


def npys():
    """{name: bytes}; the last byte: 1 for an array alone."""
    one = originals.npy((2, 3), struct.pack("<6d", *range(6)))
    others = {"turned": originals.npy((2, 3), struct.pack("<6f", *range(6)), "<f4", True, 2),
              "whole": originals.npy((3,), bytes(24), "<i8"),
              "none": originals.npy((), bytes(8)), "half": originals.npy((2,), bytes(4), "<f2")}
    return {**{name: data + b"\1" for name, data in {"one": one, **others}.items()},
            "npz": originals.npz({"a": one, "b": others["turned"]}) + b"\0",
            "deflated": originals.npz({"a": one}, zipfile.ZIP_DEFLATED) + b"\0"}


def onnxs():
    """{name: bytes}; every weight lies at the start of another file, which is all zeros."""
    network, resnet = originals.segmentation(), originals.resnet34()
    biases = {conv: bytes(4 * shape[0]) for conv, _, shape in originals.convolutions()}
    files = {"computed": originals.segmentation_onnx(network, None, how="shared")}
    for k, anonymous in enumerate((False, True)):
        files[f"segmentation{k}"] = originals.segmentation_onnx(network, bytes(80320), anonymous,
                                                                anonymous, "shared")
        files[f"resnet{k}"] = originals.resnet34_onnx(resnet, None, anonymous, "shared", bytes(1024))[0]
        files[f"folded{k}"] = originals.resnet34_onnx(resnet, biases, anonymous, "shared")[0]
    small = originals.Graph()
    small.constant("w", (2, 2), bytes(16))
    small.add("If", ["c"], then_branch=("g", small.graph()))
    return {**files, "small": small.model()}


def reports():
    """{name: bytes}; what looks like a secret is put together here."""
    score = {"scored": 9, "missed": 1, "false_alarm": 0.5, "confusion": 0, "der": 1 / 6, "jer": 0.2,
             "jer_speakers": 2}
    items = [{"system_id": system, "run_index": 0, "file_id": "f", "status": "ok", "duration": 10,
              "wall_s": 1, "reference_speakers": 2, "predicted_speakers": 3,
              "scores": {"collar_0.25_no_overlap": score, "collar_0_overlap": score}}
             for system in ("a", "b")]
    systems = [{"system_id": "a", "system_versions": ["1"]}, {"system_id": "b"}]
    report = {"schema": "diarist-bench-report/1", "job_id": "job", "systems": systems,
              "run_config": {"n_runs": 1, "systems": systems}, "items": items,
              "dataset_manifest": {"selection_hash": "ab", "files": [{"file_id": "f"}]}}
    secrets = ("gh" + "p_" + "a" * 36 + "\nAPI" + "_KEY=12345678\nhttp://a:bcde" + "@f/\n-----"
               + "BEGIN PRIVATE" + " KEY-----\nAuthorization: Bear" + "er a1b2c3d4e5f6g7h8\n")
    paths = "/data/runs/job/log: no '/home/a b/x', see (/opt/z/y) file:///x/y \"/data/runs/job/z\""
    history = ("created_at,job_id,status,dataset_id,selection_hash,system_id,system_version,n_runs,"
               "cpu_threads,rows_expected,rows_ok,der,der_strict,der_failed_as_missed,jer_strict,"
               "rtf,cpu_rtf,peak_rss_mb,speakers_exact,speakers_within_1,speakers_mae\n")
    history += "x,\"jo\"\"b\",y\nx,job,\"a\n,b\"\n"
    return {"report": json.dumps(report).encode() + b"\0", "secrets": secrets.encode() + b"\1",
            "paths": paths.encode() + b"\2", "history": history.encode() + b"\3"}


def specs():
    """{name: bytes}; of a dataset that the fuzzer knows, and what a system can say of itself."""
    config = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "config")
    out = {}
    for name in sorted(os.listdir(config)):
        kind = {"spec": b"\0", "systems": b"\1", "datasets": b"\2"}[name.split(".")[0]]
        with open(os.path.join(config, name), "rb") as file:
            out[name] = file.read() + kind
            if kind == b"\0":
                out[name] = json.dumps({**json.loads(out[name][:-1]), "dataset_id": "d"}).encode() + kind
    command = {"system_id": "s", "command": ["x", "{wav}", "{{y}}", "{z}"], "version_command": ["x"],
               "params": {"z": 1.5}, "timeout_s": 9, "version": "1"}
    spec = {"dataset_id": "d", "n_runs": 2, "cpu_threads": 1, "limit_files": 3, "systems": [
        command, {"system_id": "t", "definition": "sherpa-onnx", "params": {
            "segmentation_model": "a", "embedding_model": "b", "cluster_threshold": 0.5}}]}
    return {**out, "command": json.dumps(spec).encode() + b"\0",
            "listed": json.dumps([command]).encode() + b"\1"}


def archives():
    """{name: bytes}; one entry leads out, one is a link."""
    files = {"wav/a.wav": b"RIFF" * 40, "\u00e4.rttm": b"SPEAKER a 1 0 1\n", "x/../y": b"z"}
    out = {}
    for name, mode in (("tar", "w"), ("gz", "w:gz"), ("bz2", "w:bz2"), ("xz", "w:xz")):
        memory = io.BytesIO()
        with tarfile.open(fileobj=memory, mode=mode) as archive:
            for path, content in files.items():
                info = tarfile.TarInfo(path)
                info.size = len(content)
                archive.addfile(info, io.BytesIO(content))
            link = tarfile.TarInfo("link.wav")
            link.type, link.linkname = tarfile.SYMTYPE, "/etc/hostname"
            archive.addfile(link)
        out[name] = memory.getvalue()
    memory = io.BytesIO()
    with zipfile.ZipFile(memory, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, content in files.items():
            archive.writestr(path, content)
    return {**out, "zip": memory.getvalue()}


def main():
    seeds = {"weights": weights(), "audio": audio(), "options": options(), "zip": zips(),
             "pickle": pickles(), "checkpoint": pickles(), "npy": npys(), "onnx": onnxs(),
             "report": reports(), "archive": archives(), "spec": specs()}
    for name, files in seeds.items():
        folder = os.path.join(sys.argv[1], name)
        os.makedirs(folder, exist_ok=True)
        for file_name, data in files.items():
            with open(os.path.join(folder, file_name), "wb") as file:
                file.write(data)


if __name__ == "__main__":
    main()
