#!/usr/bin/env python3
"""check_includes.py - the include law: arrows point downward, no circles, headers stand alone.
SPDX-License-Identifier: MIT

usage: check_includes.py [ROOT]

LAW below says what the files of a folder may include, besides their own folder and the system's
headers; it is the table of ARCHITECTURE.md. Every header is also compiled alone (the public ones as
C17 and as C++17).
"""

import os
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

PUBLIC = ["include/diarist/"]
NOUNS = ["include/diarist/diarist.h", "src/types.h"]
BASE = ["src/base/", *NOUNS]
STAGES = ["features", "segmentation", "embedding", "clustering", "reconstruct"]
STAGE = ["src/nn/", "src/kernels/", "src/features/windows.h", *BASE]
FILES = ["src/document.h", "include/diarist/io.h", *BASE]

# folder or file: what it may include. The longest match rules.
LAW = {
    "include/": PUBLIC,
    "src/types.h": BASE,
    "src/document": FILES,
    "src/base/": NOUNS[:1],
    "src/kernels/": ["src/base/cpu.h", *NOUNS[:1]],
    "src/nn/": ["src/kernels/", *BASE],
    **{f"src/{stage}/": STAGE for stage in STAGES},
    "src/pipeline/": [*(f"src/{stage}/" for stage in STAGES), *STAGE],
    "src/live/": [
        "src/pipeline/",
        *(f"src/{stage}/" for stage in STAGES),
        "include/diarist/stream.h",
        "include/diarist/profile.h",
        *STAGE,
    ],
    "src/audio/": FILES,
    "src/import/": ["src/nn/weights.h", "include/diarist/io.h", *BASE],
    "src/input/": FILES,
    "src/output/": FILES,
    "src/identity/": [
        "src/input/input.h",
        "src/input/json_values.h",
        "src/output/json_writer.h",
        "src/output/sink.h",
        "include/diarist/profile.h",
        *FILES,
    ],
    "src/score/": ["src/input/input.h", "include/diarist/score.h", *FILES],
    "src/api": [
        *(f"src/{folder}/" for folder in ("pipeline", "audio", "import", "input", "output", "score")),
        "include/diarist/score.h",
        *FILES,
    ],
    "common/": PUBLIC,
    "server/": ["common/", *PUBLIC],
    "cli/": ["common/", "server/server.h", *PUBLIC],
    "examples/": PUBLIC,
    "tests/": ["src/", "common/", "cli/", "bench/", "server/", *PUBLIC],
    "bench/": ["common/", *PUBLIC],
    "bench/peers/": ["src/", *PUBLIC],
    "bench/peak.c": ["src/", *PUBLIC],
    "bench/queue.c": ["src/", *PUBLIC],
    "bench/streams.c": ["src/", *PUBLIC],
}
GENERATED = ["nn/embedded_model.h", "import/originals_table.h", "bench_scripts.h",
             "openapi_components.h"]  # by the build
SEARCH = ["include", "src", "."]
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')
WARNINGS = ["-Wall", "-Wextra", "-Wstrict-prototypes", "-Werror"]


def sources(root):
    for top in ("include", "src", "common", "cli", "examples", "tests", "bench", "server"):
        for folder, _, names in os.walk(os.path.join(root, top)):
            for name in sorted(names):
                if name.endswith((".c", ".h")):
                    yield os.path.relpath(os.path.join(folder, name), root)


def includes(root, path):
    """(line, name, repository path or None) of each include of path that is not the system's."""
    with open(os.path.join(root, path), encoding="utf-8") as file:
        for number, line in enumerate(file, 1):
            found = INCLUDE.match(line)
            if not found:
                continue
            quoted, name = found[1] == '"', found[2]
            places = ([os.path.dirname(path)] if quoted else []) + SEARCH
            places = [os.path.normpath(os.path.join(place, name)) for place in places]
            target = next(
                (place for place in places if os.path.isfile(os.path.join(root, place))), None
            )
            if target or quoted:
                yield number, name, target


def law_of(path):
    return max((key for key in LAW if path.startswith(key)), key=len, default=None)


def violations(root, graph):
    for path, targets in graph.items():
        key = law_of(path)
        if key is None:
            yield f"{path}: no floor of ARCHITECTURE.md holds this file; add it to LAW"
            continue
        own = os.path.dirname(path) + "/" if key.endswith("/") else None
        for number, name, target in targets:
            if target is None:
                if name not in GENERATED:
                    yield f"{path}:{number}: no such header: {name}"
            elif not (own and target.startswith(key)) and not any(
                target.startswith(a) for a in LAW[key]
            ):
                yield f"{path}:{number}: {key} may not include {target}"


def circles(graph):
    done, trail = set(), []

    def visit(path):
        if path in trail:
            yield "circle: " + " -> ".join(trail[trail.index(path) :] + [path])
        elif path not in done:
            trail.append(path)
            for _, _, target in graph.get(path, []):
                if target and target != path:
                    yield from visit(target)
            trail.pop()
            done.add(path)

    for path in graph:
        yield from visit(path)


def folder_circles(graph):
    """Two folders of the library that include each other, which no single file shows."""
    edges = {
        (os.path.dirname(a), os.path.dirname(b))
        for a, targets in graph.items()
        for _, _, b in targets
        if b and a.startswith("src/") and b.startswith("src/")
    }
    for a, b in sorted(edges):
        # src/ itself holds both the nouns and the API: only its files are checked.
        if a < b and (b, a) in edges and "src" not in (a, b) and not b.startswith(a):
            yield f"circle of folders: {a} <-> {b}"


def compile_alone(root, path):
    """Error text, or None."""
    ways = [["gcc", "-x", "c", "-std=gnu17"]]
    if path.startswith("include/"):
        ways = [
            ["gcc", "-x", "c", "-std=c17", "-pedantic"],
            ["g++", "-x", "c++", "-std=c++17", "-pedantic"],
        ]
    for way in ways:
        warnings = [w for w in WARNINGS if way[0] != "g++" or w != "-Wstrict-prototypes"]
        run = subprocess.run(
            [*way, *warnings, "-I.", *(f"-I{place}" for place in SEARCH), "-fsyntax-only", "-"],
            cwd=root,
            input=f'#include "{path}"\n',
            capture_output=True,
            text=True,
        )
        if run.returncode:
            return f"{path}: does not compile alone ({' '.join(way)}):\n{run.stderr.strip()}"
    return None


def main():
    root = (
        sys.argv[1]
        if len(sys.argv) > 1
        else os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    )
    graph = {path: list(includes(root, path)) for path in sources(root)}
    # Templates are included several times with macros set; they are no headers.
    headers = [p for p in graph if p.endswith(".h") and not p.endswith("_template.h")]
    with ThreadPoolExecutor(max_workers=2) as pool:
        alone = [
            error for error in pool.map(lambda path: compile_alone(root, path), headers) if error
        ]
    law = [*violations(root, graph), *circles(graph), *folder_circles(graph)]
    for text in law + alone:
        print(text)
    print(f"{len(graph)} files, {len(headers)} headers alone")
    # One test for the law over the whole tree, and one per header.
    failed = len(alone) + bool(law)
    print(f"{len(headers) + 1 - failed} passed, {failed} failed, 0 skipped")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
