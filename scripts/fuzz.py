#!/usr/bin/env python3
"""fuzz.py - runs every libFuzzer target for a while, two at a time; a finding fails.
SPDX-License-Identifier: MIT

usage: fuzz.py BUILD_DIRECTORY SECONDS

A target fuzz_X starts from tests/fuzz/corpus/X and what tests/fuzz/make_corpus.py makes for it in
BUILD_DIRECTORY/seeds/X, as far as they exist. What it finds interesting goes to
BUILD_DIRECTORY/corpus/X and is used again; inputs that break it to BUILD_DIRECTORY/findings.
"""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
FUZZ = os.path.join(ROOT, "tests", "fuzz")
INPUT_TIMEOUT_S, MEMORY_MB, AT_ONCE = 10, 1024, 2


def targets(build):
    folder = os.path.join(build, "tests", "fuzz")
    paths = [
        os.path.join(folder, name)
        for name in sorted(os.listdir(folder))
        if name.startswith("fuzz_")
    ]
    return [path for path in paths if os.path.isfile(path) and os.access(path, os.X_OK)]


def fuzz(build, path, seconds):
    """(exit status, output)"""
    name = os.path.basename(path).removeprefix("fuzz_")
    corpus = os.path.join(build, "corpus", name)
    findings = os.path.join(build, "findings")
    os.makedirs(corpus, exist_ok=True)
    os.makedirs(findings, exist_ok=True)
    seeds = [os.path.join(FUZZ, "corpus", name), os.path.join(build, "seeds", name)]
    run = subprocess.run(
        [
            path,
            f"-max_total_time={seconds}",
            f"-timeout={INPUT_TIMEOUT_S}",
            f"-rss_limit_mb={MEMORY_MB}",
            f"-artifact_prefix={findings}/{name}-",
            "-print_final_stats=1",
            corpus,
            *filter(os.path.isdir, seeds),
        ],
        capture_output=True,
        text=True,
        errors="replace",
    )
    return run.returncode, run.stdout + run.stderr


def main():
    build, seconds = sys.argv[1], sys.argv[2]
    paths, failed = targets(build), 0
    seeds = os.path.join(build, "seeds")
    subprocess.run([sys.executable, os.path.join(FUZZ, "make_corpus.py"), seeds], check=True)
    with ThreadPoolExecutor(max_workers=AT_ONCE) as pool:
        for path, (status, output) in zip(
            paths, pool.map(lambda p: fuzz(build, p, seconds), paths)
        ):
            runs = [
                line.split()[-1]
                for line in output.splitlines()
                if "number_of_executed_units" in line
            ]
            print(
                f"{os.path.basename(path)}: exit status {status}, {runs[0] if runs else 'no'} runs"
            )
            if status:
                failed += 1
                print("\n".join(output.splitlines()[-60:]))
    if not paths:
        failed = 1
        print(f"there is no fuzzer in {build}/tests/fuzz")
    print(f"{len(paths) - failed if paths else 0} passed, {failed} failed, 0 skipped")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
