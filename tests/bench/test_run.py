#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""test_run.py PROGRAM [--diarist]: runs of systems that behave and of some that do not.

Recordings are noise of known length, references and what the systems say are written here, so that
every score can be told beforehand. --diarist: the program itself on examples/conversation.flac.
"""

import json
import os
import pathlib
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import time
import unittest
import wave

PROGRAM = pathlib.Path(sys.argv.pop(1)).resolve()
WITH_DIARIST = "--diarist" in sys.argv
if WITH_DIARIST:
    sys.argv.remove("--diarist")
ROOT = pathlib.Path(__file__).resolve().parents[2]
STRICT, COLLAR = "collar_0_overlap", "collar_0.25_no_overlap"
REFERENCE = [(0, 4, "A"), (4, 8, "B")]


def rttm(name, turns):
    return "".join(f"SPEAKER {name} 1 {a} {b - a} <NA> <NA> {who} <NA> <NA>\n" for a, b, who in turns)


def shell(name, script, **more):
    """A command that sees the recording as $1 and where its turns go as $2."""
    return {"system_id": name, "command": ["sh", "-c", script, "sh", "{audio}", "{out}"], **more}


def says(turns, name='$(basename "$1" .wav)'):
    return f"n={name}; cat > \"$2\" <<END\n" + rttm("$n", turns) + "END"


class Runs(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.path = pathlib.Path(self.folder.name).resolve()
        for name in ("one", "two"):
            self.add(name, REFERENCE)
        self.run_dir = self.path / "run"

    def add(self, name, turns, seconds=8):
        data = self.path / "datasets" / "mini"
        for kind in ("audio", "rttm"):
            (data / kind).mkdir(parents=True, exist_ok=True)
        with wave.open(str(data / "audio" / f"{name}.wav"), "wb") as file:
            file.setparams((2, 2, 8000, 0, "NONE", ""))
            file.writeframes(b"".join(struct.pack("<hh", i % 77, -i % 55) for i in range(seconds * 8000)))
        (data / "rttm" / f"{name}.rttm").write_text(rttm(name, turns))

    def command(self, systems, *more, **spec):
        (self.path / "spec.json").write_text(json.dumps(
            {"dataset_id": "mini", "cpu_threads": 1, "systems": systems, **spec}))
        return [PROGRAM, "bench", "run", self.path / "spec.json", "--run-dir", self.run_dir,
                "--datasets-root", self.path / "datasets", "--environments", self.path / "venvs", *more]

    def bench(self, systems, *more, code=0, **spec):
        done = subprocess.run(self.command(systems, *more, **spec), capture_output=True, text=True,
                              cwd=self.path, timeout=250)
        self.assertEqual(done.returncode, code, done.stderr)
        return done

    def rows(self, retried=0):
        """{(system, run, file): row}; each once, but for those that were tried again."""
        lines = (self.run_dir / "items.jsonl").read_text().splitlines()
        rows = [json.loads(line) for line in lines]
        found = {(r["system_id"], r["run_index"], r["file_id"]): r for r in rows}
        self.assertEqual(len(rows), len(found) + retried)
        return found

    def text(self, name):
        return (self.run_dir / name).read_text()

    def test_scores(self):
        """Of 8 s: all right; 1 s missed; 1 s too much; another speaker for 2 s."""
        done = self.bench([{"system_id": "oracle_reference"},
                           shell("misses", says([(0, 4, "x"), (5, 8, "y")])),
                           shell("confuses", says([(0, 6, "x"), (6, 8, "y")])),
                           shell("extra", says([(0, 5, "x"), (4, 8, "y")])),
                           shell("nobody", ': > "$2"')], n_runs=2, warmup_files=1)
        self.assertEqual(done.stdout, f"{self.run_dir}/report.md\n")
        rows = self.rows()
        self.assertEqual(len(rows), 5 * 2 * 2)
        wanted = {"oracle_reference": (0, 0, 0), "misses": (1, 0, 0), "confuses": (0, 0, 2),
                  "extra": (0, 1, 0), "nobody": (8, 0, 0)}
        for (system, _, _), row in rows.items():
            self.assertEqual((row["status"], row["error"]), ("ok", None), row)
            self.assertEqual((row["duration"], row["reference_speakers"]), (8, 2))
            self.assertEqual(row["predicted_speakers"], 0 if system == "nobody" else 2)
            score = row["scores"][STRICT]
            for key, value in zip(("missed", "false_alarm", "confusion"), wanted[system]):
                self.assertAlmostEqual(score[key], value, 6, (system, key))
            self.assertAlmostEqual(score["der"], sum(wanted[system]) / 8, 6)
            self.assertAlmostEqual(row["scores"][COLLAR]["scored"], 8 - 4 * 0.25, 6)
            if system != "oracle_reference":
                self.assertAlmostEqual(row["rtf"], row["wall_s"] / 8, 6)
        self.assertEqual(self.text("turns/misses/1/two.rttm").split()[1], "two")
        spec, machine = json.loads(self.text("spec.json")), json.loads(self.text("machine.json"))
        self.assertEqual(machine["thread_pinning"]["cpu_threads"], 1)
        self.assertEqual(len(machine["thread_pinning"]["processors"]), 1)
        self.assertEqual(spec["n_runs"], 2)
        report = json.loads(self.text("report.json"))
        self.assertEqual((report["job_id"], report["status"]), (spec["job_id"], "completed"))

    def test_misbehaving(self):
        (self.path / "datasets/mini/audio/zzz.wav").write_bytes(b"RIFF no audio at all" * 9)
        (self.path / "datasets/mini/rttm/zzz.rttm").write_text(rttm("zzz", REFERENCE))
        self.bench([shell("exits", "echo no luck >&2; exit 1"), shell("hangs", "sleep 99", timeout_s=0.3),
                    shell("crashes", "kill -SEGV $$"),
                    shell("garbage", 'head -c 999 /dev/urandom > "$2"'),
                    shell("words", 'echo hello world > "$2"'), shell("silent", "true"),
                    shell("pipe", 'mkfifo "$2"'),
                    {"system_id": "mute", "command": ["true", "{audio}"]},
                    {"system_id": "nobody", "command": ["sh", "-c", "echo", "{audio}"]},
                    shell("stops", "kill -STOP $PPID; sleep 4713.25"),
                    {"system_id": "absent", "command": ["/no/such/program", "{audio}"]},
                    {"system_id": "unversioned", "command": ["true", "{audio}"],
                     "version_command": ["false"]},
                    shell("good", says(REFERENCE))], code=1)
        wanted = {
            "exits": ("failed", r"\Aexit code 1: no luck\Z"),
            "hangs": ("timeout", r"\Aran longer than 0.3 s"), "crashes": ("failed", r"\Aended by SIGSEGV"),
            "garbage": ("failed", r"\Aits output is no diarization"),
            "words": ("failed", r"\Aits output is no diarization"), "silent": ("failed", r"\Aleft no output"),
            "pipe": ("failed", r"\Aits output is no regular file"),
            "mute": ("failed", r"\Aprinted nothing; a command without \{out\} must print"),
            "nobody": ("ok", None), "stops": ("failed", r"\Astopped or killed the process that watches"),
            "absent": ("failed", r"\Acannot be started: No such file"),
            "unversioned": ("failed", r"\Aversion_command does not say a version: exit code 1"),
            "good": ("ok", None)}
        rows = self.rows()
        self.assertEqual(len(rows), len(wanted) * 3)
        for (system, _, name), row in rows.items():
            if name == "zzz":
                self.assertEqual((row["status"], row["scores"]), ("unreadable", None))
                continue
            status, pattern = wanted[system]
            self.assertEqual(row["status"], status, row)
            if status != "ok":
                self.assertRegex(row["error"], pattern)
                # What a system failed at is all missed.
                self.assertEqual(row["scores"][STRICT]["missed"], 8)
                self.assertIsNone(row["predicted_speakers"])
        self.assertEqual(self.text("log/exits/0/one.txt"), "no luck\n")
        self.assertFalse(list(self.run_dir.rglob("*.said")) + list(self.run_dir.rglob("*.wav")))

    def test_jer(self):
        """A report's JER is that of the scorer, where not every speaker is heard in the UEM too."""
        (self.path / "datasets/mini/uem").mkdir()
        (self.path / "datasets/mini/uem/one.uem").write_text("one 1 0 4.1\n")
        (self.path / "datasets/mini/uem/two.uem").write_text("two 1 0 8\n")
        self.bench([shell("misses", says([(1, 4, "x"), (6, 8, "y")]))])
        done = subprocess.run(
            [PROGRAM, "score", self.path / "datasets/mini/rttm", self.run_dir / "turns/misses/0",
             "--uem", self.path / "datasets/mini/uem", "--format", "json"],
            capture_output=True, text=True, timeout=60)
        scores = json.loads(done.stdout)
        metrics = json.loads(self.text("report.json"))["metrics_summary"]["misses"]
        # Speaker B is heard for 0.1 s in "one": counted, but not within a collar of 0.25 s.
        self.assertEqual([row["scores"][COLLAR]["jer_speakers"] for row in self.rows().values()], [1, 2])
        for suffix, found in (("_strict", scores["overall"]), ("", scores[COLLAR]["overall"])):
            for figure in ("der", "jer"):
                self.assertAlmostEqual(metrics[figure + suffix], found[figure], 6)

    def test_other_name(self):
        """Turns of another recording's name are taken, and told; names of files are no others."""
        plain = 'echo "start,end,speaker" > "$2"; echo "0,4,A" >> "$2"'
        self.bench([shell("other", says(REFERENCE, "x")), shell("plain", plain),
                    {"system_id": "wav", "command": ["sh", "-c", says(REFERENCE), "sh", "{wav}", "{out}"]}])
        for (system, _, name), row in self.rows().items():
            told = f"its turns are of 'x'; taken as those of '{name}'" if system == "other" else None
            self.assertEqual((row["status"], row["error"]), ("ok", told))

    def test_pipes(self):
        """Whatever would be read is a file, or is told; nobody waits for a pipe."""
        (self.path / "datasets/mini/uem").mkdir()
        os.mkfifo(self.path / "datasets/mini/uem/one.uem")
        (self.path / "datasets/mini/rttm/two.rttm").unlink()
        os.mkfifo(self.path / "datasets/mini/rttm/two.rttm")
        os.mkfifo(self.path / "datasets/mini/audio/three.wav")
        (self.path / "datasets/mini/rttm/three.rttm").write_text(rttm("three", REFERENCE))
        self.add("four", REFERENCE)
        self.bench([{"system_id": "oracle_reference"}], code=1)
        rows = {file: row for (_, _, file), row in self.rows().items()}
        for name in ("one", "two", "three"):
            self.assertEqual(rows[name]["status"], "unreadable")
            self.assertRegex(rows[name]["error"], "is a pipe, no regular file; give a file")
        self.assertEqual(rows["four"]["status"], "ok")
        os.mkfifo(self.path / "list.json")
        for option in ("--datasets-file", "--systems-file"):
            done = subprocess.run([*self.command([{"system_id": "oracle_reference"}])[:4], option,
                                   self.path / "list.json"], capture_output=True, text=True, timeout=60)
            self.assertEqual(done.returncode, 3, done.stderr)
            self.assertRegex(done.stderr, "list.json: is a pipe, no regular file; give a file")

    def test_placeholders(self):
        script = ("import sys, wave, os\nw = wave.open(sys.argv[1])\n"
                  "assert w.getparams()[:4] == (1, 2, 16000, 8 * 16000), w.getparams()\n"
                  "assert sys.argv[2:] == ['1', sys.argv[3], '{' + 'x}', '2.5'], sys.argv\n"
                  "assert os.environ['OMP_NUM_THREADS'] == '1' and len(os.sched_getaffinity(0)) == 1\n"
                  "print(f'SPEAKER {sys.argv[3]} 1 0 {sys.argv[5]} <NA> <NA> a <NA> <NA>')")
        self.bench([{"system_id": "python", "version_command": ["echo", "3.1 of it"],
                     "command": ["python3", "-c", script, "{wav}", "{threads}", "{file_id}", "{{x}}",
                                 "{end}"],
                     "params": {"end": 2.5}}])
        for row in self.rows().values():
            self.assertEqual((row["status"], row["system_version"]), ("ok", "3.1 of it"), row)
            self.assertAlmostEqual(row["scores"][STRICT]["missed"], 5.5, 6)

    def test_empty_reference(self):
        (self.path / "datasets/mini/rttm/two.rttm").write_text("")
        self.bench([shell("good", says(REFERENCE))], code=1)
        row = self.rows()["good", 0, "two"]
        self.assertEqual(row["status"], "unreadable")
        self.assertIn("reference", row["error"])

    def test_setup_fails(self):
        """No interpreter can be made: rows say so, the run goes on."""
        tools = self.path / "tools"
        tools.mkdir()
        (tools / "python3").write_text("#!/bin/sh\necho there is no venv here >&2\nexit 1\n")
        (tools / "python3").chmod(0o755)
        path = f"{tools}:{os.environ['PATH']}"
        done = subprocess.run(self.command([{"system_id": "diarize"}, {"system_id": "oracle_reference"}]),
                              env={**os.environ, "PATH": path}, capture_output=True, text=True)
        self.assertEqual(done.returncode, 1, done.stderr)
        rows = self.rows()
        self.assertEqual(rows["diarize", 0, "one"]["status"], "failed")
        self.assertRegex(rows["diarize", 0, "one"]["error"],
                         r"diarize cannot be set up: exit code 1: there is no venv here; see diarize.log")
        self.assertEqual(rows["oracle_reference", 0, "two"]["status"], "ok")
        # Nothing ran: nothing is known of its speed.
        self.assertEqual([rows["oracle_reference", 0, "two"][key] for key in
                          ("wall_s", "cpu_s", "peak_rss_mb", "rtf")], [None] * 4)

    def test_network_cannot_be_had(self):
        """FoxNose's diarize where its embedding network cannot be fetched; its packages are made up."""
        venv, stubs = self.path / "venvs" / "diarize", self.path / "stubs"
        (venv / "bin").mkdir(parents=True)
        stubs.mkdir()
        shutil.copy(ROOT / "bench/systems/requirements/diarize.txt", venv / "requirements.txt")
        (venv / "bin" / "python").write_text(f'#!/bin/sh\nPYTHONPATH={stubs} exec python3 "$@"\n')
        (venv / "bin" / "python").chmod(0o755)
        (stubs / "diarize.py").write_text("def diarize(path): pass\n")
        (stubs / "wespeakerruntime.py").write_text("def Speaker(lang): raise OSError('no route')\n")
        self.bench([{"system_id": "diarize"}, {"system_id": "oracle_reference"}], code=1)
        for (system, _, _), row in self.rows().items():
            self.assertEqual(row["status"], "failed" if system == "diarize" else "ok")
            if system == "diarize":
                self.assertRegex(row["error"], r"\Aits embedding network cannot be had; put voxceleb_resnet34"
                                 r"_LM\.onnx .* at ~/\.wespeaker/en/model\.onnx \(OSError\)\Z")

    def test_resumed(self):
        """Killed midway, with a row half written; what was going on is ended too."""
        slow = shell("slow", f"echo $1 >> {self.path}/calls; sleep 0.5; " + says(REFERENCE))
        hang = shell("stuck", f"[ -e {self.path}/go ] || sleep 4711.25; " + says([(0, 7, "x")]))
        systems = [slow, hang]
        child = subprocess.Popen(self.command(systems), stdout=subprocess.DEVNULL,
                                 stderr=subprocess.DEVNULL)
        deadline = time.monotonic() + 60
        while "4711.25" not in running() and time.monotonic() < deadline:
            time.sleep(0.1)
        self.assertIn("4711.25", running())
        other = subprocess.run(self.command(systems), capture_output=True, text=True)
        self.assertRegex(other.stderr, "another process runs in it")
        child.send_signal(signal.SIGKILL)
        child.wait()
        while "4711.25" in running() and time.monotonic() < deadline:
            time.sleep(0.1)
        self.assertNotIn("4711.25", running())
        before = self.rows()
        self.assertEqual(len(before), 2)
        with open(self.run_dir / "items.jsonl", "a", encoding="utf-8") as file:
            file.write('{"system_id": "stuck", "run_in')
        job = json.loads(self.text("spec.json"))["job_id"]
        (self.path / "go").touch()
        self.bench(systems)
        after = self.rows()
        self.assertEqual(len(after), 4)
        self.assertEqual({key: after[key] for key in before}, before)
        self.assertEqual(len((self.path / "calls").read_text().splitlines()), 2)
        self.assertEqual(json.loads(self.text("spec.json"))["job_id"], job)
        self.bench(systems)  # nothing is left to be done
        self.assertEqual(self.rows(), after)

    def test_other_run(self):
        self.bench([{"system_id": "oracle_reference"}])
        done = self.bench([{"system_id": "oracle_reference"}], code=2, n_runs=2)
        self.assertRegex(done.stderr, "holds a run with other n_runs; give another folder")
        self.add("three", REFERENCE)
        done = self.bench([{"system_id": "oracle_reference"}], code=2)
        self.assertRegex(done.stderr, "holds a run of other data")
        self.assertEqual(len(self.rows()), 2)

    def test_folder_of_something_else(self):
        done = subprocess.run([*self.command([{"system_id": "oracle_reference"}])[:4], "--run-dir",
                               self.path / "datasets", "--datasets-root", self.path / "datasets"],
                              capture_output=True, text=True, timeout=60)
        self.assertEqual(done.returncode, 2)
        self.assertRegex(done.stderr, "holds something else; give an empty folder")
        self.assertEqual(os.listdir(self.path / "datasets"), ["mini"])

    def test_retry(self):
        systems = [shell("moody", f"[ -e {self.path}/go ] || exit 1; " + says(REFERENCE)),
                   {"system_id": "oracle_reference"}]
        self.bench(systems, code=1)
        (self.path / "go").touch()
        self.bench(systems)
        self.assertEqual(self.rows()["moody", 0, "one"]["status"], "failed")
        self.bench(systems, "--retry-failed")
        self.assertEqual({row["status"] for row in self.rows(retried=2).values()}, {"ok"})
        report = json.loads(self.text("report.json"))
        self.assertEqual({row["status"] for row in report["items"]}, {"ok"})
        self.assertEqual(len(report["items"]), 4)

    def test_interrupted(self):
        child = subprocess.Popen(self.command([shell("slow", "sleep 4712.25")]), stderr=subprocess.PIPE,
                                 text=True)
        deadline = time.monotonic() + 60
        while "4712.25" not in running() and time.monotonic() < deadline:
            time.sleep(0.1)
        child.send_signal(signal.SIGINT)
        _, err = child.communicate(timeout=60)
        self.assertEqual(child.returncode, 130, err)
        self.assertRegex(err, "was stopped; the same command with --run-dir goes on")
        self.assertNotIn("4712.25", running())
        self.assertEqual(self.rows(), {})

    def test_paced(self):
        """A row for each byte on standard input; its end stops the run, which goes on later."""
        command = self.command([shell("good", says(REFERENCE))], "--paced", "--job-id", "job.7",
                               "--progress", "json", n_runs=3)
        for said, rows in ((b"", 0), (b"\n", 1), (b"\n" * 9, 6)):
            done = subprocess.run(command, input=said, capture_output=True, timeout=60, cwd=self.path)
            self.assertEqual(done.returncode, 0 if rows == 6 else 130, done.stderr)
            self.assertEqual(len(self.rows()), rows)
        report = json.loads(self.text("report.json"))
        self.assertEqual((report["job_id"], report["run_config"]["job_id"]), ("job.7", "job.7"))

    def test_progress(self):
        done = self.bench([shell("good", "sleep 0.1; " + says(REFERENCE))], "--progress", "json", n_runs=2)
        events = [json.loads(line) for line in done.stderr.splitlines()]
        rows = [e for e in events if e["event"] == "row"]
        self.assertEqual([(r["done"], r["total"], r["status"], r["run_index"], r["file_id"]) for r in rows],
                         [(1, 4, "ok", 0, "one"), (2, 4, "ok", 0, "two"), (3, 4, "ok", 1, "one"),
                          (4, 4, "ok", 1, "two")])
        self.assertEqual(rows[-1]["eta_s"], 0)
        self.assertTrue(0 < rows[1]["eta_s"] < 60)

    @unittest.skipUnless(WITH_DIARIST, "the model is not built in, or this is slow here")
    def test_diarist_twice(self):
        data = self.path / "datasets" / "mini"
        shutil.rmtree(data)
        for kind, suffix in (("audio", ".flac"), ("rttm", ".rttm")):
            (data / kind).mkdir(parents=True)
            shutil.copy(ROOT / "examples" / f"conversation{suffix}", data / kind)
        systems = [{"system_id": "diarist"},
                   {"system_id": "two", "definition": "diarist", "params": {"num_speakers": 2}}]
        found = []
        config = self.path / "home" / ".config" / "diarist"
        home = os.environ["HOME"]
        self.addCleanup(os.environ.update, HOME=home)
        for name in ("first", "second"):
            self.run_dir = self.path / name
            self.bench(systems)
            # The second time the user has other defaults: they are nobody's business here.
            config.mkdir(parents=True, exist_ok=True)
            (config / "config.toml").write_text("min-duration-on = 15\n")
            os.environ["HOME"] = str(self.path / "home")
            rows = self.rows()
            found.append(({key: row["scores"] for key, row in rows.items()},
                          json.loads(self.text("manifest.json"))["selection_hash"],
                          self.text("turns/diarist/0/conversation.rttm")))
            row = rows["diarist", 0, "conversation"]
            self.assertLess(row["scores"][STRICT]["der"], 0.2)
            self.assertTrue(20 < row["peak_rss_mb"] < 300 and row["cpu_s"] > 0.1)
            self.assertEqual(rows["two", 0, "conversation"]["predicted_speakers"], 2)
        self.assertEqual(found[0], found[1])


def running():
    """The command lines of all processes."""
    lines = []
    for path in pathlib.Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = path.read_bytes().split(b"\0")
        except OSError:
            continue
        if words[0].endswith(b"sleep"):
            lines.append(words[1].decode())
    return lines


if __name__ == "__main__":
    unittest.main()
