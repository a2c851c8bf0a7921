#!/usr/bin/env python3
"""openapi.py - /openapi.json: a sound document, of the routes that there are.
SPDX-License-Identifier: MIT

usage: openapi.py PROGRAM

That each answer of the service is as it says is checked wherever the tests ask (service.py), with
made-up requests by tests/server/schemathesis.
"""

import json
import os
import pathlib
import re
import shutil
import sys
import tempfile

from service import Service, harness

DOCS = harness.ROOT / "docs" / "service.md"
checks = harness.Checks()


def references(value):
    if isinstance(value, dict):
        yield from ([value["$ref"]] if isinstance(value.get("$ref"), str) else [])
        value = list(value.values())
    for item in value if isinstance(value, list) else ():
        yield from references(item)


def sound(document, folder):
    for reference in sorted(set(references(document.json))):
        try:
            document.resolve({"$ref": reference})
        except KeyError:
            checks.expect(f"{reference} is there", False)
    ids = [operation["operationId"] for _, _, operation in document.operations()]
    checks.expect("each operation has a name of its own", len(set(ids)) == len(ids), ids)
    validator = shutil.which("openapi-spec-validator")
    if not validator:
        print("openapi-spec-validator is not installed: the document's form is not checked")
        return
    (folder / "openapi.json").write_text(json.dumps(document.json))
    done = harness.run(validator, "--schema", "3.1", folder / "openapi.json")
    checks.expect("a valid document", done.returncode == 0, harness.told(done))


def complete(document):
    """A row of server/routes.c that says too little is named."""
    for method, path, operation in document.operations():
        success = [status for status in operation["responses"] if status[0] in "123"]
        checks.expect(f"{method} {path}: its row in server/routes.c has .summary and .answers",
                      operation["summary"] and success, operation)


def told(document):
    """docs/service.md has the same paths."""
    rows = re.findall(r"^\| (`[A-Z]+ /.*?`) \|", DOCS.read_text(), re.M)
    named = {(method, re.sub(r"\?.*", "", path)) for row in rows
             for method, path in re.findall(r"`([A-Z]+) (/[^`]*)`", row) if method != "WS"}
    there = {(method, path) for method, path, _ in document.operations()}
    live = {("GET", path) for method, path in re.findall(r"`(WS) (/[^`]*)`", DOCS.read_text())}
    checks.expect("the paths of docs/service.md", named == there - live, named ^ (there - live))


def routed(service):
    """Keys and methods are as the document says."""
    document = service.document
    for method, path, operation in document.operations():
        answer = service.ask(method, path.replace("{id}", "0" * 32), b"")
        checks.expect(f"{method} {path} wants a key, or does not",
                      (answer.status == 401) == (operation.get("security") != []), answer)
    for path, routes in document.json["paths"].items():
        other = next(m for m in ("PUT", "DELETE", "PATCH", "POST") if m.lower() not in routes)
        answer = service.ask(other, path.replace("{id}", "x"), b"", headers={"Content-Length": "0"})
        allow = {method.upper() for method in routes} | ({"HEAD"} if "get" in routes else set())
        checks.expect(f"{other} {path}", answer.status == 405
                      and set(answer.headers["Allow"].split(", ")) == allow, answer.headers["Allow"])


def main():
    program = os.path.abspath(sys.argv[1])
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        service = Service(program, folder / "data", keys="secret")
        sound(service.document, folder)
        complete(service.document)
        told(service.document)
        routed(service)
        scheme = service.document.json["components"]["securitySchemes"]["key"]
        checks.expect("the header of keys", scheme["name"] == "X-API-Key", scheme)
        checks.expect("end", service.stop() == 0)
    checks.finish()


main()
