#!/usr/bin/env python3
"""events.py - the lines of `diarist stream` against what docs/schema and stream.h say of them.
SPDX-License-Identifier: MIT

usage: events.py PROGRAM RECORDING

Numbers without gaps, the life of each turn, times, latency, merged speakers that do not come again;
RTTM against the events; samples of another rate and form against those of 16 kHz. The schema where
jsonschema is installed.
"""

import json
import pathlib
import subprocess
import sys

program, recording = sys.argv[1:3]
SECONDS, LATENCY_S = 24, 1.5
SCHEMA = pathlib.Path(__file__).resolve().parents[2] / "docs" / "schema" / "diarist-stream-1.schema.json"


def samples(*form):
    command = ["ffmpeg", "-v", "error", "-nostdin", "-t", str(SECONDS), "-i", recording, *form, "-"]
    return subprocess.run(command, capture_output=True, check=True).stdout


def stream(data, *options):
    command = [program, "stream", "--latency", str(LATENCY_S), *options]
    return subprocess.run(command, input=data, capture_output=True, check=True).stdout.decode()


def life_of_turns(events):
    """Problems of the order of events, one line each."""
    open_turns, closed, merged, last_at = {}, set(), set(), 0
    for number, e in enumerate(events, 1):
        if e["seq"] != number:
            yield f"number {e['seq']} in place of {number}"
        if e["at"] < last_at:
            yield f"{e}: known before the one before it"
        last_at = e["at"]
        if e["type"] == "speaker.merged":
            merged.add(e["speaker"])
            if e["into"] in merged:
                yield f"{e}: into one that is gone"
            continue
        if e["type"] == "done":
            continue
        if e["speaker"] in merged:
            yield f"{e}: a merged speaker comes again"
        if (e["type"] == "turn.start") == (e["turn"] in open_turns) or e["turn"] in closed:
            yield f"{e}: out of order"
        open_turns[e["turn"]] = e
        if not 0 <= e["start"] < e["end"] <= e["at"] + 1e-3:
            yield f"{e}: times"
        if e["type"] in ("turn.final", "turn.dropped"):
            closed.add(e["turn"])
        if e["type"] == "turn.final" and e["at"] - e["end"] > LATENCY_S + 0.1:
            yield f"{e}: late"
    if set(open_turns) != closed:
        yield f"neither final nor dropped: {set(open_turns) - closed}"


def fits_schema(events):
    try:
        import jsonschema
    except ImportError:
        return
    validator = jsonschema.Draft202012Validator(json.loads(SCHEMA.read_text()))
    for e in events:
        for error in validator.iter_errors(e):
            yield f"{e}: {error.message}"


def of_rttm(events, text):
    finals = [e for e in events if e["type"] == "turn.final"]
    want = [f"SPEAKER stdin 1 {e['start']:.3f} {e['end'] - e['start']:.3f} {e['speaker']}" for e in finals]
    got = [" ".join(line.split()[i] for i in (0, 1, 2, 3, 4, 7)) for line in text.splitlines()
           if not line.startswith(";;")]
    numbers = lambda lines: [tuple(float(x) for x in line.split()[3:5]) for line in lines]
    if len(got) != len(want) or [g.split()[-1] for g in got] != [w.split()[-1] for w in want]:
        yield f"RTTM has {got}, events say {want}"
    elif any(abs(a - b) > 1.1e-3 for g, w in zip(numbers(got), numbers(want)) for a, b in zip(g, w)):
        yield f"times of RTTM {got}, of events {want}"


def talk(events):
    """Seconds of final turns."""
    return sum(e["end"] - e["start"] for e in events if e["type"] == "turn.final")


def main():
    plain = samples("-f", "s16le", "-ac", "1", "-ar", "16000")
    events = [json.loads(line) for line in stream(plain).splitlines()]
    wrong = [*life_of_turns(events), *fits_schema(events), *of_rttm(events, stream(plain, "-f", "rttm"))]
    other = stream(samples("-f", "f32le", "-ac", "2", "-ar", "48000"), "--raw", "f32le:48000:2")
    other = [json.loads(line) for line in other.splitlines()]
    wrong += life_of_turns(other)
    if abs(other[-1]["duration"] - events[-1]["duration"]) > 0.01 or abs(talk(other) - talk(events)) > 1:
        wrong.append(f"48 kHz, two channels: {talk(other)} s of talk; 16 kHz: {talk(events)}")
    if events[-1]["type"] != "done" or talk(events) < SECONDS / 2:
        wrong.append(f"{talk(events)} s of talk; the last event is {events[-1]}")
    print("\n".join(wrong[:20]))
    print(f"{len(events)} events, {len(wrong)} wrong")
    return 1 if wrong else 0


sys.exit(main())
