#!/usr/bin/env python3
"""make_conversation.py - makes conversation.flac, a planning talk of four synthetic voices, and its exact RTTM.
SPDX-License-Identifier: MIT

usage: make_conversation.py [DIRECTORY]     (default: the directory of this script)

Each reply is spoken by flite, trimmed to its speech, brought to its voice's level and laid on the time line; a
negative gap starts it before the reply in front of it has ended. Every place is a whole millisecond, so the
RTTM says exactly where samples were put. The same flite gives the same bytes. Needs flite and ffmpeg.
"""
import array
import os
import subprocess
import sys
import tempfile
import wave

RATE = 16000
MS = RATE // 1000
SILENCE = 300          # samples below this (of 32768) at both ends of a reply are no speech
NOISE = 12             # the room: white noise of at most this many steps

# voice: name in the RTTM, RMS level that its replies get (of 32768), duration stretch
VOICES = {
    "slt": ("anna", 2600, 1.00),
    "rms": ("ben", 2300, 0.95),
    "awb": ("colin", 2000, 1.00),
    "kal16": ("david", 2400, 1.05),
}

# voice, seconds after the end of the latest reply (negative: overlap), what is said
REPLIES = [
    ("slt", 0.80, "Good morning everyone. Let us plan the open day of the repair workshop, which is three weeks from now."),
    ("rms", 0.60, "Good morning. I have spoken to the town hall, and we may use the big room on the ground floor."),
    ("awb", 0.45, "That is good news. How many tables can we put in there?"),
    ("rms", 0.35, "Twelve, if we leave the doors free and keep a path along the windows."),
    ("kal16", 0.70, "Twelve tables are enough for bicycles and for small machines, but the sewing corner needs more light."),
    ("slt", -0.60, "We could move the sewing corner to the library, it has large lamps."),
    ("awb", 0.50, "I like that. The library is quiet too, and people can wait there with a cup of tea."),
    ("kal16", -0.50, "Who will bring the tea?"),
    ("awb", 0.40, "I will. My sister has two big kettles, and she bakes every weekend."),
    ("slt", 0.55, "Wonderful. Now the volunteers. Last year we had fourteen people, and at noon the queue went down to the street."),
    ("rms", 0.40, "This time nineteen have answered. Five of them know electronics, and two can weld."),
    ("kal16", 0.65, "Then let us give every visitor a number and a time, so that nobody has to stand outside in the rain."),
    ("awb", -0.70, "Numbers are fine, as long as somebody explains them at the door."),
    ("slt", 0.45, "David, could you write a short text for the posters? Two sentences are enough."),
    ("kal16", 0.50, "Yes. You will have it on Thursday evening."),
    ("rms", 0.60, "I can print fifty posters, and hang them at the station, the market and both schools."),
    ("slt", -0.45, "Please ask the bakery as well."),
    ("rms", 0.40, "Of course, I am there every morning anyway."),
    ("awb", 0.80, "What about spare parts? We ran out of inner tubes and light bulbs before lunch."),
    ("kal16", 0.45, "I counted the shelves yesterday. We have thirty tubes, eleven chains, and hardly any batteries."),
    ("rms", -0.55, "Batteries are cheap, I will order two boxes today."),
    ("slt", 0.60, "Good. Let us keep every receipt in the blue folder, then the accounts will be easy."),
    ("awb", 0.50, "One more thing. Shall we weigh what we repair? Last year people asked how much waste we had avoided."),
    ("kal16", 0.40, "A good idea. There is a scale in the cellar, and I will bring it up."),
    ("slt", 0.70, "Then we have everything. We meet again next Tuesday at nine, in the same place."),
    ("rms", 0.30, "See you on Tuesday."),
    ("awb", -0.35, "Goodbye, and thank you all."),
]


def speak(voice, text):
    """The samples of a reply, without the silence at both ends."""
    with tempfile.NamedTemporaryFile(suffix=".wav") as file:
        subprocess.run(["flite", "-voice", voice, "--setf", f"duration_stretch={VOICES[voice][2]}",
                        "-t", text, "-o", file.name], check=True)
        with wave.open(file.name) as reader:
            if (reader.getframerate(), reader.getnchannels(), reader.getsampwidth()) != (RATE, 1, 2):
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
    for voice, gap, text in REPLIES:
        start = end + round(gap * 1000) * MS
        samples = level(speak(voice, text), VOICES[voice][1])
        placed.append((start, VOICES[voice][0], samples))
        end = max(end, start + len(samples))
    return placed, end + RATE


def main():
    directory = sys.argv[1] if len(sys.argv) > 1 else os.path.dirname(os.path.abspath(__file__))
    placed, length = lay_out()
    mix = noise(length)
    for start, _, samples in placed:
        for i, x in enumerate(samples, start):
            mix[i] += x
    if max(map(abs, mix)) >= 32767:
        sys.exit("make_conversation.py: the mix clips; lower the levels in VOICES")
    pcm = array.array("h", (round(x) for x in mix))
    subprocess.run(["ffmpeg", "-v", "error", "-y", "-f", "s16le", "-ar", str(RATE), "-ac", "1", "-i", "-",
                    "-fflags", "+bitexact", "-flags:a", "+bitexact", "-compression_level", "12",
                    os.path.join(directory, "conversation.flac")], input=pcm.tobytes(), check=True)
    with open(os.path.join(directory, "conversation.rttm"), "w", encoding="ascii") as rttm:
        for start, speaker, samples in placed:
            rttm.write(f"SPEAKER conversation 1 {start / RATE:.3f} {len(samples) / RATE:.3f} <NA> <NA> "
                       f"{speaker} <NA> <NA>\n")
    print(f"{length / RATE:.3f} s, {len(placed)} turns")


if __name__ == "__main__":
    main()
