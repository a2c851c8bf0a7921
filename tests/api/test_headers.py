#!/usr/bin/env python3
"""test_headers.py - every public header alone compiles as strict C17 and C++17.
SPDX-License-Identifier: MIT

usage: test_headers.py INCLUDE_DIRECTORY

With each of gcc, g++, clang, clang++ that is there; at least one C and one C++ compiler must be.
"""

import pathlib
import shutil
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from harness import Checks, run, told  # noqa: E402

WARNINGS = "-Wall -Wextra -pedantic -Werror -fsyntax-only".split()
COMPILERS = {"gcc": "c17", "clang": "c17", "g++": "c++17", "clang++": "c++17"}


def main():
    include = pathlib.Path(sys.argv[1])
    checks = Checks()
    there = [name for name in COMPILERS if shutil.which(name)]
    checks.expect("a C and a C++ compiler", {COMPILERS[name] for name in there} == {"c17", "c++17"})
    with tempfile.TemporaryDirectory() as folder:
        for header in sorted(include.glob("*/*.h")):
            name = header.relative_to(include)
            for compiler in there:
                suffix = ".c" if COMPILERS[compiler] == "c17" else ".cc"
                unit = pathlib.Path(folder, header.stem + suffix)
                # Twice: the guard holds.
                unit.write_text(f"#include <{name}>\n#include <{name}>\nint unused;\n")
                standard = f"-std={COMPILERS[compiler]}"
                done = run(compiler, standard, *WARNINGS, f"-I{include}", unit)
                checks.expect(f"{name} with {compiler}", done.returncode == 0, told(done))
    checks.finish()


if __name__ == "__main__":
    main()
