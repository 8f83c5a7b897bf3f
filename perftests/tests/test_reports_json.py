import json
import tempfile
from pathlib import Path

from django.test import SimpleTestCase

from perftests.exceptions import UnwritableOutput
from perftests.measure.results import FORMAT_VERSION, Result
from perftests.reports.json import require_writable, write

from .reports import BROKEN, ENVIRONMENT, MISSED, PASSED, SKIPPED, report


class JSONReportTests(SimpleTestCase):
    def setUp(self):
        self.directory = Path(self.enterContext(tempfile.TemporaryDirectory()))
        self.path = self.directory / "report.json"

    def test_it_holds_the_whole_run_with_the_version_of_its_format(self):
        write(report(PASSED, MISSED, BROKEN, SKIPPED), self.path)
        data = json.loads(self.path.read_text())
        self.assertEqual(data["format_version"], FORMAT_VERSION)
        self.assertEqual((data["run"], data["state"], data["verdict"]), (12, "finished", "fail"))
        self.assertEqual(data["environment"], ENVIRONMENT)
        self.assertEqual(data["results"][0]["metrics"][0]["asked_verdict"], "pass")
        results = tuple(map(Result.from_dict, data["results"]))
        self.assertEqual(results, (PASSED, MISSED, BROKEN, SKIPPED))

    def test_it_replaces_an_earlier_report(self):
        self.path.write_text("earlier " * 10_000)
        require_writable(self.path)
        write(report(), self.path)
        self.assertEqual(json.loads(self.path.read_text())["results"], [])

    def test_asking_whether_it_can_be_written_leaves_nothing_behind(self):
        require_writable(self.path)
        self.assertEqual(list(self.directory.iterdir()), [])

    def test_asking_whether_it_can_be_written_keeps_what_is_there(self):
        self.path.write_text("earlier")
        require_writable(self.path)
        self.assertEqual(self.path.read_text(), "earlier")

    def test_it_refuses_what_cannot_be_written_in_one_sentence(self):
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
