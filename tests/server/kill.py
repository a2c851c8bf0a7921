#!/usr/bin/env python3
"""kill.py - kill -9 at random points: every job that was answered with 202 ends once, and right.
SPDX-License-Identifier: MIT

usage: kill.py PROGRAM RECORDING [TIMES [SEED]]

Clients send jobs, each with an idempotency key, and send again what was not answered, while the
service is killed TIMES (4) times and started anew on the same data.
"""

import http.client
import pathlib
import random
import sys
import tempfile
import threading
import time

from service import Service, clip, harness

JOBS = "/v1/diarizations"
CLIENTS = 3


class Clients:
    """Threads that send jobs until told to stop."""

    def __init__(self, wav):
        self.wav, self.service, self.stop = wav, None, False
        self.accepted = {}  # key: ids that it was answered with
        self.threads = [threading.Thread(target=self.send, args=(i,)) for i in range(CLIENTS)]

    def send(self, client):
        number = 0
        while not self.stop:
            key, service = f"{client}-{number}", self.service
            try:
                answer = service.ask("POST", JOBS, self.wav, "audio/wav", {"Idempotency-Key": key},
                                     timeout=20)
            except (OSError, http.client.HTTPException):
                time.sleep(0.02)
                continue
            if answer.status == 202:
                self.accepted.setdefault(key, set()).add(answer.json["id"])
                number += 1
            else:
                time.sleep(0.1)


def main():
    program, example = sys.argv[1:3]
    times = int(sys.argv[3]) if len(sys.argv) > 3 else 4
    draw = random.Random(int(sys.argv[4]) if len(sys.argv) > 4 else 1)
    checks = harness.Checks()
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        path = folder / "talk.wav"
        wav = clip(example, path, 3)
        told = harness.run(program, "-q", "--no-config", path).stdout.replace("talk", "audio")
        options = ("--max-queue", "8")
        clients = Clients(wav)
        clients.service = service = Service(program, folder / "data", *options)
        for thread in clients.threads:
            thread.start()
        for _ in range(times):
            time.sleep(draw.choice([0.02, 0.1, 0.3, 0.8]) * (0.5 + draw.random()))
            service.kill()
            clients.service = service = Service(program, folder / "data", *options)
        clients.stop = True
        for thread in clients.threads:
            thread.join()
        for key, ids in clients.accepted.items():
            checks.expect(f"{key} is one job", len(ids) == 1, ids)
            job = service.wait(next(iter(ids)))
            checks.expect(f"{key} succeeded", job["status"] == "succeeded", job)
            result = service.ask("GET", f"{JOBS}/{job['id']}/result?format=rttm").body.decode()
            checks.expect(f"{key} is right", result == told, result)
        listed, cursor = 0, ""
        while cursor is not None:
            page = service.ask("GET", f"{JOBS}?limit=100{cursor}").json
            listed += len(page["diarizations"])
            cursor = page["next_cursor"] and f"&cursor={page['next_cursor']}"
        # A kill between storing and answering leaves a job that its client then asks for again.
        checks.expect("none is doubled", len(clients.accepted) <= listed
                      <= len(clients.accepted) + CLIENTS, (listed, len(clients.accepted)))
        checks.expect("the program is asked something", len(clients.accepted) > 0)
        left = len(list((folder / "data" / "audio").iterdir()))
        checks.expect("a recording for each", left == listed, (left, listed))
        service.stop()
    print(f"{times} kills, {len(clients.accepted)} jobs")
    checks.finish()


main()
