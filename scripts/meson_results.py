#!/usr/bin/env python3
"""meson_results.py - what `meson test` found: failures with their output, and the counts.
SPDX-License-Identifier: MIT

usage: meson_results.py BUILD_DIRECTORY
"""

import json
import os
import sys

OUTPUT_LINES = 60


def main():
    try:
        with open(
            os.path.join(sys.argv[1], "meson-logs", "testlog.json"), encoding="utf-8"
        ) as file:
            tests = [json.loads(line) for line in file if line.strip()]
    except FileNotFoundError:
        tests = []
    good = [t for t in tests if t["result"] in ("OK", "EXPECTEDFAIL")]
    skipped = [t for t in tests if t["result"] == "SKIP"]
    bad = [t for t in tests if t not in good and t not in skipped]
    for test in sorted(tests, key=lambda t: -t["duration"]):
        print(f"{test['result']:8} {test['duration']:7.2f} s  {test['name']}")
    for test in bad:
        print(f"\nFAILED {test['name']}: {test['result']}, exit status {test['returncode']}")
        text = test.get("stdout", "") + test.get("stderr", "")
        print("\n".join(text.splitlines()[-OUTPUT_LINES:]))
    if not tests:
        print("meson ran no test")
    failed = len(bad) + (not tests)
    print(f"{len(good)} passed, {failed} failed, {len(skipped)} skipped")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
