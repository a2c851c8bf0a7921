#!/usr/bin/env python3
"""worker.py - who is worked on when, who is given up, and how long what has ended is kept.
SPDX-License-Identifier: MIT

usage: worker.py PROGRAM RECORDING
"""

import pathlib
import shutil
import socket
import sqlite3
import sys
import tempfile
import time

from service import Service, clip, harness

JOBS = "/v1/diarizations"
checks = harness.Checks()


def add(service, data, query=""):
    answer = service.ask("POST", f"{JOBS}{query}", data, "audio/wav")
    checks.expect("accepted", answer.status == 202, answer)
    return answer.json["id"]


def until(condition, seconds=30):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if found := condition():
            return found
        time.sleep(0.02)
    return None


def get(service, job):
    return service.ask("GET", f"{JOBS}/{job}").json


def order(program, folder, short, long):
    """One thread: the oldest first; one that is running is canceled, and the next begins."""
    service = Service(program, folder / "order", "-t", "1")
    first = add(service, long)
    running = until(lambda: (job := get(service, first))["progress"] > 0 and job)
    checks.expect("it runs", running and running["status"] == "running", running)
    jobs = [add(service, short) for _ in range(5)]
    checks.expect("the others wait", {get(service, job)["status"] for job in jobs} == {"queued"})
    checks.expect("a waiting one is canceled",
                  service.ask("DELETE", f"{JOBS}/{jobs[2]}").json["status"] == "canceled")
    answer = service.ask("DELETE", f"{JOBS}/{first}")
    checks.expect("a running one is canceled", answer.json["status"] == "canceled", answer)
    began = time.monotonic()
    done = [service.wait(job) for job in jobs]
    checks.expect("soon", time.monotonic() - began < 20)
    checks.expect("the others succeeded", [job["status"] for job in done]
                  == ["succeeded"] * 2 + ["canceled"] + ["succeeded"] * 2, done)
    starts = [job["started_at"] for job in done if job["started_at"]]
    checks.expect("the oldest first", starts == sorted(starts), starts)
    checks.expect("canceled it stays", get(service, first)["status"] == "canceled")
    service.kill()


def several(program, folder, short, long):
    """Two threads: short ones pass a long one, and each has options and results of its own; what
    runs at the end goes back to the queue."""
    service = Service(program, folder / "several", "-t", "2", "--drain-time", "0")
    first = add(service, long)
    until(lambda: get(service, first)["status"] == "running")
    numbers = {add(service, short, f"?num_speakers={n}"): n for n in (1, 2, 1, 2)}
    for job, number in numbers.items():
        checks.expect("a short one", service.wait(job)["status"] == "succeeded")
        result = service.ask("GET", f"{JOBS}/{job}/result").json
        checks.expect(f"{number} speakers", len(result["speakers"]) == number, result["speakers"])
    checks.expect("the long one still runs", get(service, first)["status"] == "running")
    progress = get(service, first)["progress"]
    checks.expect("its own progress", 0 < progress < 1, progress)
    checks.expect("stops", service.stop() == 0)
    service = Service(program, folder / "several", "-t", "2")
    checks.expect("it goes on", get(service, first)["status"] in ("queued", "running"))
    service.kill()


def switches(service):
    """How often the thread of the connections has waited so far."""
    status = pathlib.Path(f"/proc/{service.process.pid}/task/{service.process.pid}/status").read_text()
    return int(status.split("\nvoluntary_ctxt_switches:")[1].split()[0])


def waiting(program, folder, long):
    """Whoever waits for a job is asked again when jobs change, not all the time."""
    service = Service(program, folder / "waiting", "-t", "1")
    with socket.create_connection(("127.0.0.1", service.port)) as client:
        client.sendall(f"POST {JOBS}?wait=1 HTTP/1.1\r\nHost: localhost\r\nContent-Type: audio/wav\r\n"
                       f"Content-Length: {len(long)}\r\n\r\n".encode() + long)
        jobs = until(lambda: service.ask("GET", JOBS).json["diarizations"])
        checks.expect("it runs", until(lambda: get(service, jobs[0]["id"])["status"] == "running"))
        before = switches(service)
        time.sleep(1)
        checks.expect("the loop rests", switches(service) - before < 200, switches(service) - before)
        service.ask("DELETE", f"{JOBS}/{jobs[0]['id']}")
        quiet = harness.run(program, "serve", "--no-config", "-q", "--listen",
                            f"127.0.0.1:{service.port}", "--data", folder / "quiet")
        checks.expect("-q: the error alone, none of the log's lines", quiet.returncode == 1
                      and quiet.stderr.count("\n") == 1, harness.told(quiet))
        checks.expect("who waits is told", client.recv(65536).startswith(b"HTTP/1.1 409 "))
    service.kill()


def retention(program, folder, short):
    """What has ended is deleted after two seconds, what has not is not."""
    data = folder / "kept"
    service = Service(program, data, "-t", "1", "--keep", "2s")
    good, bad = add(service, short), add(service, b"no audio")
    service.ask("PATCH", f"{JOBS}/{service.wait(good)['id']}/speakers",
                b'{"rename": {"SPEAKER_00": "Ann"}}', "application/json")
    ended = time.monotonic()
    service.wait(bad)
    checks.expect("both are deleted", until(lambda: {
        service.ask("GET", f"{JOBS}/{job}").status for job in (good, bad)} == {404}))
    checks.expect("not at once", time.monotonic() - ended > 1)
    checks.expect("metric", until(lambda: "\ndiarist_jobs_expired_total 2\n"
                                  in service.ask("GET", "/metrics").body.decode()))
    checks.expect("log", sum('"job_expired"' in line for line in service.log) == 2)
    checks.expect("no recordings", not list((data / "audio").iterdir()))
    checks.expect("stops", service.stop() == 0)
    with sqlite3.connect(data / "store.sqlite") as store:
        for table in ("jobs", "results", "edits", "evidence"):
            left = store.execute(f"SELECT COUNT(*) FROM {table}").fetchone()[0]
            checks.expect(f"no {table}", left == 0, left)
    for wrong in ("2", "0s", "x", "2w", "-1h"):
        done = harness.run(program, "serve", "--no-config", "--keep", wrong)
        checks.expect(f"--keep {wrong}", done.returncode == 2, harness.told(done))


def disk(program, folder):
    """A file that the disk has no room for is refused before it comes."""
    service = Service(program, folder / "disk", "--max-upload", "1000000")
    free = shutil.disk_usage(folder).free
    if free < 900 * 10**9:
        answer = service.say(f"POST {JOBS} HTTP/1.1\r\nHost: localhost\r\nContent-Type: audio/wav\r\n"
                             f"Content-Length: {free + 10**9}\r\n\r\n".encode())
        checks.expect("no room", answer.startswith(b"HTTP/1.1 507 "), answer[:300])
    service.kill()


def main():
    program, example = sys.argv[1:3]
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        short = clip(example, folder / "short.wav", 5)
        piece = clip(example, folder / "piece.wav", 60)
        harness.run("ffmpeg", "-v", "error", "-stream_loop", "20", "-i", folder / "piece.wav",
                    "-c", "copy", folder / "long.wav")
        long = (folder / "long.wav").read_bytes()
        checks.expect("a long one", len(long) > 20 * len(piece))
        order(program, folder, short, long)
        several(program, folder, short, long)
        waiting(program, folder, long)
        retention(program, folder, short)
        disk(program, folder)
    checks.finish()


main()
