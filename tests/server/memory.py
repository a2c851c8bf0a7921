#!/usr/bin/env python3
"""memory.py - an upload does not grow the service's memory.
SPDX-License-Identifier: MIT

usage: memory.py PROGRAM [MEGABYTES]

Bytes that are no audio, MEGABYTES (300) of them: what is measured is how they are taken.
"""

import http.client
import pathlib
import sys
import tempfile

from service import BOUNDARY, PLAIN_MALLOC, Service, harness

MB = 1000000
MOST = 12 * MB  # that the most resident memory may grow by


def main():
    program, size = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 300
    checks = harness.Checks()
    head = (f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="noise.bin"'
            "\r\n\r\n").encode()
    tail = f"\r\n--{BOUNDARY}--\r\n".encode()
    part = bytes(range(256)) * 3906 + b"\r\n--x1y2z\r" + bytes(MB - 256 * 3906 - 10)
    with tempfile.TemporaryDirectory() as name:
        service = Service(program, pathlib.Path(name) / "data", **PLAIN_MALLOC)
        service.ask("GET", "/readyz")
        service.forget_memory()
        before = service.memory()
        connection = http.client.HTTPConnection("127.0.0.1", service.port, timeout=120)
        connection.putrequest("POST", "/v1/diarizations")
        connection.putheader("Content-Type", f"multipart/form-data; boundary={BOUNDARY}")
        connection.putheader("Content-Length", str(len(head) + size * len(part) + len(tail)))
        connection.endheaders(head)
        for _ in range(size):
            connection.send(part)
        connection.send(tail)
        answer = connection.getresponse()
        checks.expect("accepted", answer.status == 202, answer.read())
        grown = service.memory() - before
        checks.expect("memory", grown < MOST, f"grew by {grown / MB:.1f} MB")
        kept = sum(path.stat().st_size for path in (pathlib.Path(name) / "data/audio").iterdir())
        checks.expect("all of it", kept == size * len(part), kept)
        service.kill()
    print(f"{size} MB uploaded, memory grew by {grown / MB:.1f} MB")
    checks.finish()


main()
