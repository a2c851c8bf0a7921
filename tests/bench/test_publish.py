#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""test_publish.py PROGRAM: what is published of made-up runs, and what is found to be a secret.

Secrets are put together here, so that a scan of this repository does not find them.
"""

import csv
import json
import pathlib
import subprocess
import sys
import tempfile
import unittest

import run_folder
from run_folder import row

PROGRAM = pathlib.Path(sys.argv.pop(1)).resolve()
SCORES = ((50, 1, 2, 2, 0.2), (60, 3, 3, 6, 0.3))
TOKEN = "gh" + "p_" + "aB3" * 12


def bench(*arguments):
    done = subprocess.run([PROGRAM, "bench", *map(str, arguments)], capture_output=True, text=True)
    return done.returncode, done.stdout, done.stderr


def contents(folder):
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


class InFolder(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.path = pathlib.Path(self.folder.name).resolve()
        self.to = self.path / "benchmarks"

    def made(self, name, *more_rows, **spec):
        files = {"f1": (60.0, 2), "f2": (60.0, 2)}
        rows = [row("a", 0, "f1", SCORES), row("b", 0, "f1", SCORES), *more_rows]
        return run_folder.write(self.path / name, ["a", "b"], files, rows, **spec)

    def publish(self, what, *more):
        code, out, err = bench("publish", what, "--to", self.to, *more)
        self.assertEqual((code, out, err), (0, "", ""))

    def fails(self, code, pattern, *arguments):
        got, out, err = bench("publish", *arguments)
        self.assertEqual(got, code, err)
        self.assertRegex(err, pattern)
        self.assertRegex(err, r"\Adiarist: [^\n]+; [^\n]+\n\Z")
        return out

    def history(self):
        with open(self.to / "history.csv", encoding="utf-8", newline="") as file:
            return list(csv.DictReader(file))


class Publish(InFolder):
    def test_files(self):
        self.publish(self.made("job-1"))
        files = contents(self.to)
        self.assertEqual(sorted(files), ["history.csv", "latest.json", "latest.md",
                                         "runs/2026-03-04/job-1.json"])
        self.assertEqual(files["latest.json"], files["runs/2026-03-04/job-1.json"])
        self.assertTrue(files["latest.md"].startswith(b"# made_up: 2 systems, 2 files, 1 run\n"))
        a, b = self.history()
        self.assertEqual((a["job_id"], a["system_id"], a["status"]), ("job-1", "a", "incomplete"))
        self.assertEqual((a["der"], a["der_strict"], a["rows_ok"], a["rows_expected"]),
                         ("0.1", "0.2", "1", "2"))
        self.assertEqual((b["system_id"], b["selection_hash"]), ("b", "ab" * 32))

    def test_twice(self):
        folder = self.made("job-1")
        self.publish(folder)
        before = contents(self.to)
        self.publish(folder)
        self.assertEqual(contents(self.to), before)
        self.publish(self.to / "latest.json")
        self.assertEqual(contents(self.to), before)

    def test_history_of_a_job_that_went_on(self):
        self.publish(self.made("job-1"))
        self.publish(self.made("job-2", created_at="2026-03-05T00:00:00Z"))
        more = [row(s, 0, "f2", SCORES) for s in "ab"]
        self.publish(self.made("job-1", *more))
        lines = [(r["job_id"], r["system_id"], r["status"]) for r in self.history()]
        self.assertEqual(lines, [("job-1", "a", "completed"), ("job-1", "b", "completed"),
                                 ("job-2", "a", "incomplete"), ("job-2", "b", "incomplete")])
        latest = json.loads((self.to / "latest.json").read_text(encoding="utf-8"))
        self.assertEqual(latest["report"]["job_id"], "job-2", "an older job is not the latest")

    def test_history_with_odd_fields(self):
        odd = 'say "a, b"\nand more'
        self.publish(self.made("job-1", dataset_id=odd))
        self.publish(self.made("job-1", dataset_id=odd))
        self.publish(self.made("job-2", dataset_id=odd))
        self.assertEqual([r["dataset_id"] for r in self.history()], [odd] * 4)

    def test_internal_fields(self):
        text = f"{self.path}/job-1/turns/a: no turns in '/home/anna maria/x y.wav', see /opt/z/log"
        folder = self.made("job-1", row("a", 0, "f2", status="failed", error=text),
                           row("b", 0, "f2", status="failed",
                               error="/home/anna maria/a b.wav: cannot be read; 3/4 of http://h/p "
                                     "/home/anna"))
        self.publish(folder, "--base-url", "http://inside:8080")
        published = (self.to / "latest.json").read_text(encoding="utf-8")
        document = json.loads(published)
        self.assertNotIn("base_url", document["source"])
        self.assertEqual(document["report"]["artifact_paths"], {})
        self.assertNotIn("hostname", document["report"]["machine_fingerprint"])
        errors = [i["error"] for i in document["report"]["items"] if i["error"]]
        self.assertEqual(errors, ["turns/a: no turns in 'x y.wav', see log",
                                  "a b.wav: cannot be read; 3/4 of http://h/p ~"])
        for name, content in contents(self.to).items():
            for word in (b"inside", b"nowhere", b"anna", b"/opt", str(self.path).encode()):
                self.assertNotIn(word, content, name)
        self.publish(folder, "--base-url", "http://inside:8080", "--include-internal-fields")
        document = json.loads((self.to / "latest.json").read_text(encoding="utf-8"))
        self.assertEqual(document["source"]["base_url"], "http://inside:8080")
        self.assertEqual(document["report"]["artifact_paths"]["run_dir"], str(folder))
        self.assertEqual(document["report"]["machine_fingerprint"]["hostname"], "inside")
        self.assertIn(text, (self.to / "latest.json").read_text(encoding="utf-8"))

    def test_secret(self):
        folder = self.made("job-1", row("a", 0, "f2", status="failed", error=f"with {TOKEN}"))
        out = self.fails(1, "would publish 2 possible secrets", folder, "--to", self.to)
        self.assertRegex(out, r"runs/2026-03-04/job-1\.json:\d+: GitHub token\n")
        self.assertRegex(out, r"latest\.md:\d+: GitHub token\n")
        self.assertNotIn(TOKEN, out)
        self.assertEqual(contents(self.to), {})

    def test_names_that_lead_elsewhere(self):
        for job in ("../x", ".x", "a/b", "", "x" * 200):
            self.fails(3, "cannot name a file", self.made("j", job_id=job), "--to", self.to)
        for time in ("../../2026", "", None, "2026-3-4T00:00:00Z"):
            self.fails(3, "is no time", self.made("j", created_at=time), "--to", self.to)
        self.assertEqual(sorted(p.name for p in self.path.iterdir()), ["j"])

    def test_what_others_made(self):
        folder = self.made("job-1")
        self.to.mkdir()
        (self.to / "history.csv").write_text("date,der\n1,2\n", encoding="utf-8")
        self.fails(3, "history.csv: does not begin with the columns", folder, "--to", self.to)
        (self.to / "history.csv").unlink()
        (self.to / "latest.json").write_text("{}", encoding="utf-8")
        self.fails(3, "latest.json: is no publication", folder, "--to", self.to)
        self.assertEqual(contents(self.to), {"latest.json": b"{}"})

    def test_usage(self):
        self.assertEqual(bench("publish", self.made("job-1"))[0], 2)
        self.assertEqual(bench("publish", "--to", self.to)[0], 2)
        (self.path / "file").write_text("", encoding="utf-8")
        self.fails(1, "cannot be made a folder", self.made("j"), "--to", self.path / "file")


KEY = "-----BEGIN " + "OPENSSH PRIVATE" + " KEY-----"
SECRETS = {
    KEY: "private key",
    '"-----BEGIN ' + "PRIVATE" + r' KEY-----\nMIIEv': "private key",
    "-----BEGIN PGP " + "PRIVATE" + " KEY BLOCK-----": "private key",
    "PuTTY-User-" + "Key-File-3: ssh-ed25519": "private key",
    "key = 'AK" + "IA" + "Q4" * 8 + "'": "AWS access key",
    TOKEN: "GitHub token",
    "github_" + "pat_" + "1a" * 20: "GitHub token",
    "(glp" + "at-" + "a" * 20 + ")": "GitLab token",
    "hf" + "_" + "aB" * 17: "Hugging Face token",
    "sk-" + "proj-" + "aB3-" * 8: "API key (sk-)",
    "xox" + "b-123456789012-abcdefghijkl": "Slack token",
    "npm" + "_" + "a" * 36: "npm token",
    ".".join(["ey" + "JhbGciOiJIUzI1NiJ9", "ey" + "JzdWIiOiIxMjM0NTY3ODkwIn0", "dozjgNryP4J3jVmN"]):
        "JSON web token",
    "Authorization: " + "Bear" + "er abcdefgh12345678": "authorization header",
    "postgres://anna:" + "s3cr" + "tx@db.host/x": "password in a URL",
    "https://anna:" + "hunter2" + "pass99@db.host/x": "password in a URL",
    "FOXNOSE_SECRET" + "_KEY=abcdefghij": "value of a secret name",
    "export BENCH_API" + "_KEYS='one-two-three'": "value of a secret name",
    '{"api' + '_key": "q8w7e6r5t4z3"}': "value of a secret name",
    "db.pass" + "word: q8w7e6r5t4z3": "value of a secret name",
}
HARMLESS = [
    "BENCH_API_KEYS=<your key>", "FOXNOSE_SECRET_KEY=\"...\"", "API_KEY=${API_KEY}", "TOKEN=",
    "PASSWORD=changeme-please", "API_KEY=xxxxxxxxxxxx", "token = next_token(&reader2, 12)",
    "a token: what a lexer makes", "secret: the thing that nobody is told", "task-" + "aB3" * 10,
    "anna@example.org", "sha256 " + "0a1b2c3d" * 8, "selection_hash: " + "9f" * 32,
    "https://example.org/a:b@c", "http://user:user@host/", "redis://a:q8w7e6r5@localhost/0",
    "-----BEGIN PUBLIC" + " KEY-----", f'looks for "{KEY}"',
    "sk-learn-contrib-extras-are-fine", "hf_hub_download(x)",
    "tokenizer_config: llama2-7b-chat-hf", "token_file: keys/token12345678.txt",
]


class Scan(InFolder):
    def scan(self):
        code, out, err = bench("scan", self.path)
        return code, out.replace(f"{self.path}/", "").splitlines(), err

    def test_secrets(self):
        lines = ["nothing here"]
        for secret in SECRETS:
            lines += [secret, "", *HARMLESS]
        (self.path / "a.txt").write_text("\n".join(lines), encoding="utf-8")
        code, found, err = self.scan()
        step = 2 + len(HARMLESS)
        expected = [f"a.txt:{2 + i * step}: {kind}" for i, kind in enumerate(SECRETS.values())]
        self.assertEqual(found, expected)
        self.assertEqual(code, 1)
        self.assertRegex(err, rf"holds {len(SECRETS)} possible secrets; remove them")

    def test_harmless(self):
        (self.path / "a.txt").write_text("\n".join(HARMLESS), encoding="utf-8")
        self.assertEqual(self.scan(), (0, [], ""))

    def test_files(self):
        (self.path / "b" / ".git").mkdir(parents=True)
        (self.path / "b" / ".git" / "config").write_text(TOKEN, encoding="utf-8")
        (self.path / "b" / ".env").write_text("A=1\n", encoding="utf-8")
        (self.path / "b" / ".env.example").write_text("A=\n", encoding="utf-8")
        (self.path / "b" / ".netrc").write_text("machine x\n", encoding="utf-8")
        (self.path / "link").symlink_to("/dev/zero")
        code, found, _ = self.scan()
        self.assertEqual((code, found), (1, ["b/.env:1: environment file",
                                             "b/.netrc:1: file of credentials"]))

    def test_large_file(self):
        """Wherever the parts meet in which a file is read, it is found once, with its line."""
        part, line = 1 << 20, "x" * 62 + "y\n"
        lines = [line] * (3 * part // len(line))
        for at in (part - 4096, part - 20, part, 2 * part - 8192, 2 * part - 4095):
            lines[at // len(line)] = TOKEN + "\n"
        (self.path / "a.bin").write_bytes(b"".join(x.encode() for x in lines) + b"\0")
        numbers = [i + 1 for i, x in enumerate(lines) if TOKEN in x]
        code, found, _ = self.scan()
        self.assertEqual(found, [f"a.bin:{n}: GitHub token" for n in numbers])
        shift = "z" * 7 + TOKEN
        (self.path / "a.bin").write_text("-" * (part - 4096) + " " + shift[7:], encoding="utf-8")
        self.assertEqual(self.scan()[1], ["a.bin:1: GitHub token"])

    def test_no_folder(self):
        code, out, err = bench("scan", self.path / "no")
        self.assertEqual((code, out), (3, ""))
        self.assertRegex(err, "cannot be listed")


if __name__ == "__main__":
    unittest.main()
