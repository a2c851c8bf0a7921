#!/usr/bin/env python3
"""make_corpus.py - files for the fuzzers to start from.
SPDX-License-Identifier: MIT

usage: make_corpus.py DIRECTORY

Writes DIRECTORY/weights/*: small model files, valid ones and ones that break one rule each;
DIRECTORY/audio/*: short recordings, with the byte behind them that says how to read them;
DIRECTORY/options/*: command lines, one argument a line, an empty line, config.toml.
"""

import json
import math
import os
import struct
import subprocess
import sys

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
    )
    return {
        f"{i}_{k}": "\n\n".join((line.replace(" ", "\n"), config)).encode()
        for i, line in enumerate(lines)
        for k, config in enumerate(configs)
    }


def main():
    for name, files in (("weights", weights()), ("audio", audio()), ("options", options())):
        folder = os.path.join(sys.argv[1], name)
        os.makedirs(folder, exist_ok=True)
        for file_name, data in files.items():
            with open(os.path.join(folder, file_name), "wb") as file:
                file.write(data)


if __name__ == "__main__":
    main()
