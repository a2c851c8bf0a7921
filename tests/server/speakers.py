#!/usr/bin/env python3
"""speakers.py - a client changes a result's speakers.
SPDX-License-Identifier: MIT

usage: speakers.py PROGRAM RECORDING

What comes of merging and splitting is computed here anew, in milliseconds; finding speakers again
from what is stored is held to what the program finds in the recording.
"""

import itertools
import json
import pathlib
import sys
import tempfile

from service import Service, clip, harness

JOBS = "/v1/diarizations"
VIEWS = ("diarization", "exclusive_diarization")
checks = harness.Checks()


def ms(seconds):
    return round(seconds * 1000)


def turns(result, view=VIEWS[0]):
    """(start, end, speaker id) in milliseconds."""
    return [(ms(t["start"]), ms(t["end"]), t["speaker"]) for t in result[view]]


def merged(before, into, gone):
    """Turns after `gone` became `into`."""
    mine = sorted((s, e) for s, e, who in before if who in (into, gone))
    joined = []
    for start, end in mine:
        if joined and start <= joined[-1][1]:
            joined[-1][1] = max(joined[-1][1], end)
        else:
            joined.append([start, end])
    return sorted([(s, e, w) for s, e, w in before if w not in (into, gone)]
                  + [(s, e, into) for s, e in joined])


def split(before, speaker, spans, new):
    """Turns after what `speaker` says within spans became what `new` says."""
    after = []
    for start, end, who in before:
        if who != speaker:
            after.append((start, end, who))
            continue
        cuts = sorted({start, end, *(c for span in spans for c in span if start < c < end)})
        for a, b in itertools.pairwise(cuts):
            inside = any(s <= a and b <= e for s, e in spans)
            after.append((a, b, new if inside else speaker))
    return sorted(after)


def consistent(what, result):
    """Sums and overlap as the turns have them."""
    told = turns(result)
    for speaker in result["speakers"]:
        own = [(s, e) for s, e, who in told if who == speaker["id"]]
        checks.expect(f"{what}: sums of {speaker['id']}", speaker["turns"] == len(own)
                      and ms(speaker["seconds"]) == sum(e - s for s, e in own), speaker)
    for turn, (start, end, who) in zip(result["diarization"], told):
        others = any(s < end and start < e for s, e, other in told if other != who)
        checks.expect(f"{what}: overlap at {start} ms", turn["overlap"] == others, turn)
    alone = turns(result, VIEWS[1])
    checks.expect(f"{what}: one at a time", all(a[1] <= b[0] for a, b in itertools.pairwise(alone)))


class Job:
    def __init__(self, service, wav, name):
        self.service = service
        answer = service.ask("POST", f"{JOBS}?filename={name}", wav, "audio/wav")
        self.path = f"{JOBS}/{answer.json['id']}"
        checks.expect("succeeded", service.wait(answer.json["id"])["status"] == "succeeded")

    def get(self, query="embeddings=1"):
        return self.service.ask("GET", f"{self.path}/result?{query}")

    def patch(self, change, headers=(), query=""):
        body = change if isinstance(change, bytes) else json.dumps(change).encode()
        return self.service.ask("PATCH", f"{self.path}/speakers{query}", body, "application/json",
                                headers)

    def change(self, what, change):
        """The result after a change that must be good."""
        answer = self.patch(change, query="?embeddings=1")
        checks.expect(what, answer.status == 200, answer)
        checks.expect(f"{what}: kept", answer.body == self.get().body)
        consistent(what, answer.json)
        return answer.json

    def refused(self, what, change, status=422, headers=()):
        before = self.get().body
        answer = self.patch(change, headers)
        checks.expect(what, answer.status == status and answer.json["detail"], answer)
        checks.expect(f"{what}: nothing changed", self.get().body == before)


def names(job, ids):
    """Renaming; labels that RTTM could not tell apart."""
    first, second = ids[:2]
    result = job.change("rename", {"rename": {first: "Anna B", second: "Jürgen"}})
    told = {s["id"]: s.get("name") for s in result["speakers"]}
    checks.expect("names", told == {**dict.fromkeys(ids), first: "Anna B", second: "Jürgen"}, told)
    rttm = {line.split()[7] for line in job.get("format=rttm").body.decode().splitlines()}
    checks.expect("RTTM", rttm == {"Anna_B", "Jürgen", *ids[2:]}, rttm)
    job.refused("two names, one word", {"rename": {second: "Anna_B"}})
    job.refused("two names, one word with another space", {"rename": {second: "Anna\u00a0B"}})
    job.refused("one name for two", {"rename": {second: "Anna B"}})
    job.refused("an id as a name", {"rename": {first: ids[2]}})
    for wrong in ("", "   ", "a\tb", "a\nb", "\u007f", "x" * 201, "é" * 101, 7, ["x"]):
        job.refused(f"the name {str(wrong)[:9]!r}", {"rename": {first: wrong}})
    job.change("swap by name", {"rename": {"Anna B": "Jürgen", "Jürgen": "Anna B"}})
    result = job.change("no name", {"rename": {first: None, second: None}})
    checks.expect("no names", not any("name" in s for s in result["speakers"]))


def merges(job, original, ids):
    result = job.change("merge", {"merge": [[ids[0], ids[1]]]})
    for view in VIEWS:
        expected = merged(turns(original, view), ids[0], ids[1])
        checks.expect(f"merged {view}", sorted(turns(result, view)) == expected,
                      f"{turns(result, view)}\n{expected}")
    a, b = (next(s for s in original["speakers"] if s["id"] == i) for i in ids[:2])
    mean = [x * a["seconds"] + y * b["seconds"] for x, y in zip(a["embedding"], b["embedding"])]
    length = sum(x * x for x in mean) ** 0.5
    voice = next(s for s in result["speakers"] if s["id"] == ids[0])["embedding"]
    checks.expect("merged voice", all(abs(x / length - y) < 1e-5 for x, y in zip(mean, voice)))
    checks.expect("who is left", [s["id"] for s in result["speakers"]] == [ids[0], *ids[2:]])
    result = job.change("reset", {"reset": True})
    checks.expect("as it was first", result == original)
    if len(ids) > 2:
        result = job.change("merge all", {"merge": [ids]})
        checks.expect("one is left", len(result["speakers"]) == 1)
        job.change("reset", {"reset": True})


def splits(job, original, ids):
    mine = [t for t in turns(original) if t[2] == ids[0]]
    start, end = mine[0][:2]
    spans = [(start + 100, (start + end) // 2), (mine[1][0] - 50, mine[1][1] + 50)]
    result = job.change("split by times", {"split": [
        {"speaker": ids[0], "turns": [[s / 1000, e / 1000] for s, e in spans], "name": "Eve"}]})
    new = next(s["id"] for s in result["speakers"] if s.get("name") == "Eve")
    checks.expect("a new id", new not in ids)
    for view in VIEWS:
        expected = split(turns(original, view), ids[0], spans, new)
        checks.expect(f"split {view}", sorted(turns(result, view)) == expected,
                      f"{turns(result, view)}\n{expected}")
    job.refused("nothing there", {"split": [{"speaker": ids[0], "turns": [[9000, 9001]]}]})
    job.refused("all of it", {"split": [{"speaker": ids[1], "turns": [[0, 9000]]}]})
    job.refused("times that overlap", {"split": [{"speaker": ids[1], "turns": [[0, 2], [1, 3]]}]})
    job.refused("times backwards", {"split": [{"speaker": ids[1], "turns": [[3, 2]]}]})
    # Two speakers put together come apart again, nearly all of the time.
    told = {}
    job.change("reset, merge and split", {"reset": True, "merge": [ids[:2]], "split": []})
    result = job.change("split by voices", {"split": [{"speaker": ids[0]}]})
    for s, e, who in turns(result):
        for a, b, truth in turns(original):
            if truth in ids[:2] and who not in ids[2:]:
                told[who, truth] = told.get((who, truth), 0) + max(0, min(e, b) - max(s, a))
    whos = sorted({who for who, _ in told})
    right = max(sum(told.get(pair, 0) for pair in zip(whos, order))
                for order in itertools.permutations(ids[:2]))
    checks.expect("the same two", len(whos) == 2 and right > 0.8 * sum(told.values()), told)
    voices = [s.get("embedding") for s in result["speakers"] if s["id"] in whos]
    checks.expect("voices of both", all(voices) and len(voices) == 2)
    job.change("reset", {"reset": True})


def reclusters(job, program, path):
    for number in (1, 2, 4):
        result = job.change(f"recluster {number}", {"recluster": {"num_speakers": number}})
        told = json.loads(harness.run(program, "-q", "--no-config", "-f", "json", "--embeddings",
                                      "--num-speakers", number, path).stdout)
        for part in (*VIEWS, "speakers"):
            checks.expect(f"{number} speakers: {part}", result[part] == told[part])
        audio = {**told["audio"], "file": path.name}
        checks.expect(f"{number} speakers: audio", result["audio"] == audio, result["audio"])
    result = job.change("two, merged and renamed", {
        "recluster": {"max_speakers": 2}, "rename": {"SPEAKER_00": "Ann"}})
    checks.expect("renamed", result["speakers"][0].get("name") == "Ann")
    for wrong in ({"num_speakers": 0}, {"num_speakers": "2"}, {"num_speakers": 2.5}, [2], {"step": 1},
                  {"num_speakers": 2, "max_speakers": 3}, {"min_speakers": 3, "max_speakers": 2}):
        job.refused(f"recluster {wrong}", {"recluster": wrong})
    job.change("reset", {"reset": True})


def revisions(service, job, ids):
    tag = job.get().headers["ETag"]
    number = service.ask("GET", job.path).json["revision"]
    checks.expect("ETag", tag == f'"{number}"', tag)
    answer = job.patch({"rename": {ids[0]: "One"}}, {"If-Match": tag})
    checks.expect("If-Match", answer.status == 200
                  and answer.headers["ETag"] == f'"{number + 1}"', answer.headers)
    job.refused("a lost update", {"rename": {ids[0]: "Two"}}, 412, {"If-Match": tag})
    job.refused("a weak tag", {"rename": {ids[0]: "Two"}}, 412, {"If-Match": f'W/"{number + 1}"'})
    for good in ("*", f'"7777" , "{number + 2}"'):
        answer = job.patch({"rename": {ids[0]: "Two"}}, {"If-Match": good})
        checks.expect(f"If-Match {good}", answer.status == 200, answer)
    job.change("reset", {"reset": True})


def wrong_requests(service, job, ids):
    for what, body in (("empty", {}), ("a list", []), ("a word", "x"), ("unknown", {"drop": 1}),
                       ("nobody", {"rename": {"SPEAKER_99": "x"}}),
                       ("rename a list", {"rename": [1]}), ("merge one", {"merge": [[ids[0]]]}),
                       ("merge itself", {"merge": [[ids[0], ids[0]]]}),
                       ("merge a string", {"merge": "ab"}), ("merge numbers", {"merge": [[0, 1]]}),
                       ("split a string", {"split": ["x"]}),
                       ("split unknown", {"split": [{"speaker": ids[0], "at": 3}]}),
                       ("split times", {"split": [{"speaker": ids[0], "turns": [[1]]}]}),
                       ("split no times", {"split": [{"speaker": ids[0], "turns": []}]}),
                       ("reset false", {"reset": False}),
                       ("a good and a bad one", {"rename": {ids[0]: "x"}, "merge": [["y", "z"]]})):
        job.refused(what, body)
    job.refused("no JSON", b"{", 400)
    job.refused("no text", b'{"rename": {"\xff": "x"}}', 400)
    missing = service.ask("PATCH", f"{JOBS}/none/speakers", b"{}", "application/json")
    checks.expect("no such job", missing.status == 404, missing)
    failed = service.ask("POST", JOBS, b"no audio", "audio/wav").json["id"]
    service.wait(failed)
    answer = service.ask("PATCH", f"{JOBS}/{failed}/speakers", b'{"reset": true}',
                         "application/json")
    checks.expect("of one that failed", answer.status == 409, answer)


def main():
    program, example = sys.argv[1:3]
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        path = folder / "talk.wav"
        wav = clip(example, path, 60)
        service = Service(program, folder / "data")
        job = Job(service, wav, path.name)
        original = job.get().json
        ids = [speaker["id"] for speaker in original["speakers"]]
        checks.expect("three speakers or more", len(ids) >= 3, ids)
        names(job, ids)
        job.change("reset", {"reset": True})
        merges(job, original, ids)
        splits(job, original, ids)
        reclusters(job, program, path)
        revisions(service, job, ids)
        wrong_requests(service, job, ids)
        kept = job.change("before the end", {"rename": {ids[0]: "Kept"}})
        service.kill()
        job.service = service = Service(program, folder / "data")
        checks.expect("after kill -9", job.get().json == kept)
        checks.expect("deleted", service.ask("DELETE", job.path).status == 204)
        checks.expect("stops", service.stop() == 0)
    checks.finish()


main()
