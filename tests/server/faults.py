#!/usr/bin/env python3
"""faults.py - what goes wrong around the service: clients, disks, the store, recordings.
SPDX-License-Identifier: MIT

usage: faults.py PROGRAM RECORDING

Each fault has the status that it should have; after it the service is there, with as many open
files as before, and keeps no file of what it refused. A full disk is a small tmpfs where this may
mount one (root), and always a limit on the size of files (RLIMIT_FSIZE).
"""

import http.client
import json
import os
import pathlib
import resource
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor

from service import Service, clip, form, harness

JOBS = "/v1/diarizations"
HOST = "Host: localhost\r\n"
MAX_AUDIO_S = 20
checks = harness.Checks()


# ---- recordings that unpack to much more than they are ----


def crc(data, bits, polynomial):
    """Of FLAC: most significant bit first, from 0."""
    value, top = 0, 1 << (bits - 1)
    for byte in data:
        value ^= byte << (bits - 8)
        for _ in range(8):
            value = (value << 1 ^ (polynomial if value & top else 0)) & ((1 << bits) - 1)
    return value


def silent_flac(hours, rate=1000, block=65535):
    """FLAC (RFC 9639) with a constant 0 in each frame: 14 bytes a minute."""
    frames = hours * 3600 * rate // block
    packed = rate << 44 | 0 << 41 | 15 << 36 | frames * block
    info = block.to_bytes(2, "big") * 2 + bytes(6) + packed.to_bytes(8, "big") + bytes(16)
    out = [b"fLaC\x80" + len(info).to_bytes(3, "big") + info]
    for number in range(frames):
        head = b"\xff\xf8\x70\x08" + chr(number).encode() + (block - 1).to_bytes(2, "big")
        frame = head + bytes([crc(head, 8, 0x07)]) + b"\0\0\0"
        out.append(frame + crc(frame, 16, 0x8005).to_bytes(2, "big"))
    return b"".join(out)


def converted(path, *arguments):
    subprocess.run(["ffmpeg", "-v", "error", "-nostdin", "-y", *arguments, str(path)], check=True)
    return path.read_bytes()


def bombs(service, folder):
    """They cost what the limit on decoded seconds costs, also where all would be skipped."""
    flac = silent_flac(24)
    (folder / "silence.flac").write_bytes(flac)
    ogg = converted(folder / "silence.ogg", "-f", "lavfi", "-t", "900", "-i",
                    "anullsrc=r=8000:cl=mono", "-c:a", "libvorbis")
    mka = converted(folder / "silence.mka", "-i", folder / "silence.flac", "-c", "copy")
    checks.expect("they are small", max(len(flac), len(ogg), len(mka)) < 90000,
                  (len(flac), len(ogg), len(mka)))
    for what, data, query in (("flac", flac, ""), ("flac, start", flac, "&start=80000"),
                              ("ogg", ogg, ""), ("ffmpeg", mka, ""),
                              ("ffmpeg, start", mka, "&start=80000")):
        began = time.monotonic()
        answer = service.ask("POST", f"{JOBS}?wait=1{query}", data, "audio/x")
        took = time.monotonic() - began
        checks.expect(f"a bomb: {what}", answer.status == 413 and took < 15, (str(answer), took))
    # What a header says is not believed.
    empty = (b"RIFF\xff\xff\xff\xffWAVEfmt \x10\0\0\0\1\0\1\0\x40\x1f\0\0\x80\x3e\0\0\2\0\x10\0"
             b"data\xf0\xff\xff\xff")
    answer = service.ask("POST", f"{JOBS}?wait=1&format=rttm", empty + bytes(16000), "audio/wav")
    checks.expect("a header that lies", answer.status == 200 and answer.body == b"", answer)


def decoders(service, long_wav):
    """The process that decodes ends, or no longer answers: that job fails, and says so."""
    pid = service.process.pid
    job = service.ask("POST", JOBS, long_wav, "audio/wav").json["id"]
    for _ in range(2000):
        found = [int(child) for task in pathlib.Path(f"/proc/{pid}/task").iterdir()
                 for child in (task / "children").read_text().split()]
        if found:
            break
        time.sleep(0.002)
    checks.expect("it decodes in a process", bool(found))
    for child in found:
        os.kill(child, signal.SIGTERM)
    ended = service.wait(job)
    checks.expect("its end", ended["status"] == "failed" and ended["error"]["status"] == 422
                  and "signal 15" in ended["error"]["detail"], ended)


# ---- bodies in chunks ----


def in_chunks(data, size, extension=""):
    parts = [data[i : i + size] for i in range(0, len(data), size)]
    return b"".join(b"%x%s\r\n%s\r\n" % (len(part), extension.encode(), part) for part in parts)


def chunked(service, wav):
    head = (f"POST {JOBS}?wait=1&format=rttm HTTP/1.1\r\n{HOST}Content-Type: audio/wav\r\n"
            "Transfer-Encoding: chunked\r\n\r\n").encode()
    told = service.ask("POST", f"{JOBS}?wait=1&format=rttm", wav, "audio/wav").body
    checks.expect("there is a result", told.startswith(b"SPEAKER"), told)
    bodies = {
        "1-byte chunks": in_chunks(wav, 1) + b"0\r\n\r\n",
        "one chunk": in_chunks(wav, len(wav)) + b"0\r\n\r\n",
        "extensions, trailers": in_chunks(wav, 777, ';a="b"') + b"000;c\r\nX-Y: z\r\nA: b\r\n\r\n",
        "more behind the end": in_chunks(wav, 70000) + b"0\r\n\r\nGET /healthz HTTP/1.1\r\n\r\n",
    }
    for what, body in bodies.items():
        answer = service.say(head + body)
        checks.expect(what, answer.startswith(b"HTTP/1.1 200 ") and answer.endswith(b"\r\n\r\n" + told)
                      and b"connection: close" in answer, answer[:600])
    with http_connection(service) as connection:  # the encoder of another
        body, kind = form([("file", "a.wav", wav)], [("max_speakers", "2")])
        connection.request("POST", JOBS, iter([body[:1000], body[1000:]]), {"Content-Type": kind},
                           encode_chunked=True)
        answer = connection.getresponse()
        job = json.loads(answer.read())
        checks.expect("a form in chunks", answer.status == 202 and
                      service.wait(job["id"])["status"] == "succeeded", job)
    wrong = {
        "no size": b"\r\nhello\r\n", "no number": b"5g\r\nhello\r\n", "a sign": b"-5\r\nhello\r\n",
        "too large": b"fffffffffffffffff\r\n", "no end of a line": b"5\nhello\n",
        "too long": b"5\r\nhello!\r\n", "an endless extension": b"5;" + b"x" * 5000,
        "endless trailers": b"0\r\n" + b"X: yyyyyyyy\r\n" * 2000, "a zero": b"5;\0\r\nhello\r\n",
    }
    said = [(what, head + body, b" 400 ") for what, body in wrong.items()]
    said.append(("cut", head + b"5\r\nhel", b" 408 "))
    said.append(("nothing in them", head + b"0\r\n\r\n", b" 400 "))
    for what, method, line, status in (
            ("a length too", "POST", "Transfer-Encoding: chunked\r\nContent-Length: 5", b" 400 "),
            ("another coding", "POST", "Transfer-Encoding: gzip, chunked", b" 501 "),
            ("of a GET", "GET", "Transfer-Encoding: chunked", b" 411 ")):
        text = f"{method} {JOBS} HTTP/1.1\r\n{HOST}Content-Type: audio/wav\r\n{line}\r\n\r\n"
        said.append((what, text.encode() + b"0\r\n\r\n", status))
    # At once, as a connection is closed some time after a refusal.
    with ThreadPoolExecutor(len(said)) as pool:
        for (what, _, status), answer in zip(said, pool.map(lambda one: service.say(one[1]), said)):
            checks.expect(f"chunks: {what}", status in answer.split(b"\r\n")[0], answer[:400])


def http_connection(service):
    class Connection(http.client.HTTPConnection):
        def __enter__(self):
            return self

        def __exit__(self, *_):
            self.close()

    return Connection("127.0.0.1", service.port, timeout=60)


def endless_chunks(service):
    """Stops at the limit on uploads."""
    head = (f"POST {JOBS} HTTP/1.1\r\n{HOST}Content-Type: audio/wav\r\n"
            "Transfer-Encoding: chunked\r\n\r\n").encode()
    part, sent, answer = in_chunks(bytes(1000), 1), 0, b""
    with socket.create_connection(("127.0.0.1", service.port), 60) as connection:
        connection.sendall(head)
        connection.settimeout(0)
        while not answer and sent < 200 << 20:
            try:
                answer = connection.recv(65536)
            except BlockingIOError:
                pass
            connection.settimeout(60)
            connection.sendall(part)
            sent += len(part)
            connection.settimeout(0)
    checks.expect("endless chunks", b" 413 " in answer.split(b"\r\n")[0] and sent < 60 << 20,
                  (answer[:400], sent))


# ---- JSON ----


def broken_json(service):
    """Each path that takes JSON, as /openapi.json has it."""
    document = service.ask("GET", "/openapi.json").json
    taking = []
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            body = operation.get("requestBody", {})
            if "$ref" in body:
                body = document["components"]["requestBodies"][body["$ref"].rsplit("/", 1)[1]]
            if set(body.get("content", {})) == {"application/json"}:
                taking.append((method.upper(), path))
    checks.expect("some paths take JSON", bool(taking))
    for method, path in taking:
        place = path.replace("{id}", "0" * 32)
        for body in (b"{", b"", b"[" * 100000, b'{"a":1,"a":2}', b'{"a":"\xff"}', b'"\\ud800"', b"\0",
                     b"{}x", b"[]", b"null", b"1e999", b"{" + b'"a":' * 5000, b'{"\\u0000":1}'):
            answer = service.ask(method, place, body, "application/json")
            checks.expect(f"{method} {path} {body[:12]!r}", answer.status in (400, 404, 413, 422)
                          and answer.json["status"] == answer.status, answer)
        for kind in ("text/plain", "application/jsonx", "", "audio/wav", "application/xml; \xff"):
            answer = service.ask(method, place, b"{}", kind)
            checks.expect(f"{method} {path} as {kind!r}", answer.status in (404, 415), answer)
        large = service.ask(method, place, b" " * (3 << 20), "application/json")
        checks.expect(f"{method} {path}, 3 MB", large.status in (404, 413), large)


# ---- clients ----


def slow_loris(service):
    """Many headers that come byte by byte: others are answered, and they are closed."""
    connections = [socket.create_connection(("127.0.0.1", service.port), 60) for _ in range(60)]
    text = f"GET /healthz HTTP/1.1\r\n{HOST}X: {'y' * 200}\r\n\r\n".encode()
    began, closed = time.monotonic(), 0
    for connection in connections:
        connection.setblocking(False)
    while connections and time.monotonic() - began < 30:
        at = int((time.monotonic() - began) * 5)
        for connection in list(connections):
            try:
                connection.send(text[at : at + 1])
                gone = not connection.recv(1000)
            except BlockingIOError:
                gone = False
            except OSError:
                gone = True
            if gone:
                connections.remove(connection)
                connection.close()
                closed += 1
        began_one = time.monotonic()
        answer = service.ask("GET", "/healthz")
        checks.expect("others are answered", answer.status == 200
                      and time.monotonic() - began_one < 2, answer)
        time.sleep(0.2)
    checks.expect("slow headers are closed", closed == 60, closed)
    for connection in connections:
        connection.close()


def leave_midway(service, wav):
    """Clients that send a part of a recording and go."""
    form_head = (b'--x1y2z3\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n')
    heads = [f"POST {JOBS}?wait=1 HTTP/1.1\r\n{HOST}Content-Type: {kind}\r\n{length}\r\n\r\n".encode()
             for kind in ("audio/wav", "multipart/form-data; boundary=x1y2z3")
             for length in (f"Content-Length: {len(wav)}", "Transfer-Encoding: chunked")]
    for head in heads:
        for part in (b"", form_head, in_chunks(form_head + wav[:5000], 100), wav[:20000]):
            with socket.create_connection(("127.0.0.1", service.port), 60) as connection:
                connection.sendall(head + part)
                if len(part) % 2:  # at once, and thrown away by the system
                    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")


def trickle(service, wav):
    """A body that never stops and hardly comes is 408; one that is slow has its time."""
    def send(part, pause):
        head = f"POST {JOBS}?wait=1 HTTP/1.1\r\n{HOST}Content-Type: audio/wav\r\n"
        began, answer = time.monotonic(), b""
        with socket.create_connection(("127.0.0.1", service.port), 60) as connection:
            connection.sendall(f"{head}Content-Length: {len(wav)}\r\n\r\n".encode())
            for at in range(0, len(wav), part):
                connection.settimeout(pause if at + part < len(wav) else 60)
                connection.sendall(wav[at : at + part])
                try:
                    answer = connection.recv(65536)
                    break
                except TimeoutError:
                    pass
        return answer.split(b"\r\n")[0], time.monotonic() - began

    with ThreadPoolExecutor() as pool:
        trickling, slow = pool.submit(send, 1, 0.3), pool.submit(send, len(wav) // 50, 0.1)
        status, took = trickling.result()
        checks.expect("a trickle", b" 408 " in status and took < 8, (status, took))
        status, took = slow.result()
        checks.expect("a slow one", b" 200 " in status and took > 4, (status, took))


def floods(service):
    """More headers and longer ones than anybody needs."""
    for what, headers in (("many", "".join(f"X-{i}: y\r\n" for i in range(5000))),
                          ("long", f"X: {'y' * 100000}\r\n"), ("a long name", "X" * 100000 + ": y\r\n"),
                          ("a long path", None), ("many known", "Accept: a\r\n" * 5000)):
        path = "/healthz" if headers else "/" + "x" * 100000
        answer = service.say(f"GET {path} HTTP/1.1\r\n{HOST}{headers or ''}\r\n".encode())
        status = answer.split(b" ")[1:2]
        checks.expect(f"headers: {what}", status in ([], [b"400"], [b"404"], [b"413"], [b"414"],
                                                     [b"431"]), answer[:400])
    connections = []
    for _ in range(300):
        connections.append(socket.create_connection(("127.0.0.1", service.port), 60))
    checks.expect("many connections", service.ask("GET", "/healthz").status == 200)
    for connection in connections:
        connection.close()


def names(service, wav):
    """Paths, zeros and bytes that are no UTF-8 in names and queries."""
    for path in ("/..%2f..%2f..%2fetc%2fpasswd", "/%2e%2e/%2e%2e/etc/passwd", "/.", "/..;/",
                 "/%00", "/%ff%fe", "/" + "0" * 32 + "%2f../x", "/store.sqlite", "//etc/passwd"):
        for tail in ("", "/audio", "/result"):
            answer = service.say(f"GET {JOBS}{path}{tail} HTTP/1.1\r\n{HOST}Connection: close\r\n\r\n"
                                 .encode())
            checks.expect(f"path {path}{tail}", answer.split(b" ")[1:2] in ([b"404"], [b"400"])
                          and b"root:" not in answer, answer[:300])
    for given, expected in (("..%2F..%2Fetc%2Fpasswd", "passwd"), ("a%FF%FEb", None),
                            ("%C3%A4.wav", "ä.wav"), ("..", "audio"), ("", "audio"),
                            ("a%0D%0AX-Evil:%201", None), ("%ED%A0%80", None)):
        answer = service.ask("POST", f"{JOBS}?filename={given}", wav, "audio/wav")
        if expected is None:
            name = answer.json["audio"]["file"] if answer.status == 202 else ""
            checks.expect(f"name {given}", answer.status == 400 or name.isprintable(), answer)
        else:
            checks.expect(f"name {given}", answer.status == 202
                          and answer.json["audio"]["file"] == expected, answer)
    for query in ("%ff=1", "filename=%00", "preset=%C3%28", "=1", "&&&", "a" * 5000 + "=1",
                  "&".join(f"a{i}=1" for i in range(500))):
        try:
            answer = service.ask("POST", f"{JOBS}?{query}", wav, "audio/wav")
        except (ConnectionError, http.client.HTTPException) as gone:
            checks.expect(f"query {query[:20]}", query == "filename=%00" or len(query) > 1000, gone)
            continue
        checks.expect(f"query {query[:20]}", answer.status in (202, 400, 422), answer)
    for kind in ("audio/\xff\xfe", "audio/" + "x" * 300, "multipart/form-data; boundary=" + "x" * 80,
                 "text/html", "application/x-www-form-urlencoded"):
        answer = service.ask("POST", JOBS, wav, kind)
        checks.expect(f"type {kind[:40]!r}", answer.status in (202, 400, 415), answer)
    listed = service.ask("GET", f"{JOBS}?limit=100")
    checks.expect("the list is UTF-8", listed.status == 200 and listed.body.decode()
                  and listed.json, listed.status)


# ---- disks and the store ----


def locked(program, folder):
    """The store is one program's at a time: a second service says so, whoever came first goes on."""
    began = time.monotonic()
    second = harness.run(program, "serve", "--no-config", "--listen", "127.0.0.1:0", "--data",
                         folder / "data")
    checks.expect("a second service", second.returncode == 1 and "store.sqlite" in second.stderr
                  and second.stderr.count("\n") == 1
                  and "end the program that uses it" in second.stderr, harness.told(second))
    checks.expect("it says so soon", time.monotonic() - began < 4, time.monotonic() - began)
    try:
        sqlite3.connect(folder / "data" / "store.sqlite", timeout=0).execute("BEGIN IMMEDIATE")
        checks.expect("it is locked", False)
    except sqlite3.OperationalError as refused:
        checks.expect("it is locked", "locked" in str(refused), refused)
    (folder / "held").mkdir()
    other = sqlite3.connect(folder / "held" / "store.sqlite")
    other.execute("BEGIN EXCLUSIVE")
    third = harness.run(program, "serve", "--no-config", "--listen", "127.0.0.1:0", "--data",
                        folder / "held")
    checks.expect("a store that is held", third.returncode == 1 and "store.sqlite" in third.stderr,
                  harness.told(third))
    other.close()


def limited_files(program, folder, wav):
    """Files may not grow beyond 1 MB: no signal ends the service."""
    script = folder / "limited"
    script.write_text(f"#!/bin/sh\nulimit -f 2000\nexec '{program}' \"$@\"\n")
    script.chmod(0o755)
    service = Service(script, folder / "limited-data")
    for _ in range(2):
        answer = service.ask("POST", JOBS, wav[:44] + bytes(1500000), "audio/wav")
        checks.expect("no room (a limit)", answer.status == 507, answer)
    job = service.ask("POST", f"{JOBS}?wait=1", wav, "audio/wav")
    checks.expect("a small one has room", job.status == 200, job)
    expect_files(service, folder / "limited-data")
    checks.expect("end", service.stop() == 0)


def fill(disk):
    with open(disk / "filler", "wb", buffering=0) as filler:
        for size in (65536, 4096):
            try:
                while filler.write(bytes(size)):
                    pass
            except OSError:
                pass


def result_waits(program, service, disk, example):
    """A result for which there is no room waits, is written once there is, and fills no log."""
    path = disk.parent / "long.wav"
    clip(example, path, 40)
    told = harness.run(program, "-q", "--no-config", path).stdout
    job = service.ask("POST", f"{JOBS}?filename={path.name}", path.read_bytes(),
                      "audio/wav").json["id"]
    while service.ask("GET", f"{JOBS}/{job}").json["status"] == "queued":
        pass
    fill(disk)
    service.event("job_waits")
    before = len(service.log)
    time.sleep(3.5)
    said = [line for line in service.log[before:] if '"event":"request"' not in line]
    checks.expect("attempts are not told each time", len(said) <= 1, said)
    checks.expect("it has not ended", service.ask("GET", f"{JOBS}/{job}").json["status"] == "running")
    (disk / "filler").unlink()
    checks.expect("it ends", service.wait(job, timeout=15)["status"] == "succeeded", service.log[-5:])
    result = service.ask("GET", f"{JOBS}/{job}/result?format=rttm").body.decode()
    checks.expect("its result", result == told, result[:300])
    ends = [line for line in service.log if '"event":"job_end"' in line and job in line]
    checks.expect("it ends once", len(ends) == 1, ends)


def full_disk(program, folder, wav, example):
    """A disk of 6 MB that is filled, and has room again."""
    if os.geteuid() or subprocess.run(["unshare", "--mount", "mount", "-t", "tmpfs", "none", folder],
                                      capture_output=True).returncode:
        print("skipped: a full disk; this may not mount one")
        return
    place = folder / "disk"
    place.mkdir()
    script = folder / "mounted"
    script.write_text("#!/bin/sh\n"
                      f"exec unshare --mount sh -c 'mount -t tmpfs -o size=6m none {place} && "
                      f"exec \"$0\" \"$@\"' '{program}' \"$@\"\n")
    script.chmod(0o755)
    service = Service(script, place / "data")
    disk = pathlib.Path(f"/proc/{service.process.pid}/root{place}")
    answer = service.ask("POST", JOBS, wav[:44] + bytes(8000000), "audio/wav")
    checks.expect("no room", answer.status == 507, answer)
    fill(disk)
    for _ in range(2):
        answer = service.ask("POST", JOBS, wav, "audio/wav")
        checks.expect("full", answer.status in (503, 507), answer)
    checks.expect("reading goes on", service.ask("GET", JOBS).status == 200)
    expect_files(service, disk / "data")
    (disk / "filler").unlink()
    answer = service.ask("POST", f"{JOBS}?wait=1&format=rttm", wav, "audio/wav")
    checks.expect("room again", answer.status == 200, answer)
    result_waits(program, service, disk, example)
    expect_files(service, disk / "data")
    checks.expect("end", service.stop() == 0)


# ---- what is left behind ----


def descriptors(service):
    return len(os.listdir(f"/proc/{service.process.pid}/fd"))


def expect_descriptors(what, service, before):
    """As many as before, once connections that were left have been closed."""
    end = time.monotonic() + 15
    while (now := descriptors(service)) > before and time.monotonic() < end:
        time.sleep(0.1)
    checks.expect(f"{what}: still there", service.ask("GET", "/healthz").status == 200)
    open_ones = [os.readlink(path) for path in pathlib.Path(f"/proc/{service.process.pid}/fd").iterdir()
                 if path.is_symlink()] if now > before else ""
    checks.expect(f"{what}: no descriptor is left", now <= before, (before, now, open_ones))


def expect_files(service, folder):
    """A recording for each job, and nothing else."""
    jobs = {job["id"] for job in service.ask("GET", f"{JOBS}?limit=100").json["diarizations"]}
    end = time.monotonic() + 15
    while any((folder / "uploads").iterdir()) and time.monotonic() < end:
        time.sleep(0.1)
    kept = {path.name for path in (folder / "audio").iterdir()}
    left = list((folder / "uploads").iterdir()) + list((folder / "scratch").iterdir())
    checks.expect("a recording for each job", kept == jobs, kept ^ jobs)
    checks.expect("no other file is left", left == [], left)


def main():
    program, example = (os.path.abspath(path) for path in sys.argv[1:])
    resource.setrlimit(resource.RLIMIT_NOFILE, (4096, 4096))
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        wav, long_wav = clip(example, folder / "a.wav", 3), clip(example, folder / "b.wav", 19)
        tiny = clip(example, folder / "c.wav", 0.3)
        service = Service(program, folder / "data", "--max-upload", "1", "--max-audio",
                          str(MAX_AUDIO_S), "--idle-time", "2", "--speakers")
        service.ask("POST", f"{JOBS}?wait=1", wav, "audio/wav")
        before = descriptors(service)
        waits = threading.Thread(target=locked, args=(program, folder))  # for locks, most of it
        waits.start()
        for what, fault, arguments in (
                ("bombs", bombs, [folder]), ("decoders", decoders, [long_wav]),
                ("chunks", chunked, [wav]), ("endless chunks", endless_chunks, []),
                ("JSON", broken_json, []), ("names", names, [tiny]), ("floods", floods, []),
                ("leaving", leave_midway, [wav]), ("slow headers", slow_loris, []),
                ("trickles", trickle, [tiny])):
            began = time.monotonic()
            fault(service, *arguments)
            expect_descriptors(what, service, before)
            print(f"{what}: {time.monotonic() - began:.1f} s")
        waits.join()
        for job in service.ask("GET", f"{JOBS}?limit=100").json["diarizations"]:
            service.wait(job["id"])
        expect_files(service, folder / "data")
        checks.expect("end", service.stop() == 0, "".join(service.log[-5:]))
        for line in service.log:
            checks.expect("the log is JSON", json.loads(line)["event"], line)
        limited_files(program, folder, wav)
        full_disk(program, folder, wav, example)
    checks.finish()


main()
