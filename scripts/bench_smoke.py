#!/usr/bin/env python3
"""bench_smoke.py - does a service measure? One small benchmark of each dataset that it has, with the
system that says what the reference says.
SPDX-License-Identifier: MIT

usage: BENCH_API_KEY=... bench_smoke.py [--base-url URL] [--dataset-id ID]... [--system ID]...

Prints a line for each dataset. Exit code 0: all were completed, with reports that hold together.
"""

import argparse
import json
import os
import sys
import time
import urllib.error
import urllib.request


class Service:
    def __init__(self, base_url, key, header):
        self.base_url, self.headers = base_url.rstrip("/"), {header: key} if key else {}

    def ask(self, path, body=None):
        headers = dict(self.headers)
        data = None
        if body is not None:
            headers["Content-Type"] = "application/json"
            data = json.dumps(body).encode()
        request = urllib.request.Request(self.base_url + path, data, headers)
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            try:
                detail = json.load(error)["detail"]
            except (ValueError, KeyError):
                detail = error.reason
            raise RuntimeError(f"HTTP {error.code}: {detail}") from None


def wait(service, job_id, timeout_s, poll_s):
    end = time.monotonic() + timeout_s
    while time.monotonic() < end:
        job = service.ask(f"/v1/jobs/{job_id}")
        if job["status"] in ("completed", "failed"):
            return job
        time.sleep(poll_s)
    raise RuntimeError(f"{job_id} has not ended after {timeout_s} s")


def check(report, listed, job_id, systems):
    """What every report must be, and one of the reference itself in particular."""
    wrong = []
    expected = len(systems) * report["run_config"]["n_runs"] * len(report["dataset_manifest"]["files"])
    if report["job_id"] != job_id or job_id not in [entry["job_id"] for entry in listed]:
        wrong.append("it is of another job, or not in the list")
    if len(report["items"]) != expected or {item["run_index"] for item in report["items"]} != {0}:
        wrong.append(f"{len(report['items'])} items instead of {expected}")
    for name in ("metrics_summary", "der_summary", "rtf_summary", "speaker_count_table"):
        if set(report[name]) != set(systems):
            wrong.append(f"{name} is not of these systems")
    oracle = report["metrics_summary"].get("oracle_reference")
    if oracle and oracle["der"] not in (0, None):
        wrong.append(f"the reference has a DER of {oracle['der']}")
    if "hostname" not in report["machine_fingerprint"]:
        wrong.append("machine_fingerprint lacks hostname")
    return wrong


def measure(service, dataset_id, options):
    spec = {"dataset_id": dataset_id, "n_runs": 1, "limit_files": options.limit_files,
            "cpu_threads": options.cpu_threads, "metadata": {"smoke": True},
            "systems": [{"system_id": name} for name in options.system]}
    job_id = service.ask("/v1/jobs", spec)["job_id"]
    job = wait(service, job_id, options.timeout_seconds, options.poll_interval_seconds)
    if job["status"] != "completed":
        raise RuntimeError(job["error"])
    report = service.ask(f"/v1/jobs/{job_id}/report")["report"]
    listed = service.ask("/v1/reports?limit=100")["results"]
    wrong = check(report, listed, job_id, options.system)
    if wrong:
        raise RuntimeError("; ".join(wrong))
    return job_id


def main():
    parser = argparse.ArgumentParser(description="One small benchmark of each dataset of a service.")
    parser.add_argument("--base-url", default=os.environ.get("BENCH_BASE_URL", "http://127.0.0.1:8080"))
    parser.add_argument("--api-key", default=os.environ.get("BENCH_API_KEY"))
    parser.add_argument("--api-key-header", default=os.environ.get("BENCH_API_KEY_HEADER", "X-API-Key"))
    parser.add_argument("--dataset-id", action="append", help="default: all that are there")
    parser.add_argument("--system", action="append", help="default: oracle_reference")
    parser.add_argument("--cpu-threads", type=int, default=1)
    parser.add_argument("--limit-files", type=int, default=1)
    parser.add_argument("--timeout-seconds", type=float, default=600)
    parser.add_argument("--poll-interval-seconds", type=float, default=2)
    options = parser.parse_args()
    options.system = options.system or ["oracle_reference"]
    service = Service(options.base_url, options.api_key, options.api_key_header)
    failed = 0
    try:
        available = [d["dataset_id"] for d in service.ask("/v1/datasets") if d["available"]]
        for dataset_id in options.dataset_id or available:
            try:
                print(f"{dataset_id}: completed, {measure(service, dataset_id, options)}", flush=True)
            except RuntimeError as error:
                print(f"{dataset_id}: failed, {error}", flush=True)
                failed += 1
    except (OSError, RuntimeError) as error:
        sys.exit(f"bench_smoke.py: {options.base_url}: {error}")
    if not options.dataset_id and not available:
        sys.exit("bench_smoke.py: the service has no dataset whose folders are there")
    return 1 if failed else 0


sys.exit(main())
