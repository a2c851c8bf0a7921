#!/usr/bin/env python3
"""benchmarks.py - benchmarks over HTTP: what the command line says of the same specification, through
ends and kills of the service.
SPDX-License-Identifier: MIT

usage: benchmarks.py PROGRAM RECORDING
"""

import datetime
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import threading
import time

from service import Service, clip, harness

ROOT = harness.ROOT
START_S, CLIP_S, NUM_FILES = (0, 10), 5, 2
SLOW_S = 0.25
NAMES = ["oracle_reference", "diarist", "careful"]
checks = harness.Checks()


# ---- what there is --------------------------------------------------------------------------------


def reference(recording, start):
    """The turns of the example that lie in a piece of it."""
    lines = []
    for line in pathlib.Path(recording).with_suffix(".rttm").read_text().splitlines():
        fields = line.split()
        begin, end = float(fields[3]) - start, float(fields[3]) + float(fields[4]) - start
        begin, end = max(begin, 0), min(end, CLIP_S)
        if end - begin > 0.01:
            lines.append(f"SPEAKER x 1 {begin:.3f} {end - begin:.3f} <NA> <NA> {fields[7]} <NA> <NA>\n")
    return "".join(lines)


def make_dataset(folder, recording):
    """Two pieces of the example as the dataset `tiny`; the operator's system `slow`, which notes when
    it runs."""
    for kind in ("audio", "rttm"):
        (folder / "datasets" / "tiny" / kind).mkdir(parents=True)
    for i, start in enumerate(START_S):
        clip(recording, folder / "datasets" / "tiny" / "audio" / f"piece{i}.wav", CLIP_S, start)
        path = folder / "datasets" / "tiny" / "rttm" / f"piece{i}.rttm"
        path.write_text(reference(recording, start).replace(" x ", f" piece{i} "))
    script = (f'a=$(date +%s.%N); sleep {SLOW_S}; echo "$a $(date +%s.%N) $1" >> {folder}/times; '
              'echo "SPEAKER $1 1 0 2 <NA> <NA> A <NA> <NA>" > "$2"')
    (folder / "systems.json").write_text(json.dumps([
        {"system_id": "slow", "command": ["sh", "-c", script, "sh", "{file_id}", "{out}", "{audio}"]},
        {"system_id": "broken", "command": ["false", "{audio}"]},
        {"system_id": "careful", "definition": "diarist", "params": {"preset": "accurate"}}]))
    return ["--datasets-root", folder / "datasets", "--systems-file", folder / "systems.json",
            "--environments", folder / "venvs"]


def spec(*systems, **more):
    entries = [{"system_id": s} if isinstance(s, str) else s for s in systems]
    return {"dataset_id": "tiny", "cpu_threads": 1, "systems": entries, **more}


def post(service, document, headers=()):
    body = document if isinstance(document, bytes) else json.dumps(document).encode()
    return service.ask("POST", "/v1/jobs", body, "application/json", headers)


def wait(service, job, until=lambda job: job["status"] not in ("queued", "running"), timeout=120):
    """The job once that holds, and how far it was each time it was asked."""
    seen, end = [], time.monotonic() + timeout
    while time.monotonic() < end:
        answer = service.ask("GET", f"/v1/jobs/{job}")
        seen.append(answer.json)
        if answer.status != 200 or until(answer.json):
            return answer.json, seen
        time.sleep(0.05)
    raise RuntimeError(f"{job} does not get there: {seen[-1]}")


def expect_problem(what, answer, status, field=None):
    good = answer.status == status and answer.headers["Content-Type"] == "application/problem+json"
    good = good and answer.json["status"] == status and answer.json.get("field") == field
    checks.expect(f"{what}: {status} {field or ''}", good, answer)


# ---- one report -----------------------------------------------------------------------------------

# What differs between two runs of the same.
VOLATILE = {"job_id", "created_at", "run_dir", "wall_s", "cpu_s", "rtf", "cpu_rtf", "peak_rss_mb",
            "load_average"}


def same_for_ever(value, key=None):
    """A report without that; numbers of the volatile become whether there is one."""
    if key in VOLATILE:
        return None if value is None else type(value).__name__
    if isinstance(value, dict):
        return {k: same_for_ever(v, k) for k, v in value.items() if k != "rtf_summary"}
    if isinstance(value, list):
        return [same_for_ever(v) for v in value]
    return value


def differences(one, two, path=""):
    if isinstance(one, dict) and isinstance(two, dict):
        return [d for k in {**one, **two} for d in differences(one.get(k), two.get(k), f"{path}.{k}")]
    if isinstance(one, list) and isinstance(two, list) and len(one) == len(two):
        return [d for i, (a, b) in enumerate(zip(one, two)) for d in differences(a, b, f"{path}[{i}]")]
    return [] if one == two else [f"{path}: {one!r} {two!r}"]


def as_on_the_command_line(service, program, folder, options):
    """Returns the job."""
    asked = spec(*NAMES, n_runs=2)
    accepted = post(service, {**asked, "metadata": {"who": "a test"}})
    job = accepted.json["job_id"]
    checks.expect("accepted", accepted.status == 202 and accepted.json["status"] == "queued"
                  and accepted.headers["Location"] == f"/v1/jobs/{job}", accepted)
    ended, seen = wait(service, job)
    progress = [s["progress_percent"] for s in seen]
    checks.expect("completed", ended["status"] == "completed" and ended["progress_percent"] == 100
                  and ended["report_key"] and ended["error"] is None
                  and ended["metadata"] == {"who": "a test"} and ended["dataset_id"] == "tiny"
                  and [s["system_id"] for s in ended["systems"]] == NAMES
                  and ended["created_at"] <= ended["started_at"] <= ended["finished_at"], ended)
    checks.expect("progress grows", progress == sorted(progress) and len(set(progress)) > 2, progress)
    checks.expect("what it does", any("diarist" in (s["current_step"] or "") for s in seen), seen[-3:])
    envelope = service.ask("GET", f"/v1/jobs/{job}/report").json
    report = envelope["report"]
    checks.expect("envelope", envelope["job_id"] == report["job_id"] == job
                  and envelope["report_key"] == ended["report_key"], envelope.keys())
    (folder / "spec.json").write_text(json.dumps(asked))
    done = harness.run(program, "bench", "run", folder / "spec.json", "--no-config", "--run-dir",
                       folder / "run", *options, cwd=folder)
    checks.expect("command line", done.returncode == 0, harness.told(done))
    own = json.loads((folder / "run" / "report.json").read_text())
    found = differences(same_for_ever(report), same_for_ever(own))
    checks.expect("the same report", not found, "\n".join(found[:20]))
    checks.expect("of all rows", len(report["items"]) == 3 * 2 * NUM_FILES
                  and report["metrics_summary"]["oracle_reference"]["der"] == 0
                  and 0 < report["metrics_summary"]["diarist"]["der_strict"] < 0.6,
                  report["metrics_summary"])
    # The memory of the service is not counted as the system's.
    for a, b in zip(report["items"], own["items"]):
        checks.expect("memory", a["peak_rss_mb"] is None or
                      abs(a["peak_rss_mb"] - b["peak_rss_mb"]) < 10 + 0.3 * b["peak_rss_mb"],
                      (a["peak_rss_mb"], b["peak_rss_mb"]))
    lines = service.ask("GET", "/metrics").body.decode().splitlines()
    figures = {line.split('"')[1]: int(line.split()[1]) for line in lines
               if line.startswith("diarist_benchmarks{")}
    checks.expect("/metrics", figures == {"queued": 0, "running": 0, "completed": 1, "failed": 0},
                  figures)
    published(service, program, folder, job)
    return job


def published(service, program, folder, job, **environment):
    """From the service, and from the folder of its run: the same files."""
    url = f"http://127.0.0.1:{service.port}"
    whole = {**os.environ, **environment}
    fetched = harness.run(program, "bench", "publish", "--no-config", "--base-url", url + "/", "--job-id",
                          job, "--to", folder / f"http-{job}", env=whole)
    checks.expect("publish", fetched.returncode == 0, harness.told(fetched))
    harness.run(program, "bench", "publish", "--no-config", service.data / "benchmarks" / job, "--to",
                folder / f"file-{job}")
    files = [sorted(p.relative_to(folder / f"{kind}-{job}") for p in (folder / f"{kind}-{job}").rglob("*.*"))
             for kind in ("http", "file")]
    checks.expect("published files", files[0] == files[1] and len(files[0]) == 4, files)
    for name in files[0]:
        texts = [(folder / f"{kind}-{job}" / name).read_text() for kind in ("http", "file")]
        checks.expect(f"published {name}", texts[0] == texts[1])
    lost = harness.run(program, "bench", "publish", "--no-config", "--base-url", url, "--job-id", "0" * 32,
                       "--to", folder / "lost", env=whole)
    checks.expect("no such job", lost.returncode == 3 and "404: there is no such benchmark" in lost.stderr
                  and not (folder / "lost").exists(), harness.told(lost))


# ---- what is refused ------------------------------------------------------------------------------


def refusals(service):
    d = {"system_id": "diarist"}
    wrong = [
        (spec(d, n_runs=0), "n_runs"), (spec(d, n_runs=21), "n_runs"), (spec(d, n_runs="3"), "n_runs"),
        (spec(d, cpu_threads=0), "cpu_threads"), (spec(d, warmup_files=-1), "warmup_files"),
        (spec(d, limit_files=0), "limit_files"), (spec(d, runs=1), "runs"), (spec(), "systems"),
        (spec(d, metadata=[]), "metadata"), (spec(d, dataset_id="other"), "dataset_id"),
        (spec(d, dataset_id="../tiny"), "dataset_id"), ({"systems": [d]}, "dataset_id"),
        (spec("nemo"), "systems[0].definition"), (spec(d, d), "systems[1].system_id"),
        (spec(d, {**d, "system_id": "../x"}), "systems[1].system_id"),
        (spec({**d, "version": "9.9"}), "systems[0].version"),
        (spec({**d, "params": {"min_speakers": 3, "max_speakers": 2}}), "systems[0].params.min_speakers"),
        (spec({**d, "params": {"min_speakers": 3, "num_speakers": 2}}), "systems[0].params.min_speakers"),
        (spec({**d, "params": {"preset": "slow"}}), "systems[0].params.preset"),
        (spec({**d, "params": {"trunk": "recording"}}), "systems[0].params"),  # not of this model
        # Nobody runs commands or opens files here.
        (spec({"system_id": "x", "command": ["sh", "{audio}"]}), "systems[0].command"),
        (spec({"system_id": "slow", "command": ["sh", "{audio}"]}), "systems[0].command"),
        (spec({**d, "version_command": ["id"]}), "systems[0].command"),
        (spec({**d, "params": {"model": "/etc/passwd"}}), "systems[0].params.model"),
        (spec({"system_id": "careful", "params": {"model": "x"}}), "systems[0].params.model"),
        (spec({"system_id": "slow", "params": {"file": "/etc/passwd"}}), "systems[0].params.file"),
    ]
    for document, field in wrong:
        expect_problem(json.dumps(document), post(service, document), 422, field)
    for body in (b"[]", b"3", b'"x"', b"null"):
        expect_problem(repr(body), post(service, body), 422)
    for body in (b"{", b"", b"x" * 10, b'{"a": 1, "a": 2}', b"\xff{}", b"[" * 100000):
        expect_problem(repr(body[:20]), post(service, body), 400)
    expect_problem("large", post(service, b" " * (1 << 20) + b"{}"), 413)
    good = json.dumps(spec(d)).encode()
    for kind in ("text/plain", "", "multipart/form-data; boundary=x", "application/jsonp"):
        expect_problem(kind, service.ask("POST", "/v1/jobs", good, kind), 415)
    for name in ("0" * 32, "x", "..", "%2e%2e", "' OR 1=1"):
        for path in (f"/v1/jobs/{name}", f"/v1/jobs/{name}/report"):
            expect_problem(path, service.ask("GET", path.replace(" ", "%20")), 404)
    for query in ("limit=0", "limit=101", "limit=x", "offset=-1", "offset=1.5", "limit="):
        expect_problem(query, service.ask("GET", f"/v1/reports?{query}"), 400)
    for method, path in (("GET", "/v1/jobs"), ("DELETE", "/v1/datasets"), ("POST", "/v1/reports")):
        expect_problem(path, service.ask(method, path, b"{}" if method == "POST" else None), 405)


# ---- lists ----------------------------------------------------------------------------------------


def lists(service, folder, first):
    jobs = [first]
    for _ in range(3):
        jobs.append(post(service, spec("oracle_reference", limit_files=1)).json["job_id"])
    for job in jobs:
        checks.expect("completed", wait(service, job)[0]["status"] == "completed")
    everything = service.ask("GET", "/v1/reports").json
    newest = [report["job_id"] for report in everything["results"]]
    checks.expect("reports, newest first", everything["count"] == 4 and newest == jobs[::-1], everything)
    report = everything["results"][-1]
    checks.expect("what a report is", report["status"] == "completed" and report["dataset_id"] == "tiny"
                  and [s["system_id"] for s in report["systems"]] == NAMES and report["report_key"]
                  and report["created_at"], report)
    seen = []
    for offset in range(0, 6, 2):
        page = service.ask("GET", f"/v1/reports?limit=2&offset={offset}").json
        checks.expect("count", page["count"] == 4, page)
        seen += [report["job_id"] for report in page["results"]]
    checks.expect("pages", seen == newest, seen)
    datasets = service.ask("GET", "/v1/datasets").json
    there = {d["dataset_id"]: d["available"] for d in datasets}
    checks.expect("datasets", there["tiny"] is True and there["voxconverse"] is False
                  and datasets == json.loads(harness.run(
                      service.program, "bench", "datasets", "list", "-f", "json", "--no-config",
                      "--datasets-root", folder / "datasets").stdout), datasets)
    return jobs


def failures(service, folder):
    """Nothing that could be measured is a report; nothing that could be run is none."""
    busy = post(service, spec("slow")).json["job_id"]
    audio = folder / "datasets" / "brief" / "audio"
    shutil.copytree(folder / "datasets" / "tiny", audio.parent)
    lost = post(service, spec("oracle_reference", dataset_id="brief")).json["job_id"]
    broken = post(service, spec("broken")).json["job_id"]
    shutil.rmtree(audio)
    ended, _ = wait(service, lost)
    checks.expect("a dataset that has gone", ended["status"] == "failed" and ended["error"]
                  and f"{service.data}/" not in ended["error"] and ended["report_key"] is None, ended)
    expect_problem("no report", service.ask("GET", f"/v1/jobs/{lost}/report"), 404)
    ended, _ = wait(service, broken)
    report = service.ask("GET", f"/v1/jobs/{broken}/report").json["report"]
    checks.expect("a system that fails", ended["status"] == report["status"] == "failed"
                  and ended["error"] and {i["status"] for i in report["items"]} == {"failed"}, ended)
    checks.expect("the first", service.ask("GET", f"/v1/jobs/{busy}").json["status"] == "completed")


# ---- ends and kills -------------------------------------------------------------------------------


def rows_of(service, job):
    path = service.data / "benchmarks" / job / "items.jsonl"
    return path.read_text().splitlines() if path.exists() else []


def killed(service, again, folder, jobs):
    """A run of 8 rows, ended twice by SIGTERM or SIGKILL; every row is measured once, but for those
    that were being measured. Returns the last service."""
    reports = {job: service.ask("GET", f"/v1/jobs/{job}/report").body for job in jobs}
    (folder / "times").unlink(missing_ok=True)
    job = post(service, spec("slow", n_runs=4)).json["job_id"]
    waiting = post(service, spec("oracle_reference")).json["job_id"]
    expect_problem("not yet", service.ask("GET", f"/v1/jobs/{waiting}/report"), 409)
    for how, rows in (("stop", 2), ("kill", 4)):
        wait(service, job, lambda job: job["progress_percent"] >= 100 * rows / 8)
        before = time.monotonic()
        checks.expect(how, getattr(service, how)() in (0, None) and time.monotonic() - before < 5)
        kept = rows_of(service, job)
        checks.expect("rows are there", rows <= len(kept) < 8, kept)
        service = again()
        _, seen = wait(service, job, lambda job: job["status"] == "running" and job["current_step"])
        wait(service, job, lambda job: job["progress_percent"] >= 100 * (len(kept) + 1) / 8)
        checks.expect("rows stay", rows_of(service, job)[: len(kept)] == kept)
    ended, _ = wait(service, job)
    report = service.ask("GET", f"/v1/jobs/{job}/report").json["report"]
    done = [(item["run_index"], item["file_id"], item["status"]) for item in report["items"]]
    checks.expect("completed after all", ended["status"] == "completed" and done ==
                  [(run, f"piece{i}", "ok") for run in range(4) for i in range(NUM_FILES)], done)
    measured = (folder / "times").read_text().splitlines()
    checks.expect("each once", 8 <= len(measured) <= 10, measured)
    checks.expect("the next, too", wait(service, waiting)[0]["status"] == "completed")
    for job, body in reports.items():
        kept = service.ask("GET", f"/v1/jobs/{job}/report").body
        checks.expect("reports stay", kept == body)
    return service


def seconds(text):
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


def one_at_a_time(service, folder, wav):
    """Diarizations between the recordings of a benchmark, never during one."""
    (folder / "times").unlink(missing_ok=True)
    job = post(service, spec("slow", n_runs=3)).json["job_id"]
    wait(service, job, lambda job: job["status"] == "running" and job["progress_percent"] > 0)
    asked = [service.ask("POST", "/v1/diarizations", wav, "audio/wav").json["id"] for _ in range(3)]
    worked = [service.wait(name) for name in asked]
    running = service.ask("GET", f"/v1/jobs/{job}").json
    checks.expect("diarizations have their turn", running["status"] == "running"
                  and all(one["status"] == "succeeded" for one in worked), running)
    checks.expect("and the benchmark", wait(service, job)[0]["status"] == "completed")
    measured = [[float(t) for t in line.split()[:2]] for line in (folder / "times").read_text().splitlines()]
    spans = [(seconds(one["started_at"]), seconds(one["finished_at"])) for one in worked]
    # A job's end is written down a moment after its computing has ended.
    both = [(a, b) for a in measured for b in spans if a[0] < b[1] - 0.1 and b[0] + 0.002 < a[1]]
    checks.expect("never both", len(measured) == 6 and not both, both)


# ---- keys, and the smoke client -------------------------------------------------------------------


def smoke(service, **environment):
    return subprocess.run(
        [sys.executable, ROOT / "scripts" / "bench_smoke.py", "--poll-interval-seconds", "0.1",
         "--base-url", f"http://127.0.0.1:{service.port}"], capture_output=True, text=True, timeout=120,
        env={**os.environ, **environment})


def keys(program, folder, options):
    service = Service(program, folder / "keys", *options, BENCH_API_KEYS="one,two",
                      BENCH_API_KEY_HEADER="X-Bench-Key")
    service.data = folder / "keys"
    for headers, status in (({}, 401), ({"X-Bench-Key": "three"}, 401), ({"X-API-Key": "one"}, 401),
                            ({"X-Bench-Key": "two"}, 200), ({"Authorization": "Bearer one"}, 200)):
        for path in ("/v1/datasets", "/v1/reports"):
            answer = service.ask("GET", path, headers=headers)
            checks.expect(f"{path} {headers}", answer.status == status, answer)
    expect_problem("no key", post(service, spec("oracle_reference")), 401)
    key = {"BENCH_API_KEY": "two", "BENCH_API_KEY_HEADER": "X-Bench-Key"}
    done = smoke(service, **key)
    checks.expect("smoke", done.returncode == 0 and done.stdout.startswith("tiny: completed, "),
                  harness.told(done))
    published(service, program, folder, done.stdout.split()[-1], **key)
    checks.expect("smoke without a key", "HTTP 401" in smoke(service, BENCH_API_KEY="").stderr)
    service.kill()


def without_datasets(program, folder):
    service = Service(program, folder / "none")
    for path in ("/v1/jobs/x", "/v1/jobs/x/report", "/v1/reports", "/v1/datasets"):
        expect_problem(path, service.ask("GET", path), 404)
    expect_problem("no datasets", post(service, spec("oracle_reference")), 404)
    service.kill()


def main():
    program, recording = pathlib.Path(sys.argv[1]).resolve(), pathlib.Path(sys.argv[2]).resolve()
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name).resolve()
        options = make_dataset(folder, recording)
        wav = (folder / "datasets" / "tiny" / "audio" / "piece0.wav").read_bytes()

        def start():
            service = Service(program, folder / "data", *[str(option) for option in options])
            service.program, service.data = program, folder / "data"
            return service

        side = threading.Thread(target=lambda: without_datasets(program, folder))
        side.start()
        service = start()
        first = as_on_the_command_line(service, program, folder, options)
        side.join()
        refusals(service)
        jobs = lists(service, folder, first)
        failures(service, folder)
        service = killed(service, start, folder, jobs)
        one_at_a_time(service, folder, wav)
        checks.expect("ends", service.stop() == 0)
        keys(program, folder, [str(option) for option in options])
    checks.finish()


main()
