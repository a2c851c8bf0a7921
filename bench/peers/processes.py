"""processes.py - runs a program as a user would and says what it took. SPDX-License-Identifier: MIT"""

import json
import os
import signal
import subprocess
import tempfile
import time
from collections import namedtuple

from environments import Unavailable

# peak_mb: the largest resident set
Run = namedtuple("Run", "output cpu_s wall_s peak_mb")


def why(status, error):
    lines = [line.strip() for line in error.splitlines() if line.strip()]
    ended = signal.Signals(-status).name if status < 0 else f"exit status {status}"
    return f"{ended}: {lines[-1][:160]}" if lines else ended


def run(command, requests=()):
    """Run of the whole process, with the requests as lines of JSON on standard input; Unavailable
    when it fails. ru_maxrss begins with the size of the process that starts the program, so this one
    must stay small: whoever scores does it last."""
    with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as error, \
            tempfile.TemporaryFile() as asked:
        asked.write("".join(json.dumps(request) + "\n" for request in requests).encode())
        asked.seek(0)
        start = time.monotonic()
        child = subprocess.Popen([str(part) for part in command], stdin=asked, stdout=output,
                                 stderr=error)
        _, status, usage = os.wait4(child.pid, 0)
        wall_s = time.monotonic() - start
        child.returncode = os.waitstatus_to_exitcode(status)
        texts = []
        for file in (output, error):
            file.seek(0)
            texts.append(file.read().decode("utf-8", "replace"))
    if child.returncode:
        if requests:
            answers(texts[0])
        raise Unavailable(why(child.returncode, texts[1]))
    return Run(texts[0], usage.ru_utime + usage.ru_stime, wall_s, usage.ru_maxrss / 1024)


def answers(output):
    """What a script of bench/systems said, which has failed when it says so."""
    found = [json.loads(line) for line in output.splitlines()]
    for answer in found:
        if "error" in answer:
            raise Unavailable(answer["error"])
    return found


def results(output):
    """The lines that worker.say() printed; the packages print others."""
    return [json.loads(line[7:]) for line in output.splitlines() if line.startswith("result {")]


class Worker:
    """A process that answers each line with the seconds it took (worker.time_network)."""

    def __init__(self, command):
        self.error = tempfile.TemporaryFile()
        self.child = subprocess.Popen([str(part) for part in command], stdin=subprocess.PIPE,
                                      stdout=subprocess.PIPE, stderr=self.error, text=True)

    def ask(self, line):
        try:
            self.child.stdin.write(f"{line}\n")
            self.child.stdin.flush()
        except BrokenPipeError:
            pass  # it has ended; what it said last tells why
        for answer in self.child.stdout:
            if answer.startswith("result {"):
                return results(answer)[0]
        self.error.seek(0)
        raise Unavailable(why(self.child.wait(), self.error.read().decode("utf-8", "replace")))

    def close(self):
        try:
            self.child.stdin.close()
        except BrokenPipeError:
            pass  # a line that the process did not wait for
        self.child.stdout.close()
        self.child.wait()
        self.error.close()
