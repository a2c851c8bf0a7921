#!/usr/bin/python3
"""live.py - WS /v1/live: events, resuming, back-pressure, wrong frames, limits, the end.
SPDX-License-Identifier: MIT

usage: live.py PROGRAM RECORDING ASYNCAPI

Events are held to what `diarist stream` prints of the same samples.
"""

import asyncio
import json
import os
import pathlib
import socket
import struct
import subprocess
import sys
import tempfile
import time

from service import Service, harness

websockets = harness.need("websockets")
checks = harness.Checks()
seen = set()  # types of messages that came


def samples(recording, seconds, start=0, rate=16000, form="s16le"):
    return subprocess.run(["ffmpeg", "-v", "error", "-nostdin", "-ss", str(start), "-t", str(seconds),
                           "-i", recording, "-f", form, "-ac", "1", "-ar", str(rate), "-"],
                          check=True, capture_output=True).stdout


def stream(program, data, *options):
    """What the program prints of it."""
    done = subprocess.run([program, "stream", "-f", "jsonl", *options], input=data, check=True,
                          capture_output=True)
    return [json.loads(line) for line in done.stdout.splitlines()]


class Talk:
    """A connection whose messages are kept as they come."""

    def __init__(self, service, query="", headers=(), **options):
        self.url = f"ws://127.0.0.1:{service.port}/v1/live{query}"
        self.options = dict(options, ping_interval=None, extra_headers=list(headers))
        self.messages = []

    async def __aenter__(self):
        self.socket = await websockets.connect(self.url, **self.options)
        self.reader = asyncio.ensure_future(self.read())
        return self

    async def __aexit__(self, *error):
        await self.socket.close()
        await self.reader

    async def read(self):
        try:
            async for message in self.socket:
                self.messages.append(json.loads(message))
                seen.add(self.messages[-1]["type"])
        except websockets.ConnectionClosed:
            pass

    async def send(self, data, frame=3200):
        for i in range(0, len(data), frame):
            await self.socket.send(data[i:i + frame])

    async def say(self, **message):
        await self.socket.send(json.dumps(message))

    async def until(self, condition, timeout=60):
        end = time.monotonic() + timeout
        while not condition(self.messages) and time.monotonic() < end:
            await asyncio.sleep(0.01)

    async def first(self, kind, timeout=60):
        await self.until(lambda all: any(m["type"] == kind for m in all), timeout)
        return next((m for m in self.messages if m["type"] == kind), None)

    async def ended(self, timeout=60):
        """The close code."""
        await asyncio.wait_for(self.reader, timeout)
        return self.socket.close_code

    @property
    def events(self):
        return [m for m in self.messages if m["type"] not in ("ready", "stats", "error")]


async def whole(service, data, query="", frame=3200, first=None):
    async with Talk(service, query) as talk:
        if first:
            await talk.say(type="start", **first)
        await talk.send(data, frame)
        await talk.say(type="finish")
        code = await talk.ended()
        return talk, code


def last_done(events):
    return events[-1] if events and events[-1]["type"] == "done" else {}


async def same_events(service, program, recording):
    data = samples(recording, 16)
    expected = stream(program, data)
    brief = samples(recording, 4)
    for frame, part, wanted in ((3200, data, expected), (100002, data, expected),
                                (2, brief, stream(program, brief))):
        talk, code = await whole(service, part, frame=frame)
        checks.expect(f"events, {frame} bytes a frame", talk.events == wanted and code == 1000,
                      f"{code} {talk.messages[-3:]}\n{wanted[-3:]}")
        if frame == 3200:
            ready, stats = talk.messages[0], [m for m in talk.messages if m["type"] == "stats"]
            checks.expect("ready comes first", ready["type"] == "ready" and ready["seq"] == 0
                          and ready["samples"] == 0 and ready["rate"] == 16000, ready)
            checks.expect("stats, each 10 s", len(stats) == 1 and stats[0]["at"] >= 10, stats)
            numbers = [m["seq"] for m in talk.messages]
            checks.expect("numbers never fall", numbers == sorted(numbers), numbers)
    odd = samples(recording, 10, 5, form="f32le")
    talk, _ = await whole(service, odd, "?format=f32le&latency=1&stats=0", frame=4 * 777)
    checks.expect("f32le, latency 1", talk.events == stream(program, odd, "--raw", "f32le:16000:1",
                                                           "--latency", "1"), talk.messages[-2:])
    checks.expect("no stats", not any(m["type"] == "stats" for m in talk.messages))
    narrow = samples(recording, 10, 5, 8000)
    wanted = stream(program, narrow, "--raw", "s16le:8000:1", "--max-speakers", "2")
    talk, _ = await whole(service, narrow, frame=1600,
                          first={"rate": 8000, "max_speakers": 2, "format": "s16le"})
    checks.expect("8 kHz, as start says", talk.events == wanted,
                  f"{talk.messages[-2:]}\n{wanted[-2:]}")
    several = await asyncio.gather(*(whole(service, data) for _ in range(2)))
    checks.expect("two at once", all(talk.events == expected for talk, _ in several))
    return data, expected


async def resume(service, data, expected):
    half = len(data) // 4 * 2
    talk = await Talk(service).__aenter__()
    ready = await talk.first("ready")
    await talk.send(data[:half])
    await talk.until(lambda all: len(all) > 12)
    have = talk.events
    talk.socket.transport.abort()
    await talk.reader
    seq = have[-3]["seq"]
    async with Talk(service, f"?stream={ready['stream']}&seq={seq}") as again:
        hello = await again.first("ready")
        taken = hello["samples"] * 2
        checks.expect("samples taken", 0 < taken <= half and hello["stream"] == ready["stream"], hello)
        await again.send(data[taken:])
        await again.say(type="finish")
        await again.ended()
    checks.expect("events go on where they were", have[:-2] + again.events == expected,
                  f"{again.events[:2]} {again.events[-2:]}")
    # The last events can be had again although the stream has ended, until the time is over.
    async with Talk(service, f"?stream={ready['stream']}&seq={len(expected) - 1}") as after:
        code = await after.ended()
    checks.expect("done once more", after.events == expected[-1:] and code == 1000, after.messages)
    async with Talk(service, f"?stream={ready['stream']}&seq=99999") as ahead:
        code = await ahead.ended()
    checks.expect("a seq that never was", code == 4010 and ahead.messages[-1]["type"] == "error",
                  f"{code} {ahead.messages}")


async def replaced(service, data):
    async with Talk(service) as first:
        ready = await first.first("ready")
        await first.send(data[:64000])
        async with Talk(service, f"?stream={ready['stream']}") as second:
            checks.expect("replaced", await first.ended() == 4000, first.messages[-1:])
            hello = await second.first("ready")
            checks.expect("the second has it", hello["samples"] * 2 == 64000, hello)
        # Closed with 1000: for good.
    await refused(service, 404, f"?stream={ready['stream']}&seq=0")


async def refused(service, status, query="", headers=(), path="/v1/live", name="127.0.0.1"):
    url = f"ws://{name}:{service.port}{path}{query}"
    answer = None
    for _ in range(50):  # a stream that was left a moment ago
        try:
            other = await websockets.connect(url, extra_headers=list(headers),
                                             host="127.0.0.1", port=service.port)
            await other.close()
        except websockets.InvalidStatusCode as wrong:
            answer = wrong.status_code
        if answer == status:
            break
        await asyncio.sleep(0.02)
    checks.expect(f"{status} for {path}{query}", answer == status, answer)


async def wrong_frames(service, data):
    async def after(what, code, *frames):
        async with Talk(service) as talk:
            for frame in frames:
                try:
                    await talk.socket.send(frame)
                except websockets.ConnectionClosed:
                    break
            got = await talk.ended()
        error = talk.messages[-1]
        checks.expect(what, got == code and error["type"] == "error" and error["code"] == code
                      and error["detail"], f"{got} {talk.messages}")

    def num_open():
        return int(service.ask("GET", "/metrics").body.split(b"\ndiarist_live_streams ")[1].split()[0])

    before = num_open()
    await after("half a sample", 1003, b"abc")
    await after("no JSON", 1003, "{")
    await after("no object", 1003, "[]")
    await after("an unknown type", 1003, '{"type":"stop"}')
    await after("start late", 1003, data[:320], '{"type":"start"}')
    await after("an unknown parameter", 1003, '{"type":"start","speed":3}')
    await after("a wrong rate", 1003, '{"type":"start","rate":11.5}')
    await after("a null", 1003, '{"type":"start","rate":null}')
    await after("a negative gap", 1003, '{"type":"skip","seconds":-1}')
    await after("a long text", 1009, '{"type":"' + "x" * 5000 + '"}')
    await after("samples after finish", 1003, data[:160000], '{"type":"finish"}', data[:320])
    for _ in range(100):
        if num_open() > before:
            await asyncio.sleep(0.05)
    checks.expect("none of these streams is kept", num_open() <= before, (before, num_open()))
    for query in ("?rate=1", "?format=mp3", "?latency=9", "?seq=x&stream=y", "?rate=",
                  "?stream=y&rate=8000"):
        await refused(service, 422, query)
    await refused(service, 400, "?speed=1")
    await refused(service, 400, "?rate=8000&rate=8000")
    await refused(service, 404, "?stream=" + "0" * 32)
    await refused(service, 400, path="/healthz")
    await refused(service, 404, path="/v1/alive")
    await refused(service, 421, name="example.org")
    await refused(service, 403, headers=[("Origin", "https://example.org")])
    answer = service.ask("GET", "/v1/live")
    checks.expect("no WebSocket: 426", answer.status == 426, answer)


async def gaps(service, program, data):
    """A gap: time goes on; what came before stays."""
    async with Talk(service, "?rate=16000") as talk:
        await talk.send(data[:320000])
        await talk.say(type="skip", seconds=7.5)
        await talk.send(data[320000:480000])
        await talk.say(type="finish")
        await talk.ended()
    silence = stream(program, data[:320000] + bytes(240000) + data[320000:480000])
    done = last_done(talk.events)
    checks.expect("a gap lasts", done.get("duration") == 22.5 and done == silence[-1],
                  f"{done} {silence[-1]}")
    checks.expect("a gap is silence", talk.events == silence, talk.events[-3:])
    async with Talk(service) as empty:
        await empty.say(type="finish")
        await empty.ended()
    checks.expect("nothing at all", empty.events == [
        {"seq": 1, "type": "done", "duration": 0, "speakers": 0, "turns": 0, "at": 0}], empty.events)


async def pressure(service, data):
    """Who sends faster than the engine works is held up: no more than half a megabyte waits."""
    long, waiting = data * 3, []

    async def watch():
        while True:
            answer = await asyncio.to_thread(service.ask, "GET", "/metrics")
            waiting.append(float(answer.body.split(b"\ndiarist_live_behind_seconds ")[1].split()[0]))
            await asyncio.sleep(0.02)

    watcher = asyncio.ensure_future(watch())
    talk, code = await whole(service, long, frame=64000)
    watcher.cancel()
    checks.expect("all of it is heard", code == 1000 and
                  last_done(talk.events).get("duration") == len(long) / 32000, talk.messages[-1:])
    checks.expect("it is held up", 14 < max(waiting) < 22, waiting)


def connect_deaf(service, query):
    """A client that reads nothing, with little room for what it does not read."""
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    client.connect(("127.0.0.1", service.port))
    client.sendall(f"GET /v1/live{query} HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\n"
                   "Connection: Upgrade\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
                   "Sec-WebSocket-Version: 13\r\n\r\n".encode())
    answer = b""
    while b'"ready"' not in answer or not answer.endswith(b"}"):
        answer += client.recv(4096)
    return client, json.loads(answer[answer.index(b'{"seq"'):])


def deaf(service, data):
    """Who does not read is left."""
    client, ready = connect_deaf(service, "?stats=0.0001")
    frame = b"".join(struct.pack(">BBI", 0x82, 0x80 | 16, 0) + data[i:i + 16]
                     for i in range(0, 640000, 16))
    client.settimeout(20)
    try:
        client.sendall(frame)
    except OSError:
        pass  # closed while it was sending
    closing = None
    for _ in range(400):
        closing = next((json.loads(line) for line in service.log
                        if '"live_close"' in line and ready["stream"] in line), None)
        if closing:
            break
        time.sleep(0.05)
    checks.expect("who does not read is left", closing and closing["code"] == 1008, closing)
    client.close()


async def limits(program, folder, data):
    service = Service(program, folder / "limits", "--max-streams", "2", "--resume-time", "1",
                      "--idle-time", "2", keys="one,two")
    key = [("X-API-Key", "two")]
    await refused(service, 401)
    for _ in range(3):  # takes no place
        service.say(b"GET /v1/live HTTP/1.1\r\nHost: localhost\r\nX-API-Key: two\r\nUpgrade: websocket"
                    b"\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n\r\n")
    async with Talk(service, headers=key) as first, Talk(service, headers=[
            ("Authorization", "Bearer one"), ("Origin", "https://example.org")]) as second:
        await first.first("ready")
        await second.first("ready")
        await refused(service, 429, headers=key)
        figures = service.ask("GET", "/metrics", headers=key).body.decode()
        checks.expect("figures", "diarist_live_streams 2" in figures
                      and "diarist_live_streams_total 5" in figures, figures)
        checks.expect("idle", await first.ended() == 4008, first.messages)
    ready = await first.first("ready")
    await asyncio.sleep(1.5)
    await refused(service, 404, f"?stream={ready['stream']}&seq=0", key)
    async with Talk(service, headers=key) as third:
        await third.send(data[:96000])
        await third.first("turn.start")
        service.process.terminate()
        code = await third.ended()
        checks.expect("the service ends: all that is known", code == 1001
                      and last_done(third.events).get("duration") == 3, third.messages[-2:])
    checks.expect("end", service.process.wait(30) == 0, service.log[-3:])
    closed = [json.loads(line)["code"] for line in service.log if '"live_close"' in line]
    checks.expect("the log has the codes", closed[-1] == 1001 and 4008 in closed, closed)


def document(path):
    """Every message that came is in the AsyncAPI document, and none is there that does not."""
    api = json.loads(pathlib.Path(path).read_text())
    names = {message["payload"]["properties"]["type"]["const"]
             for message in api["components"]["messages"].values()
             if "payload" in message and "type" in message["payload"].get("properties", {})}
    asked = {"start", "skip", "finish"}
    known = {"ready", "turn.start", "turn.update", "turn.dropped", "turn.final", "speaker.merged",
             "stats", "done", "error"}
    checks.expect("AsyncAPI 3", api["asyncapi"].startswith("3."))
    checks.expect("AsyncAPI names every message", names == known | asked, names ^ (known | asked))
    checks.expect("messages that came", seen <= known and len(seen) >= 7, seen)
    channel = api["channels"]["live"]
    checks.expect("the channel has them", len(channel["messages"]) == len(names) + 1)
    for message in channel["messages"].values():
        name = message["$ref"].rsplit("/", 1)[1]
        checks.expect(f"message {name}", name in api["components"]["messages"])


def main():
    program, recording, asyncapi = (os.path.abspath(path) for path in sys.argv[1:])
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        service = Service(program, folder / "data")
        data, expected = asyncio.run(same_events(service, program, recording))
        asyncio.run(resume(service, data, expected))
        asyncio.run(replaced(service, data))
        asyncio.run(wrong_frames(service, data))
        asyncio.run(gaps(service, program, data))
        deaf(service, data)
        asyncio.run(pressure(service, data))
        checks.expect("end", service.stop() == 0, "".join(service.log[-5:]))
        for line in service.log:
            checks.expect("a clean log", line.startswith("{") and '"level":"error"' not in line, line)
        asyncio.run(limits(program, folder, data))
    document(asyncapi)
    checks.finish()


main()
