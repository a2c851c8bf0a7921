#!/usr/bin/env python3
"""make_conversation.py - makes conversation.flac, four synthetic voices, and its exact RTTM.
SPDX-License-Identifier: MIT

usage: make_conversation.py [DIRECTORY]     (default: the directory of this script)

conversation.txt -> flite, reply by reply -> conversation.flac, conversation.rttm

Each reply is trimmed to its speech, brought to its voice's level and laid on the time line; a
negative gap starts it before the reply in front of it has ended. Every place is a whole
millisecond, so the RTTM says exactly where samples were put. The same flite gives the same bytes.
Needs flite and ffmpeg.
"""

import array
import os
import subprocess
import sys
import tempfile
import wave

HERE = os.path.dirname(os.path.abspath(__file__))
RATE = 16000
MS = RATE // 1000
SILENCE = 300  # samples below this (of 32768) at both ends of a reply are no speech
NOISE = 12  # the room: white noise of at most this many steps

# voice: name in the RTTM, RMS level that its replies get (of 32768), duration stretch
VOICES = {
    "slt": ("anna", 2600, 1.00),
    "rms": ("ben", 2300, 0.95),
    "awb": ("colin", 2000, 1.00),
    "kal16": ("david", 2400, 1.05),
}


def read_replies():
    """(voice, gap in seconds, text) of each line of conversation.txt."""
    with open(os.path.join(HERE, "conversation.txt"), encoding="ascii") as file:
        for line in file:
            if not line.startswith("#"):
                voice, gap, text = line.strip().split(" ", 2)
                yield voice, float(gap), text


def speak(voice, text):
    """The samples of a reply, without the silence at both ends."""
    stretch = f"duration_stretch={VOICES[voice][2]}"
    with tempfile.NamedTemporaryFile(suffix=".wav") as file:
        command = ["flite", "-voice", voice, "--setf", stretch, "-t", text, "-o", file.name]
        subprocess.run(command, check=True)
        with wave.open(file.name) as reader:
            if reader.getparams()[:3] != (1, 2, RATE):
                sys.exit(f"make_conversation.py: the voice {voice} does not speak 16 kHz mono")
            samples = array.array("h", reader.readframes(reader.getnframes()))
    loud = [i for i, x in enumerate(samples) if abs(x) >= SILENCE]
    start = loud[0] // MS * MS
    end = min(-(-loud[-1] // MS) * MS, len(samples) // MS * MS)
    return samples[start:end]


def level(samples, rms):
    """The samples as floats at a root mean square of rms."""
    now = (sum(x * x for x in samples) / len(samples)) ** 0.5
    return [x * rms / now for x in samples]


def noise(n):
    """n samples of white noise from a linear congruential generator (Knuth's MMIX constants)."""
    state, out = 1, array.array("d", bytes(8 * n))
    for i in range(n):
        state = (state * 6364136223846793005 + 1442695040888963407) % 2**64
        out[i] = ((state >> 33) / 2**31 * 2 - 1) * NOISE
    return out


def lay_out():
    """Every reply as (start sample, speaker, samples), and the length of the whole."""
    placed, end = [], 0
    for voice, gap, text in read_replies():
        start = end + round(gap * 1000) * MS
        samples = level(speak(voice, text), VOICES[voice][1])
        placed.append((start, VOICES[voice][0], samples))
        end = max(end, start + len(samples))
    return placed, end + RATE


def write_flac(path, pcm):
    command = f"ffmpeg -v error -y -f s16le -ar {RATE} -ac 1 -i - -compression_level 12"
    exact = "-fflags +bitexact -flags:a +bitexact"
    subprocess.run([*command.split(), *exact.split(), path], input=pcm.tobytes(), check=True)


def write_rttm(path, placed):
    with open(path, "w", encoding="ascii") as rttm:
        for start, speaker, samples in placed:
            times = f"{start / RATE:.3f} {len(samples) / RATE:.3f}"
            rttm.write(f"SPEAKER conversation 1 {times} <NA> <NA> {speaker} <NA> <NA>\n")


def main():
    directory = sys.argv[1] if len(sys.argv) > 1 else HERE
    placed, length = lay_out()
    mix = noise(length)
    for start, _, samples in placed:
        for i, x in enumerate(samples, start):
            mix[i] += x
    if max(map(abs, mix)) >= 32767:
        sys.exit("make_conversation.py: the mix clips; lower the levels in VOICES")
    write_flac(os.path.join(directory, "conversation.flac"), array.array("h", map(round, mix)))
    write_rttm(os.path.join(directory, "conversation.rttm"), placed)
    print(f"{length / RATE:.3f} s, {len(placed)} turns")


if __name__ == "__main__":
    main()
