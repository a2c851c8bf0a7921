#!/usr/bin/env python3
"""check_style.py - formatting, lengths, banned functions, leftovers; syntax of the scripts.
SPDX-License-Identifier: MIT

usage: check_style.py [ROOT]

Looks at the files that git knows. Needs git, clang-format 14 (other versions format otherwise: that
test is then skipped) and Universal Ctags. Prints the ten longest functions whatever the verdict.
"""

import ast
import os
import re
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

FUNCTION_LINES, KERNEL_LINES, FILE_LINES, COLUMNS = 100, 200, 700, 110
BATCH = 40  # files that are checked by one process
BANNED = re.compile(
    r"\b(strcpy|strcat|sprintf|vsprintf|gets|system|popen|alloca|strtok|rand|srand|atoi|atof)\s*\("
)
IN_TESTS = {"system", "popen"}  # tests start programs
LEFTOVER = re.compile(r"\b(" + "TO" + r"DO|FIX" + r"ME|X" + r"XX)\b")
NOT_CODE = re.compile(r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.S)
CLANG_FORMAT_VERSION = "14."


def run(*command, cwd=None):
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True)


def read(root, path):
    with open(os.path.join(root, path), encoding="utf-8", errors="replace") as file:
        return file.read()


def clang_format():
    """A clang-format of the right version, or None."""
    for name in ("clang-format-14", "clang-format"):
        if (
            shutil.which(name)
            and f"version {CLANG_FORMAT_VERSION}" in run(name, "--version").stdout
        ):
            return name
    return None


def check_format(root, sources):
    tool = clang_format()
    if tool is None:
        return None
    def unformatted(paths):
        """Those of paths; one at a time only where there are any, as each start takes its time."""
        if not run(tool, "--dry-run", "-Werror", *paths, cwd=root).returncode:
            return []
        return paths if len(paths) == 1 else [path for one in paths for path in unformatted([one])]

    batches = [sources[i:i + BATCH] for i in range(0, len(sources), BATCH)]
    with ThreadPoolExecutor() as pool:
        wrong = [path for paths in pool.map(unformatted, batches) for path in paths]
    return [f"{path}: not formatted; run {tool} -i {path}" for path in wrong]


def functions(root, sources):
    """(lines, name, path, line), longest first."""
    out = run(
        "ctags",
        "-x",
        "--languages=C",
        "--langmap=C:.c.h",
        "--kinds-C=f",
        "--_xformat=%N\t%F\t%n\t%e",
        *sources,
        cwd=root,
    ).stdout
    found = []
    for line in out.splitlines():
        name, path, first, last = line.split("\t")
        if last.isdigit():
            found.append((int(last) - int(first) + 1, name, path, int(first)))
    return sorted(found, reverse=True)


def check_function_lengths(root, sources):
    found = functions(root, sources)
    if not found:
        return ["ctags found no function; is it Universal Ctags?"]
    print(f"{len(found)} functions, median {found[len(found) // 2][0]} lines; the longest:")
    for lines, name, path, line in found[:10]:
        print(f"{lines:5} {name} {path}:{line}")
    return [
        f"{path}:{line}: {name} has {lines} lines"
        for lines, name, path, line in found
        if lines > (KERNEL_LINES if path.startswith("src/kernels/") else FUNCTION_LINES)
    ]


def check_file_lengths(root, sources):
    counts = [
        (read(root, path).count("\n"), path) for path in sources if not path.endswith("_tables.c")
    ]
    return [
        f"{path}: {lines} lines, at most {FILE_LINES}"
        for lines, path in counts
        if lines > FILE_LINES
    ]


def check_banned(root, sources):
    found = []
    for path in sources:
        # Comments and strings become blanks, so that line numbers stay.
        code = NOT_CODE.sub(lambda m: re.sub(r"[^\n]", " ", m[0]), read(root, path))
        for number, line in enumerate(code.splitlines(), 1):
            for name in BANNED.findall(line):
                if not (path.startswith("tests/") and name in IN_TESTS):
                    found.append(f"{path}:{number}: {name} is banned")
    return found


def check_leftovers(root, files):
    return [
        f"{path}:{number}: {line.strip()[:80]}"
        for path in files
        for number, line in enumerate(read(root, path).splitlines(), 1)
        if LEFTOVER.search(line)
    ]


def check_scripts(root, files):
    found = []
    for path in files:
        text = read(root, path)
        first = text.split("\n", 1)[0]
        if path.endswith(".py") or (first.startswith("#!") and "python" in first):
            try:
                ast.parse(text, path)
            except SyntaxError as error:
                found.append(f"{path}:{error.lineno}: {error.msg}")
            found += [
                f"{path}:{n}: over {COLUMNS} columns"
                for n, line in enumerate(text.splitlines(), 1)
                if len(line) > COLUMNS
            ]
        elif path.endswith(".sh") or (first.startswith("#!") and first.endswith("sh")):
            shell = "bash" if "bash" in first else "sh"
            result = run(shell, "-n", path, cwd=root)
            if result.returncode:
                found.append(f"{path}: {result.stderr.strip()}")
    return found


def main():
    root = (
        sys.argv[1]
        if len(sys.argv) > 1
        else os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    )
    # "safe.directory": the tree may belong to another user than the one who checks it.
    files = run("git", "-c", f"safe.directory={root}", "ls-files", cwd=root).stdout.splitlines()
    files = [path for path in files if os.path.isfile(os.path.join(root, path))]
    sources = [path for path in files if path.endswith((".c", ".h"))]
    texts = [path for path in files if not path.endswith((".flac", ".wav", ".bin"))]
    results = {
        "format": check_format(root, sources),
        "function lengths": check_function_lengths(root, sources),
        "file lengths": check_file_lengths(root, sources),
        "banned functions": check_banned(root, sources),
        "leftovers": check_leftovers(root, texts),
        "script syntax": check_scripts(root, texts),
    }
    for name, found in results.items():
        print(f"{name}: {'skipped' if found is None else 'FAILED' if found else 'ok'}")
        for text in found or []:
            print(f"  {text}")
    failed, skipped = sum(bool(f) for f in results.values()), sum(
        f is None for f in results.values()
    )
    print(f"{len(results) - failed - skipped} passed, {failed} failed, {skipped} skipped")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
