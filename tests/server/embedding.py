#!/usr/bin/env python3
"""embedding.py - POST /v2/embedding, and what it falls back on.
SPDX-License-Identifier: MIT

usage: embedding.py PROGRAM RECORDING [MODEL [EVERY]]

Embeddings are held to those of `diarist embed`, which reads the files itself; with ../shared of
every WAV file there, or of every so many. The fallback is a server of this test. MODEL: a model file.
"""

import array
import collections
import concurrent.futures
import http.server
import json
import math
import pathlib
import shutil
import sys
import tarfile
import tempfile
import threading
import time
import wave

from service import Service, clip, form, harness

ROUTE = "/v2/embedding"
MIN_S = 0.6
checks = harness.Checks()


def floats(values):
    """As the engine has them, whatever digits they are written with."""
    return values and array.array("f", values)


def embedded(program, paths):
    """What `diarist embed` says of files that it can read, by path; None: no speech."""
    told, found = harness.run(program, "embed", "--no-config", "-q", *paths).stdout, {}
    for line in told.splitlines():
        row = json.loads(line)
        found[row["file"]] = floats(row["embedding"])
    return found


def upload(service, path, data, **more):
    body, kind = form([("file", path.name, data)])
    return service.ask("POST", ROUTE, body, kind, **more)


def one(service, program, path, data):
    """A form and a bare body give the floats of the program, and say whose they are."""
    want = embedded(program, [path])[str(path)]
    model = service.ask("GET", "/readyz").json["model"]
    for name, answer in (("form", upload(service, path, data)),
                         ("body", service.ask("POST", ROUTE, data, "audio/wav"))):
        got = answer.json
        checks.expect(f"{name}: as the program", floats(got.get("embedding")) == want, answer)
        checks.expect(f"{name}: whose it is",
                      (got.get("backend"), got.get("model"), got.get("sha256"), got.get("dim"))
                      == ("built-in", model["name"], model["sha256"], len(want)), answer)
        checks.expect(f"{name}: of unit length", abs(math.hypot(*got["embedding"]) - 1) < 1e-5)


def lengths(service, folder, path):
    with wave.open(str(path)) as file:
        samples, rate = file.readframes(file.getnframes()), file.getframerate()
    for seconds, good in ((0.001, False), (MIN_S - 1 / rate, False), (MIN_S, True), (2, True)):
        short = folder / "short.wav"
        with wave.open(str(short), "wb") as file:
            file.setparams((1, 2, rate, 0, "NONE", ""))
            file.writeframes(samples[4 * rate:][:2 * round(seconds * rate)])
        answer = upload(service, short, short.read_bytes())
        checks.expect(f"{seconds} s", answer.status == (200 if good else 422)
                      and (good or "too little" in answer.json["detail"]), answer)


def refused(service, path, data):
    for what, body, kind, status in (
            ("no audio", b"no audio at all", "audio/wav", 422),
            ("nothing", *form([("file", "a.wav", b"")]), 400),
            ("no file", *form([], [("other", "1")]), 400),
            ("an option", *form([("file", "a.wav", data)], [("other", "1")]), 400),
            ("text", b"x", "text/plain", 415), ("JSON", b"{}", "application/json", 415)):
        answer = service.ask("POST", ROUTE, body, kind)
        checks.expect(f"{what}: {status}", answer.status == status, answer)
    silence = b"RIFF\x24\x7d\0\0WAVEfmt \x10\0\0\0\1\0\1\0\x80\x3e\0\0\0\x7d\0\0\2\0\x10\0data\0\x7d\0\0"
    answer = service.ask("POST", ROUTE, silence + bytes(32000), "audio/wav")
    checks.expect("silence", answer.status == 422 and "speech" in answer.json["detail"], answer)


def forms(service, program, folder, every):
    """WAV files as they are found, one of so many: as the program, or refused as it refuses."""
    archive = harness.SHARED / "data" / "formats.tar.xz"
    if not archive.is_file():
        print(f"{archive} is not there: WAV files of every form are not tried")
        return
    with tarfile.open(archive) as file:
        file.extractall(folder, [member for member in file
                                 if member.isfile() and member.name.endswith((".wav", ".w64"))])
    paths = sorted(path for path in folder.rglob("*") if path.suffix in (".wav", ".w64"))
    checks.expect("many forms", len(paths) > 60, len(paths))
    paths = paths[::every]
    told = embedded(program, paths)
    checks.expect("many of them good", 2 * len(told) > len(paths), (len(paths), len(told)))
    for path in paths:
        answer, want = upload(service, path, path.read_bytes()), told.get(str(path))
        if answer.status == 200:
            good = want and floats(answer.json["embedding"]) == want
        else:
            good = answer.status in (400, 422) and (not want or "too little" in answer.json["detail"])
        checks.expect(path.name, good, answer)
    checks.expect("it still runs", service.ask("GET", "/healthz").status == 200)


def crowd(service, path, data):
    """More than may wait: some are told to come back, all others served; the desk is not held up."""
    def ask(_):
        return upload(service, path, data)
    with concurrent.futures.ThreadPoolExecutor(40) as pool:
        answers = [pool.submit(ask, i) for i in range(40)]
        service.ask("GET", "/v1/diarizations")
        checks.expect("others are answered meanwhile", not all(future.done() for future in answers))
        answers = [future.result() for future in answers]
    statuses = collections.Counter(answer.status for answer in answers)
    checks.expect("a crowd", set(statuses) <= {200, 429} and statuses[200] >= 16, statuses)
    checks.expect("come back", all(answer.headers["Retry-After"] for answer in answers
                                   if answer.status == 429))


# ---- the fallback ----

class Hosted(http.server.BaseHTTPRequestHandler):
    """An embedding service that counts, and answers as it is told."""
    asked, reply, status = [], b"[0.6, 0.8]", 200

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        Hosted.asked.append((self.path, body))
        self.send_response(Hosted.status)
        self.send_header("Content-Length", str(len(Hosted.reply)))
        self.end_headers()
        try:
            self.wfile.write(Hosted.reply)
        except ConnectionError:
            pass

    def log_message(self, *_):
        pass


def metric(service, name):
    lines = service.ask("GET", "/metrics").body.decode().splitlines()
    return float(next(line for line in lines if line.startswith(name + " ")).split()[-1])


def fell_back(service, path, data):
    """What came is named everywhere, and what the fallback was sent is the recording."""
    answer = upload(service, path, data)
    checks.expect("the fallback answers", answer.status == 200
                  and [round(value, 6) for value in answer.json["embedding"]] == [0.6, 0.8]
                  and answer.json["backend"] == "fallback" and answer.json["model"] is None, answer)
    where, body = Hosted.asked[-1]
    head, wav = body.split(b"\r\n\r\n", 1)
    wav = wav[:wav.rindex(b"\r\n--")]
    sent = path.with_suffix(".sent.wav")
    sent.write_bytes(wav)
    with wave.open(str(path)) as old, wave.open(str(sent)) as new:
        checks.expect("the recording is sent", old.readframes(10 ** 9) == new.readframes(10 ** 9)
                      and where == ROUTE and b'name="file"' in head, head)
    ready = service.ask("GET", "/readyz").json
    checks.expect("/readyz", ready["status"] == "embeddings only" and ready["model"]["name"] is None
                  and ready["embedding"]["backend"] == "fallback" and ready["embedding"]["problem"],
                  ready)
    checks.expect("/metrics", metric(service, 'diarist_embedding_backend{backend="fallback"}') == 1
                  and metric(service, 'diarist_embedding_backend{backend="built-in"}') == 0
                  and metric(service, 'diarist_embedded_recordings_total{backend="fallback"}') >= 1)
    job = service.ask("POST", "/v1/diarizations", data, "audio/wav")
    checks.expect("no jobs without a model", job.status == 503, job)


def replies(service, path, data):
    """Answers of other forms, and wrong ones; short audio never gets there."""
    for reply, good in ((b"[[3, 4]]", True), (b'{"embedding": [3, 4]}', True), (b"[]", False),
                        (b"[1, null]", False), (b"[0, 0]", False), (b"{}", False), (b"<html>", False),
                        (b"[" * 5000, False), (b"[1e400]", False), (b" " * (2 << 20), False)):
        Hosted.reply = reply
        answer = upload(service, path, data)
        checks.expect(f"answer {reply[:20]}", answer.status == (200 if good else 502)
                      and (not good or len(answer.json["embedding"]) == 2), answer)
    Hosted.reply, Hosted.status = b"[0.6, 0.8]", 500
    checks.expect("HTTP 500", upload(service, path, data).status == 502)
    Hosted.status = 200
    asked = len(Hosted.asked)
    answer = upload(service, path, bytes(10000))
    checks.expect("no audio", answer.status == 422
                  and "the header of a WAV file" in answer.json["detail"], answer)
    checks.expect("refused here", len(Hosted.asked) == asked)
    checks.expect("failures are counted",
                  metric(service, 'diarist_embedding_failures_total{backend="fallback"}') == 9)


def backends(service):
    return [event["backend"] for event in map(json.loads, service.log)
            if event["event"] == "embedding_backend"]


def fallback(program, folder, path, data, model):
    hosted = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Hosted)
    threading.Thread(target=hosted.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{hosted.server_port}"
    broken = folder / "model.safetensors"
    broken.write_bytes(b"no model")
    service = Service(program, folder / "without", "--model", broken, "--model-retry", "86400",
                      HOSTED_SPEAKER_EMBEDDING_API_URL=url)
    fell_back(service, path, data)
    replies(service, path, data)
    if model:
        shutil.copy(model, broken)
    checks.expect("the failure is remembered",
                  upload(service, path, data).json["backend"] == "fallback")
    checks.expect("the log says so once", backends(service) == ["fallback"], backends(service))
    hosted.shutdown()
    hosted.server_close()
    checks.expect("nobody there", upload(service, path, data).status == 502)
    checks.expect("it ends", service.stop() == 0)
    if model:
        mended(program, folder, path, data, url, model)


def mended(program, folder, path, data, url, model):
    """A model that can be read at last is used, for jobs too."""
    late = folder / "late.safetensors"
    service = Service(program, folder / "late", "--model", late, "--model-retry", "1",
                      SPEAKER_EMBEDDING_URL=url)
    checks.expect("not there yet", upload(service, path, data).status == 502)
    shutil.copy(model, late)
    time.sleep(1.1)
    answer = upload(service, path, data)
    checks.expect("there", answer.status == 200 and answer.json["backend"] == "built-in", answer)
    checks.expect("the log says so", backends(service) == ["fallback", "built-in"], service.log)
    job = service.ask("POST", "/v1/diarizations?wait=1", data, "audio/wav")
    checks.expect("and jobs are taken", job.status == 200, job)
    checks.expect("it ends", service.stop() == 0)


def main():
    program, recording = sys.argv[1:3]
    model = sys.argv[3] if len(sys.argv) > 3 and pathlib.Path(sys.argv[3]).is_file() else None
    every = int(sys.argv[4]) if len(sys.argv) > 4 else 1
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        path = folder / "voice.wav"
        data = clip(recording, path, 8)
        service = Service(program, folder / "data")
        one(service, program, path, data)
        lengths(service, folder, path)
        refused(service, path, data)
        crowd(service, path, clip(recording, folder / "two.wav", 2, 4))
        forms(service, program, folder / "forms", every)
        checks.expect("it ends", service.stop() == 0)
        fallback(program, folder, path, data, model)
    checks.finish()


main()
