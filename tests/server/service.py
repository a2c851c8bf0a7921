"""service.py - a `diarist serve` on a free port of this machine, and requests to it.
SPDX-License-Identifier: MIT
"""

import atexit
import http.client
import json
import os
import pathlib
import queue
import signal
import socket
import subprocess
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
import harness  # noqa: E402,F401
from document import Document  # noqa: E402

BOUNDARY = "x1y2z3"
# For a Service whose memory is measured: `meson test` has malloc fill what it gives out, which makes
# pages resident that the service never touches.
PLAIN_MALLOC = {"MALLOC_PERTURB_": "0"}


def clip(recording, path, seconds, start=0):
    """A piece of a recording as a WAV file."""
    subprocess.run(["ffmpeg", "-v", "error", "-nostdin", "-y", "-ss", str(start), "-t", str(seconds),
                    "-i", recording, "-ac", "1", "-ar", "16000", str(path)], check=True)
    return path.read_bytes()


def form(files=(), fields=()):
    """(body, content type) of a multipart form: files are (name, filename, bytes)."""
    body = b""
    for name, value in fields:
        body += (f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n'
                 f"{value}\r\n").encode()
    for name, filename, data in files:
        body += (f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"; '
                 f'filename="{filename}"\r\nContent-Type: audio/wav\r\n\r\n').encode()
        body += data + b"\r\n"
    return body + f"--{BOUNDARY}--\r\n".encode(), f"multipart/form-data; boundary={BOUNDARY}"


class Answer:
    def __init__(self, response):
        self.status, self.headers = response.status, response.headers
        self.body = response.read()

    @property
    def json(self):
        return json.loads(self.body)

    def __str__(self):
        return f"{self.status} {self.body[:400]!r}"


class Service:
    def __init__(self, program, data, *options, keys=None, **variables):
        environment = {name: value for name, value in os.environ.items()
                       if not name.startswith(("DIARIST_API", "BENCH_"))}
        if keys:
            environment["DIARIST_API_KEYS"] = keys
        environment.update(variables)
        self.process = subprocess.Popen(
            [program, "serve", "--no-config", "--listen", "127.0.0.1:0", "--data", str(data),
             *options], stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, env=environment, text=True)
        atexit.register(self.process.kill)  # when a test breaks off
        self.log, self.events = [], queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()
        self.document = None
        self.port = self.event("listening")["port"]
        self.event("ready")
        self.document = Document(self.ask("GET", "/openapi.json").body)

    def _read(self):
        for line in self.process.stderr:
            self.log.append(line)
            try:
                self.events.put(json.loads(line))
            except ValueError:
                pass
        self.events.put(None)

    def event(self, name, timeout=120):
        """The next line of the log about that."""
        while True:
            event = self.events.get(timeout=timeout)
            if event is None:
                raise RuntimeError("the service has ended:\n" + "".join(self.log))
            if event["event"] == name:
                return event

    def ask(self, method, path, body=None, type=None, headers=(), timeout=120):
        """The answer, which is as /openapi.json says."""
        answer = self._ask(method, path, body, type, dict(headers), timeout)
        wrong = self.document and self.document.wrong(
            method, path, answer.status, answer.headers["Content-Type"], answer.body)
        if wrong:
            raise AssertionError(f"/openapi.json: {wrong}\n{answer}")
        return answer

    def _ask(self, method, path, body, type, headers, timeout):
        if type:
            headers["Content-Type"] = type
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)
        try:
            connection.request(method, path, body, headers)
            return Answer(connection.getresponse())
        finally:
            connection.close()

    def say(self, data, timeout=60):
        """What comes back for bytes as they are, until the service closes."""
        with socket.create_connection(("127.0.0.1", self.port), timeout) as connection:
            connection.sendall(data)
            answer = b""
            try:
                while part := connection.recv(65536):
                    answer += part
            except ConnectionError:
                pass
            return answer

    def wait(self, job, timeout=240):
        """A job that has ended."""
        end = time.monotonic() + timeout
        while time.monotonic() < end:
            answer = self.ask("GET", f"/v1/diarizations/{job}")
            if answer.status != 200 or answer.json["status"] not in ("queued", "running"):
                return answer.json
            time.sleep(0.05)
        raise RuntimeError(f"{job} does not end")

    def forget_memory(self):
        """From now on memory() is of what comes."""
        pathlib.Path(f"/proc/{self.process.pid}/clear_refs").write_text("5")

    def memory(self):
        """The most that was resident, in bytes."""
        text = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return int(text.split("VmHWM:")[1].split()[0]) * 1024

    def kill(self):
        self.process.kill()
        self.process.wait()

    def stop(self):
        """The exit code after SIGTERM."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=120)
