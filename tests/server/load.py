#!/usr/bin/env python3
"""load.py - many jobs at once: all are answered and end, none is lost or doubled, in flat memory.
SPDX-License-Identifier: MIT

usage: load.py PROGRAM RECORDING [--jobs N] [--connections N] [--watchers N] [--seconds S]
               [--upload MB] [--threads N]

Sends N (60) pieces of S (2) seconds through N (10) connections; as many watchers follow the events
of one job each, and the list of jobs is asked for all the time. Then, with --upload, a recording of
that many megabytes, silence made while it is sent. Prints what it took. ./check runs a small form;
figures in docs/decisions/009-service.md.
"""

import argparse
import collections
import http.client
import os
import pathlib
import struct
import sys
import tempfile
import threading
import time

from service import PLAIN_MALLOC, Service, clip, harness

JOBS = "/v1/diarizations"
MB = 1000000
FLAT = 20 * MB
UPLOAD = 150 * MB
checks = harness.Checks()


def cpu_seconds(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def resident(pid):
    return int(pathlib.Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGESIZE")


class Sampler(threading.Thread):
    """Resident memory every 50 ms and the time that the list of jobs takes, until told to stop."""

    def __init__(self, service):
        super().__init__(daemon=True)
        self.service, self.memory, self.listing, self.stop = service, [], [], False

    def run(self):
        while not self.stop:
            self.memory.append(resident(self.service.process.pid))
            if len(self.memory) % 4 == 0:
                began = time.monotonic()
                page = self.service.ask("GET", f"{JOBS}?limit=100")
                self.listing.append(time.monotonic() - began)
                checks.expect("a list", page.status == 200, page)
            time.sleep(0.05)


def send_jobs(service, wav, number, connections):
    """The ids of `number` jobs, each answered once."""
    ids, left = [], collections.deque(range(number))

    def client():
        connection = http.client.HTTPConnection("127.0.0.1", service.port, timeout=300)
        while True:
            try:
                job = left.popleft()
            except IndexError:
                connection.close()
                return
            connection.request("POST", f"{JOBS}?filename=talk.wav", wav,
                               {"Content-Type": "audio/wav", "Idempotency-Key": f"load-{job}"})
            answer = connection.getresponse()
            body = answer.read()
            checks.expect("202", answer.status == 202, body)
            ids.append(answer.headers["Location"].rsplit("/", 1)[1])

    threads = [threading.Thread(target=client) for _ in range(connections)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return ids


def watch(service, job, counts):
    """Follows a job's events to their end."""
    connection = http.client.HTTPConnection("127.0.0.1", service.port, timeout=600)
    connection.request("GET", f"{JOBS}/{job}/events")
    text = connection.getresponse().read().decode()
    counts.append(text.count("event: progress"))
    checks.expect("the end is told once", text.count("event: end") == 1, text[-300:])


def list_all(service):
    jobs, cursor = [], ""
    while cursor is not None:
        page = service.ask("GET", f"{JOBS}?limit=100{cursor}").json
        jobs += page["diarizations"]
        cursor = page["next_cursor"] and f"&cursor={page['next_cursor']}"
    return jobs


def finished(service):
    page = service.ask("GET", "/metrics").body.decode()
    return sum(int(line.split()[1]) for line in page.splitlines()
               if line.startswith("diarist_jobs{") and ("queued" in line or "running" in line)) == 0


def run_jobs(service, wav, told, wanted):
    # A first few, so that what is made once is there.
    for job in send_jobs(service, wav, 4, 2):
        service.wait(job)
    pid, counts = service.process.pid, []
    sampler = Sampler(service)
    cpu, began = cpu_seconds(pid), time.monotonic()
    sampler.start()
    ids = send_jobs(service, wav, wanted.jobs, wanted.connections)
    sent = time.monotonic() - began
    watchers = [threading.Thread(target=watch, args=(service, job, counts))
                for job in ids[-wanted.watchers:] if wanted.watchers]
    for thread in watchers:
        thread.start()
    while not finished(service):
        time.sleep(0.1)
    took, cpu = time.monotonic() - began, cpu_seconds(pid) - cpu
    for thread in watchers:
        thread.join()
    sampler.stop = True
    sampler.join()
    checks.expect("none is doubled", len(set(ids)) == wanted.jobs, len(set(ids)))
    listed = [job for job in list_all(service)]
    checks.expect("none is lost", {job["id"] for job in listed} >= set(ids)
                  and len(listed) == wanted.jobs, len(listed))
    states = collections.Counter(job["status"] for job in listed)
    checks.expect("all succeeded", states == {"succeeded": wanted.jobs}, states)
    wrong = [job for job in ids
             if service.ask("GET", f"{JOBS}/{job}/result?format=rttm").body.decode() != told]
    checks.expect("all are right", not wrong, wrong[:3])
    settled = sampler.memory[len(sampler.memory) // 5:]
    swing = (max(settled) - min(settled)) / 2
    checks.expect("flat memory", swing <= FLAT, f"+-{swing / MB:.1f} MB")
    listing = sorted(sampler.listing) or [0]
    print(f"{wanted.jobs} jobs of {wanted.seconds:g} s, {wanted.connections} connections, "
          f"{len(watchers)} watchers: sent in {sent:.1f} s, done in {took:.1f} s, "
          f"{wanted.jobs / took:.1f} jobs/s, {cpu / wanted.jobs * 1000:.1f} CPU-ms a job\n"
          f"memory {min(settled) / MB:.1f} to {max(settled) / MB:.1f} MB, "
          f"list of 100: median {listing[len(listing) // 2] * 1000:.0f} ms, "
          f"most {listing[-1] * 1000:.0f} ms, {sum(counts)} events")


def upload(service, megabytes):
    """Silence in stereo at 48 kHz, made as it is sent."""
    part = bytes(4 * 48000)
    parts = megabytes * MB // len(part)
    size = parts * len(part)
    head = struct.pack("<4sI4s4sIHHIIHH4sI", b"RIFF", size + 36, b"WAVE", b"fmt ", 16, 1, 2, 48000,
                       192000, 4, 16, b"data", size)
    service.forget_memory()
    connection = http.client.HTTPConnection("127.0.0.1", service.port, timeout=600)
    connection.putrequest("POST", f"{JOBS}?filename=silence.wav")
    connection.putheader("Content-Type", "audio/wav")
    connection.putheader("Content-Length", str(size + len(head)))
    connection.endheaders(head)
    began = time.monotonic()
    for _ in range(parts):
        connection.send(part)
    answer = connection.getresponse()
    body = answer.read()
    checks.expect("the large one is accepted", answer.status == 202, body)
    sent, memory = time.monotonic() - began, service.memory()
    job = service.wait(answer.headers["Location"].rsplit("/", 1)[1], timeout=580)
    checks.expect("the large one succeeded", job["status"] == "succeeded"
                  and abs(job["audio"]["duration"] - parts) < 0.1, job)
    print(f"{megabytes} MB, {parts / 3600:.1f} h: sent in {sent:.1f} s with at most "
          f"{memory / MB:.1f} MB, done in {time.monotonic() - began:.1f} s with at most "
          f"{service.memory() / MB:.1f} MB")
    checks.expect("its memory", service.memory() <= UPLOAD, service.memory() / MB)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("program")
    parser.add_argument("recording")
    parser.add_argument("--jobs", type=int, default=60)
    parser.add_argument("--connections", type=int, default=10)
    parser.add_argument("--watchers", type=int, default=0)
    parser.add_argument("--seconds", type=float, default=2)
    parser.add_argument("--upload", type=int, default=0)
    parser.add_argument("--threads", type=int, default=0)
    wanted = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        wav = clip(wanted.recording, folder / "talk.wav", wanted.seconds)
        told = harness.run(wanted.program, "-q", "--no-config", folder / "talk.wav").stdout
        service = Service(wanted.program, folder / "data", "--max-queue",
                          str(max(wanted.jobs, 10)), "--max-upload", "4000", "-t",
                          str(wanted.threads), **PLAIN_MALLOC)
        if wanted.jobs:
            run_jobs(service, wav, told, wanted)
        if wanted.upload:
            upload(service, wanted.upload)
        checks.expect("stops", service.stop() == 0)
    checks.finish()


main()
