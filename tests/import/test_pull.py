#!/usr/bin/env python3
"""test_pull.py - diarist models pull against a server on this machine that breaks in every way.
SPDX-License-Identifier: MIT

usage: test_pull.py PROGRAM"""

import http.server
import os
import pathlib
import re
import socket
import subprocess
import sys
import tempfile
import threading
import unittest

import originals
from model_file import read_raw

PROGRAM = sys.argv.pop(1)
SEGMENTATION, EMBEDDING = "segmentation/pytorch_model.bin", "embedding/pytorch_model.bin"


def make_files():
    files = {SEGMENTATION: originals.checkpoint(originals.segmentation()),
             EMBEDDING: originals.checkpoint(originals.resnet34(), "resnet.")}
    for name, arrays in originals.plda().items():
        files["plda/" + name] = originals.plda_file(arrays)
    return files


FILES = make_files()


class Server(http.server.ThreadingHTTPServer):
    """Serves FILES; `behave(handler, path, data)` may do something else and return True."""

    daemon_threads = True

    def __init__(self, behave=None, ranges=True):
        super().__init__(("127.0.0.1", 0), Handler)
        self.behave, self.ranges, self.requests = behave, ranges, []
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def handle_error(self, *_):
        """A client that hangs up is part of the tests."""

    def url(self):
        return f"http://127.0.0.1:{self.server_address[1]}/some/mirror"


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def answer(self, status, data, **headers):
        self.send_response(status)
        self.send_header("Content-Length", str(len(data)))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(data)

    def cut(self, status, data, sent, **headers):
        """Promises all of data, sends the first bytes and hangs up."""
        self.send_response(status)
        self.send_header("Content-Length", str(len(data)))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(data[:sent])
        self.wfile.flush()
        self.close_connection = True
        self.connection.shutdown(socket.SHUT_RDWR)

    def offset(self):
        found = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
        return int(found[1]) if found else None

    def do_GET(self):
        path = self.path.removeprefix("/some/mirror/")
        data, offset = FILES.get(path), self.offset()
        self.server.requests.append((path, offset))
        if self.server.behave and self.server.behave(self, path, data):
            return
        if data is None:
            self.answer(404, b"nothing here")
        elif offset is None or not self.server.ranges:
            self.answer(200, data)
        elif offset >= len(data):
            self.answer(416, b"", Content_Range=f"bytes */{len(data)}")
        else:
            self.answer(206, data[offset:],
                        Content_Range=f"bytes {offset}-{len(data) - 1}/{len(data)}")


class Pull(unittest.TestCase):
    def setUp(self):
        self.root = tempfile.TemporaryDirectory()
        self.addCleanup(self.root.cleanup)
        self.models = pathlib.Path(self.root.name) / "models"
        self.made = self.models / "community-1.safetensors"
        self.originals = self.models / "community-1.safetensors.originals"

    def serve(self, *args, **kwargs):
        server = Server(*args, **kwargs)
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        return server

    def pull(self, *options, url=None):
        environment = {"PATH": os.environ["PATH"], "HOME": self.root.name,
                       "DIARIST_MODELS_DIR": str(self.models)}
        mirror = ["--mirror", url + "/"] if url else []  # one slash more or less is the same
        return subprocess.run([PROGRAM, "models", "pull", "community-1", *mirror, *options],
                              capture_output=True, text=True, env=environment, timeout=120)

    def works(self, done):
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(done.stderr, "")
        self.assertTrue(self.made.is_file())
        self.assertFalse(self.originals.exists())
        tensors, metadata = read_raw(self.made)
        self.assertEqual(metadata["architecture"], "diarist/community-1")
        self.assertEqual(tensors["embedding.resnet.conv1.weight"][2],
                         originals.resnet34()["conv1.weight"][1])

    def fails(self, done, text, code=4):
        self.assertEqual(done.returncode, code, done.stderr)
        self.assertRegex(done.stderr, text)
        self.assertRegex(done.stderr, r"\Adiarist: [^\n;]+; [^\n]+\n\Z")
        self.assertEqual(done.stdout, "")
        self.assertFalse(self.made.exists())

    def test_whole(self):
        server = self.serve()
        done = self.pull("--any-hash", url=server.url())
        self.works(done)
        self.assertEqual(done.stdout.count("another version than the known one"), 4)
        self.assertEqual([path for path, _ in server.requests],
                         [SEGMENTATION, EMBEDDING, "plda/plda.npz", "plda/xvec_transform.npz"])
        again = self.pull("--any-hash", url=server.url())
        self.assertEqual((again.returncode, again.stderr), (0, ""))
        self.assertIn("is there already", again.stdout)
        self.assertEqual(len(server.requests), 4)

    def test_wrong_hash(self):
        def other(handler, path, data):
            handler.answer(200, b"x" * 1000)
            return True
        server = self.serve(other)
        self.fails(self.pull(url=server.url()), r"its SHA-256 is [0-9a-f]{64}, not 7ad24338")
        self.assertEqual(len(server.requests), 1)
        self.assertEqual(list(self.originals.rglob("*.bin*")), [])

    def test_longer_than_the_known_file(self):
        def endless(handler, path, data):
            handler.answer(200, b"x" * 6_000_000)
            return True
        self.fails(self.pull(url=self.serve(endless).url()), "is longer than the known file")
        self.assertEqual(list(self.originals.rglob("*.part")), [])

    def test_cut_connections_are_taken_up(self):
        cuts = []

        def cut(handler, path, data):
            offset = handler.offset() or 0
            if path != EMBEDDING or len(cuts) == 3:
                return False
            cuts.append(offset)
            end = f"bytes {offset}-{len(data) - 1}/{len(data)}"
            headers = {"Content_Range": end} if offset else {}
            handler.cut(206 if offset else 200, data[offset:], 1_000_000, **headers)
            return True
        server = self.serve(cut)
        self.works(self.pull("--any-hash", url=server.url()))
        offsets = [offset for path, offset in server.requests if path == EMBEDDING]
        self.assertEqual(offsets[0], None)
        self.assertEqual(offsets, sorted(offsets, key=lambda o: o or 0))
        self.assertEqual(len(offsets), 4)
        self.assertGreater(offsets[-1], 2_000_000)

    def test_an_interrupted_pull_is_taken_up(self):
        alive = [False]

        def refuse(handler, path, data):
            if path != EMBEDDING or alive[0]:
                return False
            offset = handler.offset()
            if offset is None:
                handler.cut(200, data, 500_000)
            else:
                handler.answer(503, b"")
            return True
        server = self.serve(refuse)
        self.fails(self.pull("--any-hash", url=server.url()), "the server answered HTTP 503")
        part = self.originals / (EMBEDDING + ".part")
        self.assertEqual(part.read_bytes(), FILES[EMBEDDING][:part.stat().st_size])
        self.assertGreater(part.stat().st_size, 0)
        alive[0], size = True, part.stat().st_size
        before = len(server.requests)
        self.works(self.pull("--any-hash", url=server.url()))
        self.assertEqual(server.requests[before], (EMBEDDING, size))

    def test_a_server_without_ranges(self):
        part = self.originals / (EMBEDDING + ".part")
        part.parent.mkdir(parents=True)
        part.write_bytes(FILES[EMBEDDING][:1000])
        server = self.serve(ranges=False)
        self.works(self.pull("--any-hash", url=server.url()))
        self.assertIn((EMBEDDING, 1000), server.requests)

    def test_nothing_is_missing_any_more(self):
        part = self.originals / (EMBEDDING + ".part")
        part.parent.mkdir(parents=True)
        part.write_bytes(FILES[EMBEDDING])
        self.works(self.pull("--any-hash", url=self.serve().url()))

    def test_a_stale_beginning_is_dropped(self):
        """Bytes of another version lead to a wrong hash; then it is got from the start, once."""
        part = self.originals / (SEGMENTATION + ".part")
        part.parent.mkdir(parents=True)
        part.write_bytes(b"stale")

        def short(handler, path, data):
            start = handler.offset() or 0
            handler.answer(206 if start else 200, bytes(900)[start:],
                           **({"Content_Range": f"bytes {start}-899/900"} if start else {}))
            return True
        server = self.serve(short)
        self.fails(self.pull(url=server.url()), "its SHA-256 is")
        self.assertEqual(server.requests, [(SEGMENTATION, 5), (SEGMENTATION, None)])
        self.assertFalse(part.exists())

    def test_status_codes(self):
        for status, text in ((404, "is not there, HTTP 404"), (403, "known users only"),
                             (401, "known users only"), (500, "answered HTTP 500")):
            def answer(handler, path, data, status=status):
                handler.answer(status, b"no")
                return True
            with self.subTest(status=status):
                self.fails(self.pull(url=self.serve(answer).url()), text)
                self.assertFalse(any(path.stat().st_size for path in self.originals.rglob("*.part")))

    def test_redirections(self):
        def redirect(handler, path, data):
            if "?" not in handler.path:
                handler.answer(302, b"", Location=handler.path + "?elsewhere")
                return True
            handler.answer(200, FILES[path.removesuffix("?elsewhere")])
            return True
        self.works(self.pull("--any-hash", url=self.serve(redirect).url()))

        def to_a_file(handler, path, data):
            handler.answer(302, b"", Location="file:///etc/hostname")
            return True
        self.made.unlink()
        self.fails(self.pull("--any-hash", url=self.serve(to_a_file).url()), "cannot be reached")

    def test_no_server(self):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            url = f"http://127.0.0.1:{free.getsockname()[1]}"
        self.fails(self.pull(url=url), "cannot be reached: .*check the network")

    def test_no_such_host(self):
        self.fails(self.pull(url="https://host.invalid/x"), "cannot be reached: .*check the network")

    def test_other_protocols(self):
        self.fails(self.pull(url="file:///etc"), "cannot be reached")
        self.fails(self.pull(url="https://127.0.0.1:1/"), "cannot be reached")

    def test_broken_content(self):
        def damage(handler, path, data):
            if path != EMBEDDING:
                return False
            handler.answer(200, data[:-100] + b"x" * 100)
            return True
        self.fails(self.pull("--any-hash", url=self.serve(damage).url()),
                   "embedding/pytorch_model.bin: .*damaged")

    def test_usage(self):
        for arguments in (["x"], ["-o", "-"]):
            self.fails(self.pull(*arguments), "models", code=2)
        run = subprocess.run([PROGRAM, "models", "pull", "community-2"], capture_output=True, text=True)
        self.assertEqual(run.returncode, 2)
        self.assertIn("no such set", run.stderr)


if __name__ == "__main__":
    unittest.main()
