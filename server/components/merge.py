#!/usr/bin/env python3
"""merge.py - what goes to and fro, for /openapi.json, as a C table. SPDX-License-Identifier: MIT

usage: merge.py OUTPUT SCHEMAS FILE...

FILEs are JSON objects of the form of OpenAPI's components. {"$file": NAME} becomes the schema of
that name in the folder SCHEMAS, with "properties" besides its own. Two definitions of a name are an
error.
"""

import json
import pathlib
import sys


def moved(value, place):
    """A schema whose root is now at place."""
    if isinstance(value, list):
        return [moved(item, place) for item in value]
    if not isinstance(value, dict):
        return value
    return {name: f"{place}{item[1:]}" if name == "$ref" and item.startswith("#/")
            else moved(item, place) for name, item in value.items()}


def read(schemas, path):
    components = json.loads(path.read_text())
    for name, schema in components.get("schemas", {}).items():
        if "$file" in schema:
            whole = json.loads((schemas / schema["$file"]).read_text())
            whole.pop("$schema", None)
            whole["properties"].update(schema.get("properties", {}))
            components["schemas"][name] = moved(whole, f"#/components/schemas/{name}")
    return components


def main():
    output, schemas, *paths = sys.argv[1:]
    merged = {}
    for path in map(pathlib.Path, paths):
        for kind, entries in read(pathlib.Path(schemas), path).items():
            for name, entry in entries.items():
                if name in merged.setdefault(kind, {}):
                    sys.exit(f"{path}: {kind}/{name} is defined twice")
                merged[kind][name] = entry
    text = json.dumps(merged, separators=(",", ":"), ensure_ascii=True).encode()
    pathlib.Path(output).write_text(
        "/* Made by server/components/merge.py. */\n"
        f"static const char server_components[] = {{{','.join(map(str, text))},0}};\n")


if __name__ == "__main__":
    main()
