#!/usr/bin/env python3
"""assign.py - POST /v1/assign and /v1/speakers.
SPDX-License-Identifier: MIT

usage: assign.py PROGRAM RECORDING

Speakers by voice are held to average linkage here of what `diarist embed` says of each segment,
speakers by turns to overlaps counted here.
"""

import json
import math
import pathlib
import random
import sys
import tempfile

from service import Service, clip, form, harness

JOBS, ASSIGN, SPEAKERS = "/v1/diarizations", "/v1/assign", "/v1/speakers"
MIN_S = 0.6
checks = harness.Checks()


def cosine(a, b):
    return sum(x * y for x, y in zip(a, b)) / (math.hypot(*a) * math.hypot(*b))


def linked(voices, threshold):
    """Average linkage: a number for each voice, from 0 in order of appearance."""
    score = [[cosine(a, b) for b in voices] for a in voices]
    groups = [[i] for i in range(len(voices))]

    def mean(a, b):
        return sum(score[i][j] for i in a for j in b) / (len(a) * len(b))
    while len(groups) > 1:
        best, a, b = max((mean(groups[a], groups[b]), a, b)
                         for a in range(len(groups)) for b in range(a))
        if best < threshold:
            break
        groups[b] += groups.pop(a)
    order = sorted(groups, key=min)
    return [next(n for n, group in enumerate(order) if i in group) for i in range(len(voices))]


def followed(segments, speakers):
    """Those without a speaker get the nearer neighbour's, the earlier of equals."""
    found = list(speakers)
    led = [i for i, speaker in enumerate(speakers) if speaker is not None]
    for i, speaker in enumerate(speakers):
        before = [k for k in led if k < i][-1:]
        after = [k for k in led if k > i][:1]
        gaps = ([(segments[i]["start"] - segments[k]["end"], k) for k in before]
                + [(segments[k]["start"] - segments[i]["end"], k) for k in after])
        if speaker is None and gaps:
            found[i] = speakers[min(gaps)[1]]
    return found


def overlapped(span, turns):
    """Who talks most in it, the first of equals; None: nobody does."""
    talk = {}
    for turn in turns:
        shared = min(turn["end"], span["end"]) - max(turn["start"], span["start"])
        if shared > 0:
            talk[turn["speaker"]] = talk.get(turn["speaker"], 0) + shared
    return max(sorted(talk), key=lambda speaker: talk[speaker], default=None)


def label(number):
    return None if number is None else f"SPEAKER_{number:02d}"


def transcript(turns):
    """Segments of turns, some cut in two, some very short, with fields of their own."""
    segments = []
    for turn in turns:
        start, end = round(turn["start"], 3), round(turn["end"], 3)
        middle = round(start + 0.4 * (end - start), 3)
        cut = [start, middle, end] if end - start > 4 else [start, end]
        if end - start > 2:
            cut.insert(-1, round(end - 0.3, 3))
        for a, b in zip(cut, cut[1:]):
            segments.append({"id": len(segments), "start": a, "end": b, "text": f" Wörter {a}",
                             "avg_logprob": -0.1234567890123456})
    return segments


def embedded(program, folder, path, segments):
    """What `diarist embed` says of segments, each by itself."""
    rttm = folder / "segments.rttm"
    rttm.write_text("".join(f"SPEAKER {path.stem} 1 {s['start']:.3f} {s['end'] - s['start']:.3f} "
                            f"<NA> <NA> s{s['id']} <NA> <NA>\n" for s in segments))
    told = harness.run(program, "embed", "--no-config", "-q", "--segments", rttm, "--by", "turn", path)
    rows = [json.loads(line) for line in told.stdout.splitlines()]
    return {int(row["speaker"][1:]): row["embedding"] for row in rows}


def by_voice(service, program, folder, path, segments, threshold):
    wav = path.read_bytes()
    body, kind = form([("file", path.name, wav)],
                      [("segments", json.dumps(segments)), ("threshold", threshold)])
    answer = service.ask("POST", ASSIGN, body, kind)
    if answer.status != 200:
        checks.expect("by voice", False, answer)
        return
    got = answer.json
    long = [s for s in segments if s["end"] - s["start"] >= MIN_S - 1e-9]
    voices = embedded(program, folder, path, long)
    voiced = [s["id"] for s in long if voices[s["id"]]]
    numbers = dict(zip(voiced, linked([voices[i] for i in voiced], threshold)))
    want = followed(segments, [numbers.get(s["id"]) for s in segments])
    checks.expect(f"by voice, threshold {threshold}",
                  [s["speaker"] for s in got["segments"]] == [label(n) for n in want],
                  [(s["start"], s["end"], s["speaker"], label(n))
                   for s, n in zip(got["segments"], want)])
    checks.expect("short ones are there", len(voiced) < len(segments), len(voiced))
    checks.expect("several people", len(set(want)) > 1, want)
    checks.expect("what else there is stays", [{k: v for k, v in s.items() if k != "speaker"}
                                               for s in got["segments"]] == segments)
    checks.expect("who embedded", got["backend"] == "built-in" and got["method"] == "voices"
                  and got["threshold"] == threshold)
    totals = {s["id"]: (s["segments"], round(s["seconds"], 6)) for s in got["speakers"]}
    checks.expect("totals", totals == {
        label(n): (want.count(n), round(sum(s["end"] - s["start"] for s, m in zip(segments, want)
                                            if m == n), 6)) for n in set(want)}, totals)


def with_words(segments):
    def words(s):
        step = (s["end"] - s["start"]) / 3
        return [{"word": f"w{k}", "start": s["start"] + k * step, "end": s["start"] + (k + 1) * step,
                 "probability": 0.5} for k in range(3)] + [{"word": "1984"}]
    return [{**s, "words": words(s)} for s in segments]


def exact_numbers(service, job):
    """Numbers of the client's come back as what they were, in no more digits than Python needs."""
    source = random.Random(1)
    numbers = [0.8, 0.1 + 0.2, 1e-7, 2.2250738585072014e-308, 1e300, -2.5, 123456789012345.0, 1e22, 100.0]
    numbers += [source.random() * 10.0 ** source.randint(-12, 20) for _ in range(200)]
    numbers += [round(source.random() * 100, 2) for _ in range(200)]
    asked = {"diarization": job, "numbers": numbers, "text": '0.80000000000000004 \\" 1',
             "whole": 1234567890123456789, "segments": [{"start": 0.1, "end": 0.8}]}
    answer = service.ask("POST", ASSIGN, json.dumps(asked), "application/json")
    told = json.loads(answer.body, parse_float=str)
    long = [text for text, number in zip(told["numbers"], numbers)
            if float(text) != number or len(text) > len(repr(number))]
    checks.expect("numbers", not long and len(told["numbers"]) == len(numbers), long)
    checks.expect("what is no real number", (told["text"], told["whole"])
                  == (asked["text"], asked["whole"]), told)
    checks.expect("a segment", told["segments"][0]["end"] == "0.8", told["segments"])


def by_turns(service, job, turns, segments, last):
    asked = {"diarization": job, "language": "de", "text": "…",
             "segments": with_words(segments) + [{"start": last + 100, "end": last + 101, "text": ""}]}
    answer = service.ask("POST", ASSIGN, json.dumps(asked), "application/json")
    if answer.status != 200:
        checks.expect("by turns", False, answer)
        return
    got = answer.json
    checks.expect("what else there is stays", (got["language"], got["text"]) == ("de", "…"))
    for old, new in zip(asked["segments"], got["segments"]):
        want = overlapped(old, turns)
        checks.expect("by turns", new["speaker"] == want, (new, want))
        for word, told in zip(old.get("words", ()), new.get("words", ())):
            by_word = overlapped(word, turns) if "start" in word else None
            checks.expect("a word", told["speaker"] == (by_word or want), (told, by_word, want))
    checks.expect("nobody talks there", got["segments"][-1]["speaker"] is None)
    body, kind = form([], [("segments", json.dumps(asked["segments"])), ("diarization", job)])
    checks.expect("the same as a form",
                  service.ask("POST", ASSIGN, body, kind).json["segments"] == got["segments"])


def refused(service, path, job):
    segment = [{"start": 0, "end": 1}]
    wav = path.read_bytes()
    bodies = [
        ("no JSON", b"{", 400), ("bad UTF-8", b'{"segments": ["\xff"]}', 400),
        ("deep", b"[" * 100000, 400), ("a large number", b'{"segments": [1e999]}', 400),
        ("text", b'"x"', 400), ("no segments", b"{}", 422), ("segments are none", b'{"segments": 1}', 422),
        ("no object", b"[1]", 422), ("no end", b'[{"start": 1}]', 422),
        ("backwards", b'[{"start": 2, "end": 1}]', 422), ("negative", b'[{"start": -1, "end": 1}]', 422),
        ("neither", json.dumps(segment).encode(), 422),
        ("no such job", json.dumps({"segments": segment, "diarization": "x"}).encode(), 404),
        ("a number", json.dumps({"segments": segment, "diarization": 1}).encode(), 422),
        ("threshold", json.dumps({"segments": segment, "diarization": job, "threshold": 2}).encode(), 422),
        ("many", json.dumps({"segments": segment * 20001, "diarization": job}).encode(), 422),
        ("long", b'{"segments": "' + b"x" * (9 << 20) + b'"}', 413)]
    for what, body, status in bodies:
        answer = service.ask("POST", ASSIGN, body, "application/json")
        checks.expect(f"{what}: {status}", answer.status == status, answer)
    text = json.dumps(segment)
    forms = [
        ("both", [("file", "a.wav", wav)], [("segments", text), ("diarization", job)], 422),
        ("no audio", [("file", "a.wav", b"no audio")], [("segments", text)], 422),
        ("no transcript", [("file", "a.wav", wav)], [], 400),
        ("two", [("file", "a.wav", wav)], [("segments", text), ("segments", text)], 400),
        ("an option", [("file", "a.wav", wav)], [("segments", text), ("x", "1")], 400),
        ("twice", [("file", "a.wav", wav)],
         [("segments", text), ("threshold", "0.5"), ("threshold", "0.5")], 400),
        ("nan", [("file", "a.wav", wav)], [("segments", text), ("threshold", "nan")], 422)]
    for what, files, fields, status in forms:
        answer = service.ask("POST", ASSIGN, *form(files, fields))
        checks.expect(f"{what}: {status}", answer.status == status, answer)
    for answer, want in ((service.ask("POST", ASSIGN, wav, "audio/wav"), 415),
                         (service.ask("POST", ASSIGN, *form([("file", "a.wav", wav)],
                                                            [("segments", "[]")])), 200)):
        checks.expect(f"{want}", answer.status == want, answer)
    far = [{"start": 1000, "end": 1001}, {"start": 0, "end": 0.1}]
    answer = service.ask("POST", ASSIGN, *form([("file", "a.wav", wav)], [("segments", json.dumps(far))]))
    checks.expect("behind the end nobody talks", answer.status == 200 and
                  [s["speaker"] for s in answer.json["segments"]] == [None, None], answer)


# ---- known speakers ----

def send(service, body):
    return service.ask("POST", SPEAKERS, json.dumps(body), "application/json")


def known(service, job, result, segments, path):
    """Two people made known by a diarization are called by their names."""
    by_talk = sorted(result["speakers"], key=lambda speaker: -speaker["seconds"])
    people = {by_talk[0]["id"]: "Änne Berg", by_talk[1]["id"]: "Ben"}
    ids = {}
    for speaker, name in people.items():
        added = send(service, {"name": name, "diarization": job, "speaker": speaker})
        checks.expect(f"{name} is known", added.status == 201 and added.json["name"] == name
                      and added.headers["Location"] == f"{SPEAKERS}/{added.json['id']}", added)
        ids[name] = added.json["id"]
    again = send(service, {"name": "Ben", "diarization": job, "speaker": by_talk[1]["id"]})
    checks.expect("a second sample", again.status == 200 and again.json["samples"] == 2
                  and again.json["id"] == ids["Ben"], again)
    other = {"name": "Ben", "diarization": job, "speaker": by_talk[0]["id"]}
    checks.expect("another voice", send(service, other).status == 409)
    listed = service.ask("GET", SPEAKERS).json["speakers"]
    checks.expect("listed", {s["name"]: s["id"] for s in listed} == ids, listed)
    asked = {"segments": segments, "diarization": job}
    got = service.ask("POST", ASSIGN, json.dumps(asked), "application/json").json
    names = {s["id"]: s["name"] for s in got["speakers"]}
    checks.expect("named by turns", names == {s["id"]: people.get(s["id"]) for s in result["speakers"]},
                  names)
    checks.expect("segments too", all(s.get("speaker_name") == people.get(s["speaker"])
                                      for s in got["segments"]), got["segments"])
    body, kind = form([("file", path.name, path.read_bytes())], [("segments", json.dumps(segments))])
    named = {s["name"] for s in service.ask("POST", ASSIGN, body, kind).json["speakers"]}
    checks.expect("named by voice", set(people.values()) <= named, named)
    return ids


def profiles(service, ids, folder):
    profile = service.ask("GET", f"{SPEAKERS}/{ids['Ben']}").json
    checks.expect("a profile", profile["schema"] == "diarist-profile/1" and len(profile["samples"]) == 2)
    checks.expect("that name is taken", send(service, profile).status == 409)
    checks.expect("gone", service.ask("DELETE", f"{SPEAKERS}/{ids['Ben']}").status == 204)
    for method in ("GET", "DELETE"):
        for name in (ids["Ben"], "x", "..", "0" * 32, "%2e%2e%2fstore"):
            answer = service.ask(method, f"{SPEAKERS}/{name}")
            checks.expect(f"{method} {name}", answer.status in (403, 404), answer)
    back = send(service, profile)
    checks.expect("back again", back.status == 201, back)
    checks.expect("as it was", service.ask("GET", f"{SPEAKERS}/{back.json['id']}").json == profile)
    foreign = {**profile, "name": "Carl", "model": {**profile["model"], "sha256": "0" * 64}}
    for what, body, status in (
            ("of another model", foreign, 422), ("broken", {**profile, "name": "D", "samples": []}, 422),
            ("no name", {"diarization": "x", "speaker": "y"}, 422), ("no object", [], 422),
            ("an option", {"name": "D", "diarization": "x", "speaker": "y", "z": 1}, 422),
            ("no job", {"name": "D", "diarization": "x", "speaker": "y"}, 404)):
        answer = send(service, body)
        checks.expect(f"{what}: {status}", answer.status == status, answer)
    checks.expect("kept where it says", len(list((folder / "data" / "speakers").iterdir())) == 2)


def started_with(program, folder, profile, job, by_id):
    """--profiles names people, too; without --speakers nothing is kept."""
    people = folder / "people"
    people.mkdir()
    (people / "Ben.json").write_text(json.dumps(profile))
    service = Service(program, folder / "data", "--profiles", people)
    asked = json.dumps({"segments": [{"start": 0, "end": 1000}], "diarization": job})
    got = service.ask("POST", ASSIGN, asked, "application/json").json
    checks.expect("named by --profiles",
                  {s["id"]: s["name"] for s in got["speakers"]} == by_id, got["speakers"])
    for answer in (send(service, profile), service.ask("GET", SPEAKERS),
                   service.ask("GET", f"{SPEAKERS}/{'0' * 32}"),
                   service.ask("DELETE", f"{SPEAKERS}/{'0' * 32}")):
        checks.expect("off", answer.status == 403 and "--speakers" in answer.json["detail"], answer)
    checks.expect("it ends", service.stop() == 0)


def main():
    program, recording = sys.argv[1:3]
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        path = folder / "talk.wav"
        wav = clip(recording, path, 60)
        service = Service(program, folder / "data", "--speakers")
        body, kind = form([("file", path.name, wav)])
        done = service.ask("POST", f"{JOBS}?wait=1&embeddings=1", body, kind)
        result, job = done.json, service.ask("GET", JOBS).json["diarizations"][0]["id"]
        segments = transcript(result["diarization"])
        for threshold in (0.5, 0.7):
            by_voice(service, program, folder, path, segments, threshold)
        by_turns(service, job, result["diarization"], segments, result["audio"]["duration"])
        exact_numbers(service, job)
        refused(service, path, job)
        ids = known(service, job, result, segments, path)
        ben = service.ask("GET", f"{SPEAKERS}/{ids['Ben']}").json
        profiles(service, ids, folder)
        checks.expect("it ends", service.stop() == 0)
        by_id = {s["id"]: None for s in result["speakers"]}
        by_id[sorted(result["speakers"], key=lambda speaker: -speaker["seconds"])[1]["id"]] = "Ben"
        started_with(program, folder, ben, job, by_id)
    checks.finish()


main()
