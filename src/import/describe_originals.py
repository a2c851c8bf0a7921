#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""describe_originals.py MANIFEST HEADER: models/manifest.json as tables for original.c.

Only sets that diarist itself imports: those with mirrors."""

import json
import sys

FIELDS = ("path", "sha256", "license", "attribution", "source")


def text(value):
    """A C string."""
    return json.dumps(value, ensure_ascii=True)


def names(key, original):
    listed = ", ".join(map(text, [original["path"], *original["also"]]))
    return f"static const char *const {key}_names[] = {{{listed}, NULL}};"


def row(part, key, original):
    fields = "".join(f", .{field} = {text(original[field])}" for field in FIELDS)
    return (f"    {{.part = {text(part)}{fields}, .num_bytes = {original['bytes']}u, "
            f".names = {key}_names}},")


def describe(name, entry):
    """The lines of one set."""
    key = "".join(c if c.isalnum() else "_" for c in name)
    parts = entry["originals"].items()
    return [
        *(names(f"{key}_{part}", original) for part, original in parts),
        f"static const diarist_original {key}_originals[] = {{",
        *(row(part, f"{key}_{part}", original) for part, original in parts),
        "};",
        f"static const char *const {key}_mirrors[] = {{",
        *(f"    {text(mirror)}," for mirror in entry["mirrors"]),
        "};",
        f"static const struct dr_metadata {key}_metadata[] = {{",
        *(f"    {{{text(k)}, {text(v)}}}," for k, v in sorted(entry["metadata"].items())),
        "};",
    ]


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        sets = json.load(file)["sets"]
    sets = {name: entry for name, entry in sets.items() if "mirrors" in entry}
    lines = ["/* Made by src/import/describe_originals.py. */"]
    for name, entry in sets.items():
        lines += describe(name, entry)
    lines.append("static const struct model_set sets[] = {")
    for name in sets:
        key = "".join(c if c.isalnum() else "_" for c in name)
        lines.append(f"    {{{text(name)}, {key}_originals, COUNT({key}_originals), {key}_mirrors, "
                     f"COUNT({key}_mirrors), {key}_metadata, COUNT({key}_metadata)}},")
    lines.append("};")
    with open(sys.argv[2], "w", encoding="utf-8") as file:
        file.write("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
