#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""test_report.py PROGRAM: reports of made-up runs, whose figures are computed here by hand.

The schema is checked where the Python module jsonschema is installed.
"""

import json
import math
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest
import xml.etree.ElementTree

import run_folder
from run_folder import row

try:
    import jsonschema
except ImportError:
    jsonschema = None

PROGRAM = pathlib.Path(sys.argv.pop(1)).resolve()
SCHEMA = pathlib.Path(__file__).resolve().parents[2] / "docs" / "schema" / "report.schema.json"
ODD = "ümläut ✓ <x>|y & \"z\" `_a_`"
FILES = {"f1": (60.0, 2), "f2": (120.0, 3), ODD: (60.0, 1)}


def rows_of_a():
    def one(run, f1_confusion):
        yield row("a", run, "f1", ((50, 1, 2, f1_confusion, 0.2), (60, 3, 3, 6, 0.3)), wall_s=3)
        yield row("a", run, "f2", ((100, 10, 0, 0, 0.3), (110, 11, 11, 0, 0.4)), duration=120.0,
                  reference_speakers=3, predicted_speakers=4, wall_s=9 + run)
    yield from one(0, 2)
    yield row("a", 0, ODD, ((40, 0, 0, 0, 0), (50, 0, 0, 5, 0.1)), reference_speakers=1,
              predicted_speakers=1, wall_s=3, peak_rss_mb=99.5)
    yield from one(1, 3)
    yield row("a", 1, ODD, status="failed", error="exit code 1", reference_speakers=1)


def rows_of_b():
    yield row("b", 0, "f1", status="timeout")
    yield row("b", 0, "f2", ((100, 20, 0, 0, 0.5), (110, 22, 0, 0, 0.5)), duration=120.0)
    yield row("b", 0, ODD, ((40, 8, 0, 0, 1), (50, 10, 0, 0, 1)))
    yield row("b", 1, "f2", status="unreadable")
    yield row("b", 1, ODD, ((40, 8, 0, 0, 1), (50, 10, 0, 0, 1)))


def bench(*arguments):
    done = subprocess.run([PROGRAM, "bench", *map(str, arguments)], capture_output=True, text=True)
    return done.returncode, done.stdout, done.stderr


class InFolder(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.path = pathlib.Path(self.folder.name)

    def write(self, name, *arguments, **more):
        return run_folder.write(self.path / name, *arguments, **more)

    def made(self, name="job-1", **more):
        return self.write(name, ["a", "b"], FILES, [*rows_of_a(), *rows_of_b()], 2, **more)

    def run_ok(self, *arguments):
        code, out, err = bench(*arguments)
        self.assertEqual((code, err), (0, ""))
        return out

    def report(self, folder):
        report = json.loads(self.run_ok("report", folder, "--format", "json"))
        if jsonschema:
            jsonschema.validate(report, json.loads(SCHEMA.read_text(encoding="utf-8")),
                                jsonschema.Draft202012Validator)
        return report

    def assert_figures(self, got, **expected):
        for key, value in expected.items():
            if value is None or isinstance(value, str):
                self.assertEqual(got[key], value, key)
            else:
                self.assertAlmostEqual(got[key], value, 9, key)

    def fails(self, code, pattern, *arguments):
        got, out, err = bench(*arguments)
        self.assertEqual((got, out), (code, ""), err)
        self.assertRegex(err, pattern)
        self.assertRegex(err, r"\Adiarist: [^\n]+; [^\n]+\n\Z")


class Figures(InFolder):
    def setUp(self):
        super().setUp()
        self.made_report = self.report(self.made())

    def test_head(self):
        self.assert_figures(self.made_report, job_id="job-1", created_at="2026-03-04T05:06:07Z",
                            status="incomplete", dataset_id="made_up")
        self.assertEqual(self.made_report["rows"], {"expected": 12, "missing": 1, "ok": 8,
                                                    "failed": 1, "timeout": 1, "unreadable": 1})
        self.assertEqual(self.made_report["artifact_paths"]["run_dir"],
                         str((self.path / "job-1").resolve()))
        self.assertEqual(self.made_report["run_config"]["n_runs"], 2)
        self.assertEqual(self.made_report["machine_fingerprint"]["cpu_model"], "Some CPU")
        manifest = self.made_report["dataset_manifest"]
        self.assertEqual(manifest["selection_hash"], "ab" * 32)
        self.assertEqual(manifest["files"][0], {"file_id": "f1", "duration": 60, "num_speakers": 2})
        self.assertEqual([s["system_id"] for s in self.made_report["systems"]], ["a", "b"])

    def test_metrics(self):
        a, b = (self.made_report["metrics_summary"][s] for s in "ab")
        self.assert_figures(a, der=31 / 340, der_strict=73 / 390, jer=2.6 / 11,
                            jer_strict=(2 * (0.6 + 1.2) + 0.1) / 11,
                            der_failed_as_missed=71 / 380, der_strict_failed_as_missed=123 / 440,
                            rtf=28 / 420, cpu_rtf=20 / 420, audio_s=420, wall_s=28, cpu_s=20,
                            peak_rss_mb=99.5)
        self.assert_figures(a["scores"]["collar_0.25_no_overlap"], scored=340, missed=22,
                            false_alarm=4, confusion=5)
        self.assert_figures(b, der=0.2, der_failed_as_missed=86 / 230, rtf=6 / 240)
        self.assertEqual(b["rows"], {"expected": 6, "missing": 1, "ok": 3, "failed": 0,
                                     "timeout": 1, "unreadable": 1})

    def test_der_over_runs_and_files(self):
        der = self.made_report["der_summary"]["a"]["der"]
        low, high = 15 / 190, 16 / 150
        self.assert_figures(der["by_run"], n=2, mean=(low + high) / 2, median=(low + high) / 2,
                            p95=low + 0.95 * (high - low), std=(high - low) / math.sqrt(2))
        self.assert_figures(der["by_file"], n=3, mean=0.07, median=0.1, p95=0.109,
                            std=math.sqrt((0.04**2 + 0.03**2 + 0.07**2) / 2))
        self.assertEqual([r["rows_ok"] for r in der["runs"]], [3, 2])
        self.assert_figures(der["runs"][0], run_index=0, pooled=low)
        self.assert_figures(der["stability"], files_repeated=2, files_that_differ=1,
                            max_difference=0.02)
        strict = self.made_report["der_summary"]["a"]["der_strict"]
        self.assert_figures(strict, pooled=73 / 390)
        self.assert_figures(strict["stability"], files_that_differ=0, max_difference=0)

    def test_rtf_over_runs_and_files(self):
        rtf = self.made_report["rtf_summary"]["a"]
        self.assert_figures(rtf, pooled=28 / 420)
        self.assert_figures(rtf["by_run"], n=2, mean=(15 / 240 + 13 / 180) / 2)
        self.assert_figures(rtf["by_file"], n=3, median=0.05, mean=(0.05 + 19 / 240 + 0.05) / 3)

    def test_speakers(self):
        table = self.made_report["speaker_count_table"]["a"]
        self.assert_figures(table, rows=5, exact=0.6, within_1=1, mae=0.4, bias=0.4)
        buckets = {b["speakers"]: b for b in table["buckets"]}
        self.assertEqual(list(buckets), ["0", "1", "2", "3-4", "5-7", "8+"])
        self.assert_figures(buckets["1"], rows=1, exact=1, mae=0)
        self.assert_figures(buckets["3-4"], rows=2, exact=0, within_1=1, mae=1, bias=1)
        self.assert_figures(buckets["8+"], rows=0, exact=None, within_1=None, mae=None)
        self.assertEqual(table["errors"], [{"error": 0, "rows": 3}, {"error": 1, "rows": 2}])

    def test_comparison(self):
        """Two files in common: 1 in 4 resamples is twice the one, 1 in 4 twice the other."""
        der, strict = self.made_report["comparisons"]
        self.assert_figures(der, system_a="a", system_b="b", metric="der", files=2,
                            difference=-18 / 140, low=-0.2, high=-0.1, a_better=1, equal=0)
        self.assert_figures(strict, metric="der_strict", difference=-5 / 160, low=-0.1, high=0,
                            files=2)

    def test_items(self):
        items = self.made_report["items"]
        order = [(i["system_id"], i["run_index"], i["file_id"]) for i in items]
        self.assertEqual(order[:4], [("a", 0, "f1"), ("a", 0, "f2"), ("a", 0, ODD), ("a", 1, "f1")])
        self.assertEqual(len(order), 11)
        self.assertEqual(items[5]["error"], "exit code 1")


class Runs(InFolder):
    def test_none_is_ok(self):
        folder = self.write("none", ["a"], {"f1": (60.0, 2)}, [row("a", 0, "f1", status="failed")])
        report = self.report(folder)
        self.assertEqual(report["status"], "failed")
        metrics = report["metrics_summary"]["a"]
        for key in ("der", "der_strict", "jer", "der_failed_as_missed", "rtf", "peak_rss_mb"):
            self.assertIsNone(metrics[key], key)
        self.assertIsNone(report["speaker_count_table"]["a"]["exact"])
        self.run_ok("report", folder)

    def test_failed_rows_that_say_what_is_missed(self):
        """Then what all failed of is known: 100 %."""
        missed = ((50, 50, 0, 0, 1), (60, 60, 0, 0, 1))
        rows = [row("a", 0, "f1", missed, status="failed")]
        metrics = self.report(self.write("all", ["a"], {"f1": (60.0, 2)}, rows))["metrics_summary"]
        self.assert_figures(metrics["a"], der=None, der_failed_as_missed=1)

    def test_one_file(self):
        scores = ((50, 1, 2, 2, 0.2), (60, 3, 3, 6, 0.3))
        rows = [row("a", 0, "f1", scores), row("b", 0, "f1", scores)]
        report = self.report(self.write("one", ["a", "b"], {"f1": (60.0, 2)}, rows))
        self.assert_figures(report["der_summary"]["a"]["der"]["by_file"], n=1, mean=0.1, std=None)
        self.assert_figures(report["comparisons"][0], files=1, difference=0, low=None,
                            a_better=None)
        self.assertEqual(report["status"], "completed")

    def test_a_file_without_speech(self):
        """Its false alarms count; by itself it has no DER."""
        rows = [row("a", 0, "f1", ((50, 5, 0, 0, 0.1),) * 2),
                row("a", 0, "f2", ((0, 0, 3, 0, None),) * 2, reference_speakers=0)]
        report = self.report(self.write("n", ["a"], {"f1": (60.0, 2), "f2": (60.0, 0)}, rows))
        self.assert_figures(report["metrics_summary"]["a"], der=8 / 50, jer=0.1)
        self.assertEqual(report["der_summary"]["a"]["der"]["by_file"]["n"], 1)

    def test_not_begun(self):
        folder = self.write("new", ["a"], {"f1": (60.0, 2)}, [])
        (folder / "items.jsonl").unlink()
        self.assertEqual(self.report(folder)["status"], "incomplete")
        self.run_ok("report", folder)

    def test_a_row_that_was_being_written(self):
        folder = self.made()
        with open(folder / "items.jsonl", "a", encoding="utf-8") as file:
            file.write('{"system_id": "b", "run_ind')
        self.assertEqual(self.report(folder)["rows"]["missing"], 1)

    def test_a_row_that_comes_again(self):
        rows = [row("a", 0, "f1", status="failed"),
                row("a", 0, "f1", ((50, 1, 2, 2, 0.2), (60, 3, 3, 6, 0.3)))]
        report = self.report(self.write("twice", ["a"], {"f1": (60.0, 2)}, rows))
        self.assertEqual((report["status"], len(report["items"])), ("completed", 1))

    def test_what_is_no_run(self):
        self.fails(3, "spec.json: cannot be read", "report", self.path)
        folder = self.made()
        (folder / "items.jsonl").write_text('{"system_id": "a"}\n{\n', encoding="utf-8")
        self.fails(3, "items.jsonl: line 2: ", "report", folder)
        (folder / "items.jsonl").write_text(json.dumps(row("x", 0, "f1")) + "\n", encoding="utf-8")
        self.fails(3, "row 1: its system_id", "report", folder)
        bad = row("a", 0, "f1", wall_s=-1)
        (folder / "items.jsonl").write_text(json.dumps(bad) + "\n", encoding="utf-8")
        self.fails(3, "row 1: its wall_s", "report", folder)
        (folder / "manifest.json").write_text("[]", encoding="utf-8")
        self.fails(3, "manifest.json: line 1: is no JSON object", "report", folder)


class Pages(InFolder):
    def test_files(self):
        folder = self.made()
        self.run_ok("report", folder)
        for name, format_ in (("json", "json"), ("md", "markdown"), ("html", "html")):
            written = (folder / f"report.{name}").read_text(encoding="utf-8")
            self.assertEqual(written, self.run_ok("report", folder, "--format", format_))

    def test_markdown(self):
        """Every line of a table has as many cells, whatever names hold; figures are to be found."""
        text = self.run_ok("report", self.made(), "--format", "markdown")
        cells = None
        for line in text.splitlines():
            if not line.startswith("|"):
                cells = None
                continue
            num = len(re.findall(r"(?<!\\)\|", line))
            cells = cells or num
            self.assertEqual(num, cells, line)
        self.assertNotIn("<x>", text)
        self.assertRegex(text, r"\| a +\| 1\.0 +\| +5 of 6 \| +9\.12 \|")
        self.assertIn("A is better", text)

    def page(self, folder):
        text = self.run_ok("report", folder, "--format", "html")
        self.assertTrue(text.startswith("<!DOCTYPE html>\n"))
        return text, xml.etree.ElementTree.fromstring(text.split("\n", 1)[1])

    def test_html(self):
        text, root = self.page(self.made())
        svg = "{http://www.w3.org/2000/svg}"
        self.assertEqual(root.get("lang"), "en")
        cells = ["".join(c.itertext()) for c in root.iter() if c.tag in ("td", "th")]
        self.assertIn(ODD, cells)
        self.assertIn("9.12", cells)
        pictures = list(root.iter(f"{svg}svg"))
        self.assertEqual(len(pictures), 3)
        for picture in pictures:
            title, words = picture.find(f"{svg}title"), picture.find(f"{svg}desc")
            self.assertTrue(title.text and words.text and picture.get("role") == "img")
            self.assertEqual(picture.get("aria-labelledby"), f"{title.get('id')} {words.get('id')}")
        marks = ["".join(m.itertext()) for m in root.iter(f"{svg}path")]
        self.assertIn(f"{ODD}: DER 20.00 %", marks)
        for table in root.iter("table"):
            self.assertIsNotNone(table.find("caption"))
            self.assertTrue(all(h.get("scope") for h in table.iter("th")))
        for element in root.iter():
            self.assertNotIn(element.tag, ("script", "link", "img", f"{svg}image", "iframe"))
            self.assertFalse({"src", "href", "onload"} & set(element.keys()))
        self.assertNotIn("url(", text)

    def test_html_of_many_files(self):
        files = {f"f{i}": (60.0, 1) for i in range(250)}
        rows = [row("a", 0, f, ((50, i / 10, 0, 0, 0.1),) * 2) for i, f in enumerate(files)]
        text, root = self.page(self.write("many", ["a"], files, rows))
        self.assertIn("50 more are in report.json", text)
        self.assertEqual(len([e for e in root.iter() if e.get("class") == "curve s0"]), 1)


class Compare(InFolder):
    def test_two_reports(self):
        self.run_ok("report", self.made("one"))
        rows = [r | {"system_id": "c"} for r in rows_of_b()]
        other = self.write("two", ["c"], FILES, rows, 2)
        out = self.run_ok("compare", self.path / "one" / "report.json", other, "--format", "json")
        found = json.loads(out)["comparisons"]
        self.assertEqual([(c["system_a"], c["system_b"], c["metric"]) for c in found],
                         [("one a", "two c", "der"), ("one a", "two c", "der_strict"),
                          ("one b", "two c", "der"), ("one b", "two c", "der_strict")])
        self.assert_figures(found[0], files=2, difference=-18 / 140, low=-0.2, high=-0.1)
        self.assert_figures(found[2], files=2, difference=0, low=0, high=0, equal=1)
        self.assertIn("cannot be told apart", self.run_ok("compare", self.path / "one", other))

    def test_refusals(self):
        one, other = self.made("one"), self.made("two")
        manifest = json.loads((other / "manifest.json").read_text(encoding="utf-8"))
        manifest["selection_hash"] = "cd" * 32
        (other / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
        self.fails(3, r"reports 1 and 2 are of different recordings .*abab.*cdcd", "compare", one,
                   other)
        self.fails(3, "are of one job, one", "compare", one, one)
        self.fails(2, "takes two reports", "compare", one)
        (self.path / "x.json").write_text("{}", encoding="utf-8")
        self.fails(3, "is no report", "compare", one, self.path / "x.json")


if __name__ == "__main__":
    unittest.main()
