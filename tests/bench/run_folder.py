# SPDX-License-Identifier: MIT
"""run_folder.py - made-up folders of runs (docs/decisions/006-benchmark.md)."""

import json
import pathlib

KEYS = ("collar_0.25_no_overlap", "collar_0_overlap")


def score(scored, missed, false_alarm, confusion, jer, speakers):
    total = missed + false_alarm + confusion
    return {"scored": scored, "missed": missed, "false_alarm": false_alarm, "confusion": confusion,
            "der": total / scored if scored else None, "jer": jer,
            "jer_speakers": speakers}


def row(system, run, file_id, scores=None, status="ok", **more):
    """scores: of both ways, each the arguments of score() but for its speakers: all are scored."""
    out = {"system_id": system, "system_version": "1.0", "run_index": run, "file_id": file_id,
           "status": status, "error": None if status == "ok" else f"{status} for a reason",
           "duration": 60.0, "wall_s": 2.0, "cpu_s": 4.0, "peak_rss_mb": 80.0, "rtf": 2.0 / 60,
           "reference_speakers": 2, "predicted_speakers": 2,
           "scores": None}
    out.update(more)
    if scores:
        out["scores"] = {k: score(*s, out["reference_speakers"]) for k, s in zip(KEYS, scores)}
    if status != "ok":
        out.update(wall_s=None, cpu_s=None, peak_rss_mb=None, rtf=None, predicted_speakers=None)
    out.update(more)
    return out


def write(folder, systems, files, rows, n_runs=1, **spec):
    """files: {file_id: (duration, number of speakers)}. The paths in it are of no machine."""
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    spec = {"job_id": folder.name, "created_at": "2026-03-04T05:06:07Z", "dataset_id": "made_up",
            "n_runs": n_runs, "cpu_threads": 2, "warmup_files": 0,
            "systems": [{"system_id": s, "params": {}} for s in systems], **spec}
    manifest = {"dataset_id": "made_up", "selection_hash": "ab" * 32, "num_files": len(files),
                "files": [{"file_id": f, "audio": f"/nowhere/audio/{f}.wav",
                           "rttm": f"/nowhere/rttm/{f}.rttm", "uem": None, "duration": d,
                           "num_speakers": n} for f, (d, n) in files.items()]}
    machine = {"hostname": "inside", "os": "Linux", "cpu_model": "Some CPU", "cpu_threads": 2}
    for name, value in (("spec", spec), ("manifest", manifest), ("machine", machine)):
        (folder / f"{name}.json").write_text(json.dumps(value), encoding="utf-8")
    lines = "".join(json.dumps(r, ensure_ascii=False) + "\n" for r in rows)
    (folder / "items.jsonl").write_text(lines, encoding="utf-8")
    return folder
