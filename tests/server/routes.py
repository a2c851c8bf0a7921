#!/usr/bin/env python3
"""routes.py - every route of the service, and what it says to wrong requests.
SPDX-License-Identifier: MIT

usage: routes.py PROGRAM RECORDING

Results are held to what the program says of the same file.
"""

import hashlib
import json
import os
import pathlib
import socket
import sys
import tempfile
import threading
import time

from service import BOUNDARY, Service, clip, form, harness

JOBS = "/v1/diarizations"
checks = harness.Checks()


def expect_problem(what, answer, status):
    good = answer.status == status
    if good:
        problem = answer.json
        good = (answer.headers["Content-Type"] == "application/problem+json"
                and problem["status"] == status and problem["detail"]
                and problem["request_id"] == answer.headers["X-Request-Id"])
    checks.expect(what, good, answer)


def health(service, version):
    checks.expect("healthz", service.ask("GET", "/healthz").json == {"status": "ok"})
    ready = service.ask("GET", "/readyz").json
    checks.expect("readyz", ready["status"] == "ready" and ready["model"]["sha256"] in version
                  and ready["instruction_set"] in version, ready)
    metrics = service.ask("GET", "/metrics")
    checks.expect("metrics", metrics.body.startswith(b"# HELP diarist_info"), metrics)
    head = service.ask("HEAD", "/healthz")
    checks.expect("HEAD", head.status == 200 and head.body == b"", head)


def diarize(service, program, path, wav):
    """An upload in each form, its result in each format, its recording; returns the job."""
    body, kind = form([("file", path.name, wav)], [("max_speakers", "3")])
    accepted = service.ask("POST", JOBS, body, kind)
    checks.expect("accepted", accepted.status == 202
                  and accepted.headers["Location"] == f"{JOBS}/{accepted.json['id']}", accepted)
    job = service.wait(accepted.json["id"])
    checks.expect("succeeded", job["status"] == "succeeded" and job["progress"] == 1
                  and job["options"] == {"max_speakers": 3} and job["audio"]["file"] == path.name
                  and job["audio"]["sha256"] == hashlib.sha256(wav).hexdigest(), job)
    for name in ("rttm", "json", "csv", "srt", "vtt", "textgrid", "jsonl", "whisperx"):
        told = harness.run(program, "-q", "--no-config", "-f", name, path, cwd=path.parent).stdout
        told = told.replace(str(path), path.name)
        result = service.ask("GET", f"{JOBS}/{job['id']}/result?format={name}")
        checks.expect(f"result as {name}", result.body.decode() == told, result)
    raw = service.ask("POST", f"{JOBS}?wait=1&format=rttm&filename={path.name}", wav, "audio/wav")
    told = harness.run(program, "-q", "--no-config", path).stdout
    checks.expect("raw body, wait", raw.status == 200 and raw.body.decode() == told, raw)
    for head, tail in (("x/../../", ""), ("..\\", ""), ("\xe4\x01", "\xff")):
        body, kind = form([("file", head + path.name + tail, wav)])
        name = service.ask("POST", JOBS, body, kind).json["audio"]["file"]
        checks.expect("a name without a path", "/" not in name and "\\" not in name, name)
    return job["id"]


def recording(service, job, wav):
    path = f"{JOBS}/{job}/audio"
    whole = service.ask("GET", path)
    checks.expect("audio", whole.status == 200 and whole.body == wav
                  and whole.headers["Accept-Ranges"] == "bytes", whole.status)
    size = len(wav)
    for text, first, last in (("0-99", 0, 99), ("100-", 100, size - 1), ("-50", size - 50, size - 1),
                              (f"5-{size + 9}", 5, size - 1), (f"-{size + 9}", 0, size - 1)):
        part = service.ask("GET", path, headers={"Range": f"bytes={text}"})
        checks.expect(f"range {text}", part.status == 206 and part.body == wav[first : last + 1] and
                      part.headers["Content-Range"] == f"bytes {first}-{last}/{size}", part.headers)
    for text in (f"{size}-", "-0"):
        none = service.ask("GET", path, headers={"Range": f"bytes={text}"})
        expect_problem(f"range {text}", none, 416)
    for text in ("9-5", "a-b", "1-2,4-5", "99999999999999999999-"):
        all_of_it = service.ask("GET", path, headers={"Range": f"bytes={text}"})
        checks.expect(f"range {text}", all_of_it.status == 200 and all_of_it.body == wav)


def listing(service):
    seen, cursor = [], ""
    while cursor is not None:
        page = service.ask("GET", f"{JOBS}?limit=2{cursor}").json
        seen += [job["id"] for job in page["diarizations"]]
        cursor = page["next_cursor"] and f"&cursor={page['next_cursor']}"
    everything = service.ask("GET", f"{JOBS}?limit=100").json["diarizations"]
    times = [job["created_at"] for job in everything]
    checks.expect("pages", seen == [job["id"] for job in everything] and len(seen) > 3, seen)
    checks.expect("newest first", times == sorted(times, reverse=True), times)
    for query in ("limit=0", "limit=101", "limit=x", "cursor=-1", "limit"):
        expect_problem(query, service.ask("GET", f"{JOBS}?{query}"), 400)


def idempotent(service, wav):
    key = {"Idempotency-Key": "one"}
    first = service.ask("POST", JOBS, wav, "audio/wav", key)
    again = service.ask("POST", JOBS, wav, "audio/wav", key)
    checks.expect("the same key", first.status == again.status == 202
                  and first.json["id"] == again.json["id"], again)
    expect_problem("a used key", service.ask("POST", JOBS, wav + b"x", "audio/wav", key), 422)


def events(service, wav):
    job = service.ask("POST", f"{JOBS}?cluster_threshold=0.51234567&start=0.123456", wav,
                      "audio/wav").json["id"]
    stream = service.ask("GET", f"{JOBS}/{job}/events")
    names = [line for line in stream.body.decode().split("\n") if line.startswith("event: ")]
    checks.expect("events", stream.headers["Content-Type"] == "text/event-stream"
                  and names[-1] == "event: end" and set(names[:-1]) <= {"event: progress"}
                  and b'"succeeded"' in stream.body, stream)
    said = json.loads(stream.body.decode().split("event: end\ndata: ")[1])
    told = service.ask("GET", f"{JOBS}/{job}").json
    checks.expect("the job, to the last digit", said == told
                  and told["options"]["cluster_threshold"] == 0.51234567, (said, told))
    line = service.event("request")
    while not line["path"].endswith("/events"):
        line = service.event("request")
    checks.expect("the log about it", line["status"] == 200, line)


def leavers(service, wav, long_wav):
    """Clients that go away while they wait, watch or send; the service ends with some still there."""
    job = service.ask("POST", JOBS, long_wav, "audio/wav").json["id"]
    head = "HTTP/1.1\r\nHost: localhost\r\n"
    post = f"POST {JOBS}?wait=1 {head}Content-Type: audio/wav\r\nContent-Length: {len(wav)}\r\n\r\n"
    said = [f"GET {JOBS}/{job}/events {head}\r\n".encode(), post.encode() + wav,
            post.encode() + wav[:1000], f"GET {JOBS}/{job}/audio {head}\r\n".encode()]
    connections = []
    for data in said * 5:
        connection = socket.create_connection(("127.0.0.1", service.port), 60)
        connection.sendall(data)
        connections.append(connection)
    time.sleep(0.5)
    for connection in connections[::2] + connections[1:8:4]:
        connection.close()
    checks.expect("some have left", service.ask("GET", f"{JOBS}/{job}").status == 200)
    return connections


def removal(service, wav, job, long_wav):
    running = service.ask("POST", JOBS, long_wav, "audio/wav").json["id"]
    queued = service.ask("POST", JOBS, wav, "audio/wav").json["id"]
    waiting = []
    thread = threading.Thread(target=lambda: waiting.append(
        service.ask("POST", f"{JOBS}?wait=1", wav, "audio/wav")))
    thread.start()
    for name in (queued, running):
        canceled = service.ask("DELETE", f"{JOBS}/{name}")
        checks.expect("canceled", canceled.json["status"] == "canceled", canceled)
        expect_problem("no result", service.ask("GET", f"{JOBS}/{name}/result"), 409)
    thread.join()
    checks.expect("the next goes on", waiting[0].status == 200, waiting[0])
    checks.expect("stays canceled", service.wait(running)["status"] == "canceled")
    checks.expect("deleted", service.ask("DELETE", f"{JOBS}/{job}").status == 204)
    for path in ("", "/result", "/audio", "/events"):
        expect_problem("gone", service.ask("GET", f"{JOBS}/{job}{path}"), 404)
    expect_problem("gone", service.ask("DELETE", f"{JOBS}/{job}"), 404)


def wrong_requests(service, wav):
    kind = f"multipart/form-data; boundary={BOUNDARY}"
    good, _ = form([("file", "a.wav", wav)])
    bodies = {
        "cut short": good[:-20], "no delimiter": b"x" * 100, "no headers": b"--x1y2z3\r\n\r\nx",
        "not closed": good.replace(b"--x1y2z3--", b"--x1y2z3"),
        "two files": form([("file", "a", wav), ("file", "b", wav)])[0],
        "no file": form(fields=[("max_speakers", "2")])[0], "empty": form([("file", "a", b"")])[0],
        "another part": form([("audio", "a.wav", wav)])[0],
        "a zero byte": form(fields=[("raw", "a\0b")])[0],
        "a long header": b"--x1y2z3\r\nX: " + b"y" * 5000, "a bad delimiter": b"--x1y2z3x\r\n",
    }
    for what, body in bodies.items():
        expect_problem(what, service.ask("POST", JOBS, body, kind), 400)
    for field in ("num_speakers=0", "num_speakers=1.5", "preset=slow", "wrong=1", "step=nan",
                  "raw=x", "max_speakers=2&min_speakers=3"):
        expect_problem(field, service.ask("POST", f"{JOBS}?{field}", wav, "audio/wav"), 422)
    expect_problem("format", service.ask("POST", f"{JOBS}?format=x", wav, "audio/wav"), 400)
    for query, fields in (("?min_speakers=1&min_speakers=1", []), ("?wait=0&wait=0", []),
                          ("", [("min_speakers", "1"), ("min_speakers", "1")]),
                          ("?min_speakers=1", [("min_speakers", "1")])):
        answer = service.ask("POST", JOBS + query, *form([("file", "a.wav", wav)], fields))
        expect_problem(f"twice: {query} {fields}", answer, 400)
        name = query[1:].split("=")[0] or "min_speakers"
        checks.expect("it is named", f"{name} is given twice" in answer.json["detail"], answer)
    for query, fields in (("?filename=b.wav", []), ("", [("filename", "b.wav")])):
        answer = service.ask("POST", JOBS + query, *form([("file", "a.wav", wav)], fields))
        expect_problem(f"a form's filename: {query}", answer, 422)
    for name, status in (("text/plain", 415), ("application/json", 415), ("multipart/form-data", 400),
                         ("multipart/form-data; boundary=", 400), ("", 415)):
        expect_problem(f"type {name}", service.ask("POST", JOBS, wav, name), status)
    expect_problem("no body", service.ask("POST", JOBS, b"", "audio/wav"), 400)
    expect_problem("a large body", service.ask("GET", "/healthz", b"x" * 70000), 413)
    checks.expect("a small one", service.ask("GET", "/healthz", b"x" * 1000).status == 200)
    expect_problem("no path", service.ask("GET", "/v1/nothing"), 404)
    for origin, status in (("https://example.org", 403), ("null", 403), ("http://localhost:3000", 202)):
        answer = service.ask("POST", JOBS, good, kind, {"Origin": origin})
        checks.expect(f"a page of {origin}", answer.status == status, answer)
    expect_problem("no path", service.ask("GET", "/../../etc/passwd"), 404)
    expect_problem("no job", service.ask("GET", f"{JOBS}/{'0' * 32}"), 404)
    refused = service.ask("PUT", JOBS, b"x", "audio/wav")
    expect_problem("no method", refused, 405)
    checks.expect("allow", refused.headers["Allow"] == "GET, HEAD, POST", refused.headers["Allow"])
    failed = service.wait(service.ask("POST", JOBS, b"no audio at all", "audio/wav").json["id"])
    checks.expect("no audio", failed["status"] == "failed" and failed["error"]["status"] == 422
                  and "/" not in failed["error"]["detail"], failed)
    zeros = service.ask("POST", f"{JOBS}?wait=1", bytes(10000), "audio/wav")
    expect_problem("zeros", zeros, 422)
    checks.expect("the field is named", "say which with the field raw, s16le:" in zeros.json["detail"],
                  zeros)
    expect_problem("no audio, wait", service.ask("POST", f"{JOBS}?wait=1", b"x", "audio/wav"), 422)


def wrong_bytes(service):
    post = f"POST {JOBS} HTTP/1.1\r\nHost: localhost\r\nContent-Type: audio/wav\r\n"
    say = {
        "no method, no length": (f"PUT {JOBS} HTTP/1.1\r\nHost: localhost\r\n\r\n", b" 405"),
        "no path, no length": ("POST /v1/nothing HTTP/1.1\r\nHost: localhost\r\n\r\n", b" 404"),
        "no length": (post + "\r\n", b" 411"),
        "a negative length": (post + "Content-Length: -5\r\n\r\n", b" 400"),
        "a length in words": (post + "Content-Length: five\r\n\r\n", b" 400"),
        "a slow body": (post + "Content-Length: 500\r\n\r\nhello", b" 408"),
        "another host": ("GET /healthz HTTP/1.1\r\nHost: evil.example\r\n\r\n", b"200"),
        "another host's jobs": (f"GET {JOBS} HTTP/1.1\r\nHost: evil.example\r\n\r\n", b" 421"),
    }
    for what, (text, status) in say.items():
        answer = service.say(text.encode())
        checks.expect(what, status in answer.split(b"\r\n")[0], answer[:400])
    for text in ("\0" * 5000, "GET " + "x" * 100000, "GET / HTTP/9.9\r\n\r\n", "\r\n\r\n\r\n",
                 f"GET {JOBS}?limit=1%00 HTTP/1.1\r\nHost: localhost\r\n\r\n"):
        service.say(text.encode())
    # Headers that do not end: the connection does.
    service.say(b"GET /heal")
    checks.expect("still there", service.ask("GET", "/healthz").status == 200)


def limits(program, folder, wav):
    """Of bytes, of seconds, of the queue; keys."""
    service = Service(program, folder / "small", "--max-upload", "1", "--max-audio", "3",
                      "--max-queue", "1", keys="secret, other")
    key = {"Authorization": "Bearer other"}
    expect_problem("no key", service.ask("GET", JOBS), 401)
    expect_problem("a wrong key", service.ask("GET", JOBS, headers={"X-API-Key": "secret,"}), 401)
    checks.expect("a key", service.ask("GET", JOBS, headers={"x-api-key": "secret"}).status == 200)
    checks.expect("no key for health", service.ask("GET", "/healthz").status == 200)
    large = service.ask("POST", JOBS, b"x" * 3000000, "audio/wav", key)
    expect_problem("too large", large, 413)
    checks.expect("the path's limit is named", "1065536 bytes" in large.json["detail"], large)
    body, kind = form([("file", "a", b"x" * 1020000)])
    large = service.ask("POST", JOBS, body, kind, key)
    expect_problem("a little too large", large, 413)
    checks.expect("the file's limit is named", "1000000 bytes" in large.json["detail"], large)
    first = service.ask("POST", JOBS, wav, "audio/wav", key)
    second = service.ask("POST", JOBS, wav, "audio/wav", key)
    if second.status == 429:
        expect_problem("queue full", second, 429)
        checks.expect("when again", int(second.headers["Retry-After"]) > 0)
    path = f"{JOBS}/{first.json['id']}"
    while (job := service.ask("GET", path, headers=key).json)["status"] in ("queued", "running"):
        pass
    checks.expect("too long", job["status"] == "failed" and job["error"]["status"] == 413
                  and "longer than the 3 s" in job["error"]["detail"], job)
    checks.expect("end", service.stop() == 0)
    left = list((folder / "small" / "uploads").iterdir()) + list((folder / "small" / "scratch").iterdir())
    checks.expect("nothing is left", left == [], left)


def startup(program, folder):
    def fails(code, *options, says="", data="none"):
        done = harness.run(program, "serve", "--no-config", "--data", folder / data, *options)
        checks.expect(f"serve {options}", done.returncode == code and says in done.stderr
                      and done.stderr.count("\n") == 1, harness.told(done))
    fails(2, "--listen", "0.0.0.0:0")
    fails(2, "--listen", "nowhere")
    fails(2, "file.wav")
    fails(4, "--model", "/nothing.safetensors")
    (folder / "file").write_text("")
    fails(1, "--listen", "127.0.0.1:0", data="file")
    fails(3, "--datasets-file", folder / "nothing.json", "--listen", "127.0.0.1:0",
          says="nothing.json: cannot be read")
    fails(3, "--datasets-root", folder, "--systems-file", folder / "nothing.json", "--listen",
          "127.0.0.1:0", says="nothing.json: cannot be read")
    with socket.create_server(("127.0.0.1", 0)) as other:
        fails(1, "--listen", f"127.0.0.1:{other.getsockname()[1]}", says="Address already in use")


def main():
    program, example = (os.path.abspath(path) for path in sys.argv[1:])
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        path = folder / "talk.wav"
        wav, long_wav = clip(example, path, 6), clip(example, folder / "long.wav", 110)
        startup(program, folder)
        service = Service(program, folder / "data", "--idle-time", "2")
        health(service, harness.run(program, "--version").stdout)
        job = diarize(service, program, path, wav)
        recording(service, job, wav)
        idempotent(service, wav)
        events(service, wav)
        listing(service)
        removal(service, wav, job, long_wav)
        wrong_requests(service, wav)
        wrong_bytes(service)
        left = leavers(service, wav, long_wav)
        checks.expect("end", service.stop() == 0, "".join(service.log[-5:]))
        for connection in left:
            connection.close()
        for line in service.log:
            checks.expect("a clean log", line.startswith("{") and '"level":"error"' not in line, line)
        limits(program, folder, wav)
    checks.finish()


main()
