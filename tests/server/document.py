"""document.py - /openapi.json, and whether answers are as it says.
SPDX-License-Identifier: MIT
"""

import json
import re

try:
    import jsonschema
except ImportError:
    jsonschema = None

METHODS = ("get", "post", "put", "patch", "delete")


class Document:
    def __init__(self, text):
        self.json = json.loads(text)
        self.paths = [(re.compile(re.sub(r"\\{[a-z]+\\}", "[^/]+", re.escape(path)) + "$"), path, routes)
                      for path, routes in self.json["paths"].items()]

    def resolve(self, value):
        """What a reference refers to, or the value itself."""
        while "$ref" in value:
            parts = value["$ref"].removeprefix("#/").split("/")
            value = self.json
            for part in parts:
                value = value[part]
        return value

    def operations(self):
        """(method in upper case, path, operation) of each."""
        for path, routes in self.json["paths"].items():
            for method in METHODS:
                if method in routes:
                    yield method.upper(), path, routes[method]

    def _content(self, answers, type):
        """The description of a content type; None: there is none."""
        type = type.split(";")[0].strip()
        for name in (type, type.split("/")[0] + "/*", "*/*"):
            if name in answers:
                return answers[name]
        return None

    def wrong(self, method, target, status, type, body):
        """What the document does not say of an answer, or None."""
        method = "get" if method == "HEAD" else method.lower()
        found = [(path, routes) for form, path, routes in self.paths if form.match(target.split("?")[0])]
        if not found:
            return None if status == 404 else f"{target} is not in it, and was answered with {status}"
        path, routes = found[0]
        if method not in routes:
            return None if status == 405 else f"{method} {path} is not in it: {status}"
        answers = routes[method]["responses"]
        if str(status) not in answers:
            return f"{method} {path} does not answer {status}"
        content = self.resolve(answers[str(status)]).get("content", {})
        if not content or not body:
            return None
        described = self._content(content, type or "")
        if described is None:
            return f"{method} {path}: {status} is no {type}"
        if jsonschema is None or "json" not in type or "ndjson" in type:
            return None
        schema = {**described["schema"], "components": self.json["components"]}
        errors = jsonschema.Draft202012Validator(schema).iter_errors(json.loads(body))
        return next((f"{method} {path} {status}: {error.json_path}: {error.message[:300]}"
                     for error in errors), None)
