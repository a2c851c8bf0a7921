#!/usr/bin/env python3
"""test_symbols.py - the shared library exports the listed functions and nothing else.
SPDX-License-Identifier: MIT

usage: test_symbols.py LIBRARY INCLUDE_DIRECTORY

symbols.txt is the promise; the headers must declare the same names.
"""

import pathlib
import re
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from harness import Checks, run, told  # noqa: E402

HERE = pathlib.Path(__file__).parent
# What the sanitizers' run-time adds to a library built with them.
SANITIZER = re.compile(r"__(asan|ubsan|tsan|lsan|sanitizer|odr_asan)_|__start_|__stop_")

# Headers of libraries beside this one: the benchmark protocol.
OF_OTHERS = {"bench.h"}


def declared(headers):
    text = "".join(header.read_text(encoding="utf-8") for header in headers)
    text = re.sub(r"/\*.*?\*/", "", text, flags=re.S)
    return set(re.findall(r"^DIARIST_API[^;(]*?(\w+)\(", text, re.M))


def main():
    library, include = sys.argv[1], pathlib.Path(sys.argv[2])
    checks = Checks()
    done = run("nm", "-D", "--defined-only", library)
    checks.expect("nm", done.returncode == 0, told(done))
    exported = {line.split()[-1].split("@")[0] for line in done.stdout.splitlines()}
    exported = {name for name in exported if not SANITIZER.match(name)}
    listed = (HERE / "symbols.txt").read_text(encoding="utf-8").split()
    checks.expect("symbols.txt is sorted, each once", listed == sorted(set(listed)))
    headers = [path for path in include.glob("*/*.h") if path.name not in OF_OTHERS]
    for what, names in (("exported", exported), ("declared", declared(headers))):
        lacking, more = set(listed) - names, names - set(listed)
        checks.expect(f"listed but not {what}", not lacking, "\n".join(sorted(lacking)))
        checks.expect(f"{what} but not listed", not more, "\n".join(sorted(more)))
    checks.expect("all are diarist_*", all(name.startswith("diarist_") for name in listed))
    checks.finish()


if __name__ == "__main__":
    main()
