"""program.py - runs the program as a user would and reports what it did and took.
SPDX-License-Identifier: MIT"""

import os
import subprocess
import tempfile
import time
from collections import namedtuple

# status is None when the run had to be stopped at its limit; peak_mb is the largest resident set
Run = namedtuple("Run", "status output error wall_s cpu_s peak_mb")


def peak_of(pid):
    """MB, so far. (ru_maxrss will not do: it begins with the size of the starting process.)"""
    try:
        with open(f"/proc/{pid}/status", encoding="ascii") as file:
            return max(
                (int(line.split()[1]) / 1024 for line in file if line.startswith("VmHWM:")),
                default=0.0,
            )
    except OSError:
        return 0.0


def wait(child, limit_s):
    """(exit status or None, CPU seconds, peak MB)"""
    end, peak, stopped = time.monotonic() + limit_s, 0.0, False
    while True:
        pid, status, usage = os.wait4(child.pid, os.WNOHANG)
        if pid:
            child.returncode = os.waitstatus_to_exitcode(status)
            return None if stopped else child.returncode, usage.ru_utime + usage.ru_stime, peak
        peak = max(peak, peak_of(child.pid))
        if time.monotonic() > end:
            stopped = True
            child.kill()
        time.sleep(0.01)


def run(program, arguments, stdin=subprocess.DEVNULL, environment=None, limit_s=900):
    """stdin: an open file. environment: added to this process's."""
    with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as error:
        start = time.monotonic()
        child = subprocess.Popen(
            [program, *arguments],
            stdin=stdin,
            stdout=output,
            stderr=error,
            env={**os.environ, **(environment or {})},
        )
        status, cpu_s, peak_mb = wait(child, limit_s)
        wall_s, texts = time.monotonic() - start, []
        for file in (output, error):
            file.seek(0)
            texts.append(file.read().decode("utf-8", "replace"))
        return Run(status, *texts, wall_s, cpu_s, peak_mb)


def read_turns(rttm):
    """RTTM text -> [(start, end, speaker)]"""
    turns = []
    for line in rttm.splitlines():
        fields = line.split()
        if len(fields) not in (9, 10) or fields[0] != "SPEAKER":
            raise ValueError(f"not an RTTM line: {line!r}")
        start, duration = float(fields[3]), float(fields[4])
        turns.append((start, start + duration, fields[7]))
    return turns


def closing_line(verdicts, skipped=0):
    """Prints which of verdicts [(passed, text)] failed and the counts for ./check. The status."""
    for passed, text in verdicts:
        if not passed:
            print(f"FAILED {text}")
    failed = sum(not passed for passed, _ in verdicts)
    print(f"{len(verdicts) - failed} passed, {failed} failed, {skipped} skipped")
    return 1 if failed else 0
