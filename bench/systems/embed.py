#!/usr/bin/env python3
"""embed.py - the scripts and requirements of the systems as a C table. SPDX-License-Identifier: MIT

usage: embed.py OUTPUT FILE...
"""

import hashlib
import pathlib
import sys

HEAD = """/* Made by bench/systems/embed.py. */
struct bench_script {
    const char *name;
    const unsigned char *bytes; /* [size], and a zero behind them */
    size_t size;
    const char *sha256;
};
"""


def main():
    output, *paths = sys.argv[1:]
    arrays, rows, whole = [], [], hashlib.sha256()
    for i, path in enumerate(map(pathlib.Path, sorted(paths))):
        data = path.read_bytes()
        whole.update(path.name.encode() + b"\0" + data)
        arrays.append(f"static const unsigned char script_{i}[] = {{{','.join(map(str, data))},0}};\n")
        rows.append(f'    {{"{path.name}", script_{i}, {len(data)}, '
                    f'"{hashlib.sha256(data).hexdigest()}"}},\n')
    pathlib.Path(output).write_text(
        HEAD + "".join(arrays) + "static const struct bench_script bench_scripts[] = {\n"
        + "".join(rows) + "};\n" + f'#define BENCH_SCRIPTS_HASH "{whole.hexdigest()[:12]}"\n')


if __name__ == "__main__":
    main()
