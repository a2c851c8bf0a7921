#!/usr/bin/python3
"""live_load.py - many live streams in real time, with batch jobs beside them.
SPDX-License-Identifier: MIT

usage: live_load.py PROGRAM RECORDING [STREAMS [SECONDS [LATENCY [JOBS]]]]    (40 120 2 1)

Every stream is the recording, over and over, each from another place in it, sent in frames of 100 ms
as time goes by. JOBS: how many copies of an hour of it wait to be diarized meanwhile. Printed: from
the moment at which the end of a turn was sent to its final event, wall time; how far behind the
service was; its memory.
"""

import asyncio
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time
import wave

import websockets
from service import Service

FRAME_S = 0.1
BYTES_S = 32000


def percent(values, share):
    return sorted(values)[min(len(values) - 1, int(share * len(values)))] if values else float("nan")


class Stream:
    def __init__(self, data, offset):
        self.data = data[offset:] + data[:offset]
        self.delays, self.ends, self.events, self.code = [], [], 0, None

    async def read(self, socket, began):
        async for message in socket:
            event, now = json.loads(message), time.monotonic()
            self.events += 1
            if event["type"] == "turn.final":
                self.delays.append(now - began - event["end"])
            elif event["type"] == "done":
                self.ends.append(now)

    async def run(self, port, seconds, latency, wait):
        await asyncio.sleep(wait)
        url = f"ws://127.0.0.1:{port}/v1/live?latency={latency}"
        async with websockets.connect(url, ping_interval=None, compression=None) as socket:
            await socket.recv()
            began = time.monotonic()
            reader = asyncio.ensure_future(self.read(socket, began))
            n = int(FRAME_S * BYTES_S)
            for i in range(int(seconds / FRAME_S)):
                await asyncio.sleep(max(0, began + (i + 1) * FRAME_S - time.monotonic()))
                at = i * n % len(self.data)
                await socket.send(self.data[at:at + n])
            finished = time.monotonic()
            await socket.send('{"type":"finish"}')
            try:
                await reader
            except websockets.ConnectionClosed:
                pass  # its code says it
            self.code = socket.close_code
            self.ends = [end - finished for end in self.ends]


def figure(service, name):
    text = service.ask("GET", "/metrics").body.decode()
    return float(next(line.split()[1] for line in text.splitlines() if line.startswith(name + " ")))


async def watch(service, seen, stop):
    while not stop.is_set():
        seen.append(await asyncio.to_thread(figure, service, "diarist_live_behind_seconds"))
        await asyncio.sleep(1)


def an_hour(data, path):
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(16000)
        file.writeframes((data * (3600 * BYTES_S // len(data) + 1))[:3600 * BYTES_S])
    return path.read_bytes()


async def load(service, data, num, seconds, latency):
    behind, stop = [], asyncio.Event()
    watcher = asyncio.ensure_future(watch(service, behind, stop))
    streams = [Stream(data, i * len(data) // num // 3200 * 3200) for i in range(num)]
    await asyncio.gather(*(stream.run(service.port, seconds, latency, i * 1.08 / num)
                           for i, stream in enumerate(streams)))
    stop.set()
    await watcher
    return streams, behind


def main():
    program, recording = (os.path.abspath(path) for path in sys.argv[1:3])
    num, seconds, latency, jobs = (float(text) for text in
                                   (sys.argv[3:] + ["40", "120", "2", "1"][len(sys.argv) - 3:])[:4])
    data = subprocess.run(["ffmpeg", "-v", "error", "-nostdin", "-i", recording, "-f", "s16le", "-ac",
                           "1", "-ar", "16000", "-"], check=True, capture_output=True).stdout
    data = data[:len(data) // 3200 * 3200]
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        service = Service(program, folder / "data", "--max-streams", str(int(num)))
        hour = an_hour(data, folder / "hour.wav")
        ids = [service.ask("POST", "/v1/diarizations", hour, "audio/wav").json["id"]
               for _ in range(int(jobs))]
        before = service.memory()
        streams, behind = asyncio.run(load(service, data, int(num), seconds, latency))
        done = [service.ask("GET", f"/v1/diarizations/{job}").json for job in ids]
        progress = sum(job["progress"] for job in done)
        cpu = sum(float(field) for field in pathlib.Path(
            f"/proc/{service.process.pid}/stat").read_text().split()[13:15]) / os.sysconf("SC_CLK_TCK")
        memory = service.memory()
        service.kill()
    delays = [delay for stream in streams for delay in stream.delays]
    ends = [end for stream in streams for end in stream.ends]
    print(f"{int(num)} streams of {seconds:g} s at {latency:g} s latency, {int(jobs)} jobs of an hour "
          f"(progress {progress:.2f}), {cpu:.0f} s of CPU")
    print(f"ended well: {sum(stream.code == 1000 for stream in streams)}; events "
          f"{sum(stream.events for stream in streams)}")
    print(f"from the end of a turn to its final event, {len(delays)} turns: mean "
          f"{sum(delays) / max(1, len(delays)):.2f} s, median {percent(delays, 0.5):.2f}, 95 % "
          f"{percent(delays, 0.95):.2f}, most {max(delays, default=0):.2f}")
    print(f"from finish to done: median {percent(ends, 0.5):.2f} s, most {max(ends, default=0):.2f}")
    print(f"audio that waits: at most {max(behind, default=0):.2f} s")
    print(f"memory: {memory / 1e6:.0f} MB at most, {before / 1e6:.0f} before the streams")


main()
