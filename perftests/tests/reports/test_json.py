import json
import tempfile
from pathlib import Path

from django.test import SimpleTestCase

from perftests.exceptions import UnreadableReport, UnwritableOutput
from perftests.records.results import FORMAT_VERSION
from perftests.reports.files import require_writable
from perftests.reports.json import read, write

from ..sample_reports import BROKEN, ENVIRONMENT, MISSED, PASSED, SKIPPED, report

VERSION_1 = Path(__file__).with_name("report_version_1.json")


class JSONReportTests(SimpleTestCase):
    def setUp(self):
        self.directory = Path(self.enterContext(tempfile.TemporaryDirectory()))
        self.path = self.directory / "report.json"

    def test_the_json_report_holds_the_whole_run_with_the_version_of_its_format(self):
        write(report(PASSED, MISSED, BROKEN, SKIPPED), self.path)
        data = json.loads(self.path.read_text())
        self.assertEqual(data["format_version"], FORMAT_VERSION)
        self.assertEqual((data["run"], data["state"], data["verdict"]), (12, "finished", "fail"))
        self.assertEqual(data["environment"], ENVIRONMENT)
        self.assertEqual(data["results"][0]["metrics"][0]["required_verdict"], "pass")

    def test_a_report_that_is_read_is_the_one_that_was_written(self):
        written = report(PASSED, MISSED, BROKEN, SKIPPED)
        write(written, self.path)
        self.assertEqual(read(self.path), written)

    def test_a_report_of_format_1_is_read_with_the_names_of_today(self):
        plain = json.loads(VERSION_1.read_text())
        old = [metric for result in plain["results"] for metric in result["metrics"]]
        found = read(VERSION_1)
        metrics = [metric for result in found.results for metric in result.metrics]
        self.assertEqual(found.verdict, plain["verdict"])
        self.assertEqual(found.format_version, FORMAT_VERSION)
        self.assertEqual(
            [[m.name, m.value, m.unit, m.better, m.doubt] for m in metrics],
            [[m["name"], m["value"], m["unit"], m["better"], m["doubt"]] for m in old],
        )
        for now, before in (
            ("required", "asked"),
            ("required_verdict", "asked_verdict"),
            ("goal", "ours"),
            ("goal_verdict", "ours_verdict"),
        ):
            with self.subTest(now):
                self.assertEqual(
                    [str(getattr(metric, now) or "") for metric in metrics],
                    [metric[before] for metric in old],
                )

    def test_a_report_of_format_1_has_all_that_it_had_when_it_is_written_again(self):
        write(read(VERSION_1), self.path)
        before, after = json.loads(VERSION_1.read_text()), json.loads(self.path.read_text())
        for result in after["results"]:
            self.assertEqual(result.pop("workload"), [])
            for series in result["series"]:
                self.assertEqual(series.pop("phases"), [])
        for plain in (before, after):
            del plain["format_version"]
            for result in plain["results"]:
                del result["metrics"]
        self.assertEqual(after, before)

    def test_a_report_of_an_unknown_format_is_refused_with_its_version(self):
        write(report(PASSED), self.path)
        self.path.write_text(self.path.read_text().replace('version": 2', 'version": 3'))
        with self.assertRaisesMessage(
            UnreadableReport,
            f"{self.path} has format version 3, and only 1 and 2 can be read here; "
            "read it with the version of perftests that wrote it.",
        ):
            read(self.path)

    def test_a_file_that_holds_no_whole_report_is_refused_in_one_sentence(self):
        write(report(PASSED), self.path)
        whole = self.path.read_bytes()
        for content, reason in (
            (b"", "truncated"),
            (whole[:-20], "truncated"),
            (b"[1]", "Expected `object`, got `array`"),
            (b"{}", "missing required field `format_version`"),
            (whole.replace(b'"results"', b'"tests"'), "missing required field `results`"),
            (whole.replace(b"1500", b"NaN"), "malformed"),
            (whole.replace(b'"> 100"', b'"fast"'), "'fast' is no target"),
            (whole.replace(b"High-volume", b"\xff"), "can't decode byte 0xff"),
            (b"[" * 100_000, "Expected `object`"),
            (b'{"format_version": 1, "results": ' + b"[" * 100_000, "recursion"),
            (b'{"format_version": 1}', "missing required field `results`"),
            (b'{"format_version": 1, "results": [{"metrics": [1]}]}', "got `int` - at"),
        ):
            with self.subTest(reason=reason, content=content[:40]):
                self.path.write_bytes(content)
                with self.assertRaises(UnreadableReport) as refused:
                    read(self.path)
                sentence = str(refused.exception)
                self.assertTrue(sentence.startswith(f"{self.path} is no report"), sentence)
                self.assertIn(reason, sentence)
                self.assertIn("perf show RUN --output FILE", sentence)

    def test_a_file_that_cannot_be_read_is_told_with_the_reason(self):
        for path, reason in (
            (self.directory / "missing.json", "No such file or directory"),
            (self.directory, "Is a directory"),
        ):
            with self.subTest(reason), self.assertRaises(UnreadableReport) as refused:
                read(path)
            self.assertEqual(str(refused.exception), f"{path} cannot be read: {reason}.")

    def test_the_json_report_replaces_an_earlier_one(self):
        self.path.write_text("earlier " * 10_000)
        require_writable(self.path)
        write(report(), self.path)
        self.assertEqual(json.loads(self.path.read_text())["results"], [])

    def test_asking_whether_a_report_can_be_written_leaves_nothing_behind(self):
        require_writable(self.path)
        self.assertEqual(list(self.directory.iterdir()), [])

    def test_asking_whether_a_report_can_be_written_keeps_an_earlier_one(self):
        self.path.write_text("earlier")
        require_writable(self.path)
        self.assertEqual(self.path.read_text(), "earlier")

    def test_a_report_that_cannot_be_written_is_refused_in_one_sentence(self):
        for path, reason in (
            (self.directory / "missing" / "report.json", "No such file or directory"),
            (self.directory, "Is a directory"),
            (Path("/proc/report.json"), "No such file or directory"),
            (self.directory / ("x" * 300), "File name too long"),
        ):
            with self.subTest(path=path):
                expected = f"The report cannot be written to {path}: {reason}."
                with self.assertRaises(UnwritableOutput) as refused:
                    require_writable(path)
                self.assertEqual(str(refused.exception), expected)
                with self.assertRaises(UnwritableOutput):
                    write(report(), path)
