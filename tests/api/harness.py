"""harness.py - what the tests of the API share: running programs, counting, skipping.
SPDX-License-Identifier: MIT
"""

import subprocess
import sys

SKIPPED = 77  # what meson takes for "skipped"


class Checks:
    """Prints what is wrong; ends the test with the sum."""

    def __init__(self):
        self.good, self.bad = 0, 0

    def expect(self, what, condition, detail=""):
        if condition:
            self.good += 1
            return
        self.bad += 1
        print(f"FAILED {what}\n{detail}")

    def finish(self):
        print(f"{self.good} checks passed, {self.bad} failed")
        sys.exit(1 if self.bad else 0)


def skip(why):
    print(f"skipped: {why}")
    sys.exit(SKIPPED)


def run(*command, **options):
    return subprocess.run(
        [str(part) for part in command], capture_output=True, text=True, timeout=300, **options
    )


def told(done):
    """A finished program for a failure's detail."""
    return f"exit code {done.returncode}\n{done.stdout[-2000:]}{done.stderr[-2000:]}"
