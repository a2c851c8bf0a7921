#!/usr/bin/env python3
"""run.py - runs the cases of the command line, each in an empty folder of its own.
SPDX-License-Identifier: MIT

usage: run.py PROGRAM EXAMPLES_DIRECTORY [--no-model] [--sanitized] FILE.case...

A case file is lines `key: value`; `[name]` begins a case; what stands before the first case holds for
all of the file; # begins a comment.

    run: COMMAND          for sh; `diarist` is PROGRAM; names of fixtures (below) are there as files
    exit: N               default 0
    out: REGEX            somewhere in standard output (^ and $ at every line); may be repeated
    not out: REGEX        nowhere in it
    err: REGEX            the same of standard error
    lines: N              lines on standard error: by default 1 after a failure, else any with err:
    file: PATH [REGEX]    is there, and holds this
    no file: PATH         is not
    needs: WORD...        model; no model; groff; plain: a program at full speed,
                          without sanitizers
    terminal: yes         standard error is a terminal
    as: nobody            another user, when root runs this
    interrupt: REGEX      SIGINT once standard error holds this

Rules for all cases: nothing on standard output unless `out:` says so; nothing on standard error after
success unless `err:` does; every line of an error is `diarist: what; what to do` (usage errors may
leave the second half to the first); no colours; no temporary file is left over.

Exit code: 0, 1 when a case failed, 77 when all were skipped.
"""

import array
import contextlib
import json
import os
import pathlib
import pty
import re
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import threading
import wave

REPEATED = {"out", "not out", "err", "file", "no file"}
SINGLE = {"run", "exit", "lines", "needs", "terminal", "as", "interrupt"}
TIMEOUT_S = 300 if "--sanitized" in sys.argv else 60
COLOUR = re.compile(r"\x1b\[[0-9;]*m")
NOBODY = 65534
RATE = 16000


def read_cases(path):
    """[(name, {key: value or [values]})]"""
    common, cases, keys = {}, [], None
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        if line.startswith("["):
            keys = {key: value[:] if isinstance(value, list) else value for key, value in common.items()}
            cases.append((line.strip()[1:-1], keys))
            continue
        key, colon, value = line.partition(":")
        target, value = common if keys is None else keys, value.strip()
        if key in REPEATED:
            target.setdefault(key, []).append(value)
        elif key in SINGLE and colon:
            target[key] = value
        else:
            sys.exit(f"{path}:{number}: not a line of a case: {line}")
    return cases


# ---- fixtures: made of the example recording, whose turns are exact ------------------------------


def write_wav(path, *channels):
    frames = array.array("h", [sample for frame in zip(*channels) for sample in frame])
    with wave.open(str(path), "wb") as file:
        file.setparams((len(channels), 2, RATE, 0, "NONE", ""))
        file.writeframes(frames.tobytes())


def write_bare_model(path):
    """A model file with all that describes one, and a tensor that no network asks for."""
    metadata = {"architecture": "diarist/default-1", "cluster_threshold": "0.5", "verify_threshold": "0.5"}
    tensor = {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}
    header = json.dumps({"__metadata__": metadata, "x": tensor}).encode()
    header += b" " * (-len(header) % 8)
    path.write_bytes(struct.pack("<Q", len(header)) + header + struct.pack("<f", 1))


def make_fixtures(folder, examples):
    """talk: 20 s, anna, ben, colin, ben. stereo: anna left, ben right. long: 6 minutes. bare: a model
    without networks."""
    command = ["ffmpeg", "-v", "error", "-nostdin", "-i", examples / "conversation.flac"]
    command += ["-f", "s16le", "-"]
    done = subprocess.run(command, capture_output=True, check=True)
    all_ = array.array("h", done.stdout)

    def second(start, end):
        return all_[int(start * RATE) : int(end * RATE)]

    talk, anna, ben = second(0, 20), second(0.8, 6.1), second(6.7, 12)
    write_wav(folder / "talk.wav", talk)
    (folder / "talk.raw").write_bytes(talk.tobytes())
    write_wav(folder / "anna.wav", anna)
    write_wav(folder / "ben.wav", ben)
    write_wav(folder / "colin.wav", second(81.2, 85.6))
    write_wav(folder / "anna2.wav", second(94.97, 99.7))
    write_wav(folder / "stereo.wav", anna, ben)
    write_wav(folder / "silence.wav", array.array("h", [0] * 3 * RATE))
    write_wav(folder / "long.wav", all_ + all_ + all_)
    (folder / "cut.wav").write_bytes((folder / "talk.wav").read_bytes()[:-100000])
    (folder / "empty.wav").write_bytes(b"")
    (folder / "notes.txt").write_text("these are notes, not audio\n")
    write_bare_model(folder / "bare.safetensors")
    shutil.copy(examples / "conversation.rttm", folder)
    shutil.copy(examples / "conversation.flac", folder)
    (folder / "broken.rttm").write_text("SPEAKER a 1 0.0 1.0 <NA> <NA> x <NA> <NA>\nSPEAKER a 1 zero\n")


# ---- one case -------------------------------------------------------------------------------------


def become_nobody():
    os.setgroups([])
    os.setgid(NOBODY)
    os.setuid(NOBODY)


def environment(program, folder):
    """Nothing of whoever runs the tests, but what sanitizers need."""
    kept = {k: v for k, v in os.environ.items() if k.endswith("SAN_OPTIONS")}
    path = f"{program.parent}:{os.environ['PATH']}"
    return {**kept, "PATH": path, "HOME": str(folder), "TERM": "xterm"}


class Reader(threading.Thread):
    """Collects one stream and tells when a text has come."""

    def __init__(self, stream, awaited, reached):
        super().__init__(daemon=True)
        self.stream, self.awaited, self.reached, self.data = stream, awaited, reached, b""
        self.start()

    def run(self):
        try:
            while chunk := os.read(self.stream, 65536):
                self.data += chunk
                if self.awaited and re.search(self.awaited.encode(), self.data):
                    self.awaited = None
                    self.reached()
        except OSError:  # a terminal that has been left
            pass

    def text(self):
        self.join(TIMEOUT_S)
        os.close(self.stream)
        return self.data.decode("utf-8", "replace").replace("\r\n", "\n")


def execute(keys, program, folder):
    """(exit code, standard output, standard error)"""
    out_read, out_write = os.pipe()
    err_read, err_write = pty.openpty() if keys.get("terminal") else os.pipe()
    process = subprocess.Popen(
        ["sh", "-c", keys["run"]],
        cwd=folder,
        env=environment(program, folder),
        stdin=subprocess.DEVNULL,
        stdout=out_write,
        stderr=err_write,
        start_new_session=True,
        preexec_fn=become_nobody if "as" in keys and os.getuid() == 0 else None,
    )
    os.close(out_write)
    os.close(err_write)

    def interrupt():
        os.killpg(process.pid, signal.SIGINT)

    out, err = Reader(out_read, None, None), Reader(err_read, keys.get("interrupt"), interrupt)
    try:
        code = process.wait(TIMEOUT_S)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        code = f"none within {TIMEOUT_S} s"
        process.wait()
    with contextlib.suppress(ProcessLookupError):  # what the command left running
        os.killpg(process.pid, signal.SIGKILL)
    return code, out.text(), err.text()


def check_texts(keys, out, err):
    for key, what, text in (("out", "standard output", out), ("err", "standard error", err)):
        for pattern in keys.get(key, []):
            if not re.search(pattern, text, re.M):
                yield f"{what} lacks /{pattern}/"
    for pattern in keys.get("not out", []):
        if re.search(pattern, out, re.M):
            yield f"standard output holds /{pattern}/"
    if out and "out" not in keys:
        yield "there is standard output"
    if COLOUR.search(out + err):
        yield "there are colours"


def check_errors(keys, code, err):
    lines = err.splitlines()
    failed = code not in (0, 130)
    if "lines" in keys or failed:
        expected = int(keys.get("lines", 1))
        if len(lines) != expected:
            yield f"standard error has {len(lines)} lines, not {expected}"
    elif lines and "err" not in keys:
        yield "there is standard error"
    for line in lines if failed else []:
        if not re.fullmatch(r"diarist: .+" if code == 2 else r"diarist: [^;]+; .+", line):
            yield f"not the form of an error: {line}"


def check_files(keys, folder):
    for value in keys.get("file", []):
        name, _, pattern = value.partition(" ")
        path = folder / name
        if not path.is_file():
            yield f"{name} is not there"
        elif pattern and not re.search(pattern, path.read_text(errors="replace"), re.M):
            yield f"{name} lacks /{pattern}/: {path.read_text(errors='replace')[:500]}"
    for name in keys.get("no file", []):
        if (folder / name).exists():
            yield f"{name} is there"
    for path in folder.rglob("*"):
        if path.name.startswith(".diarist") or path.name.endswith(".part"):
            yield f"{path.name} is left over"


def run_case(keys, program, fixtures):
    """What is wrong, as a list, and what the program said."""
    with tempfile.TemporaryDirectory() as root:
        folder = pathlib.Path(root)
        for fixture in fixtures.iterdir():
            if re.search(rf"(?<![\w.]){re.escape(fixture.name)}\b", keys["run"]):
                shutil.copy(fixture, folder)
        folder.chmod(0o755)
        code, out, err = execute(keys, program, folder)
        wrong = [*check_texts(keys, out, err), *check_errors(keys, code, err), *check_files(keys, folder)]
        if str(code) != keys.get("exit", "0"):
            wrong.insert(0, f"exit code {code}, not {keys.get('exit', '0')}")
    return wrong, f"stdout: {out[:1500]}\nstderr: {err[:1500]}"


def lacking(keys, options, program):
    """Why the case cannot be run here; None when it can."""
    there = {
        "model": "--no-model" not in options,
        "no-model": "--no-model" in options,
        "plain": "--sanitized" not in options,
        "groff": shutil.which("groff"),
    }
    for need in keys.get("needs", "").replace("no model", "no-model").split():
        if not there[need]:
            return f"needs {need}"
    if "as" in keys and os.getuid() == 0:
        try:
            subprocess.run([program, "--help"], capture_output=True, preexec_fn=become_nobody)
        except PermissionError:
            return "nobody may not run the program"
    return None


def main():
    options = [a for a in sys.argv[1:] if a.startswith("--")]
    program, examples, *files = [pathlib.Path(a) for a in sys.argv[1:] if not a.startswith("--")]
    program = program.resolve()
    if not shutil.which("ffmpeg"):
        print("skipped: the recordings of these tests are made with ffmpeg, which is not there")
        sys.exit(77)
    counts = {"passed": 0, "failed": 0, "skipped": 0}
    with tempfile.TemporaryDirectory() as root:
        fixtures = pathlib.Path(root)
        make_fixtures(fixtures, examples)
        for path in files:
            for name, keys in read_cases(path):
                why = lacking(keys, options, program)
                if why:
                    counts["skipped"] += 1
                    print(f"skipped: {name}: {why}")
                    continue
                wrong, said = run_case(keys, program, fixtures)
                counts["failed" if wrong else "passed"] += 1
                if wrong:
                    print(f"FAILED {path.name} [{name}] {keys['run']}")
                    print("".join(f"  {line}\n" for line in wrong) + said)
    print(", ".join(f"{number} {what}" for what, number in counts.items()))
    sys.exit(1 if counts["failed"] else 0 if counts["passed"] else 77)


if __name__ == "__main__":
    main()
