"""What becomes of a run whose report cannot be printed or written, by the real command."""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from django.conf import settings
from django.test import SimpleTestCase, tag

SAMPLES = "perftests.tests.samples"
TIMEOUT_SECONDS = 120


@tag("own_database", "slow")
class OutputTestCase(SimpleTestCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.directory = Path(cls.enterClassContext(tempfile.TemporaryDirectory()))
        cls.environment = {
            **os.environ,
            "DATABASE_URL": f"sqlite:///{cls.directory}/db.sqlite3",
            "SAMPLE_MARKS": str(cls.directory),
            "PERF_SCALE": "smoke",
        }

    def perf(self, arguments, redirect="", **environment):
        """The exit status, the output and the errors of a command line of the shell."""
        done = subprocess.run(
            [
                "bash",
                "-c",
                f"set -o pipefail; {sys.executable} manage.py perf {arguments} {redirect}",
            ],
            cwd=settings.BASE_DIR,
            env={**self.environment, **environment},
            capture_output=True,
            timeout=TIMEOUT_SECONDS,
        )
        errors = done.stderr.decode()
        self.assertNotIn("Traceback", errors)
        self.assertNotIn("Exception ignored", errors)
        return done.returncode, done.stdout, errors

    def stored(self, number):
        """The state and the verdict of a stored run."""
        path = self.directory / f"stored-{number}.json"
        code, _, errors = self.perf(f"show {number} --output {path}")
        self.assertEqual(code, 0, errors)
        report = json.loads(path.read_text())
        return report["state"], report["verdict"]


class RunOutputTests(OutputTestCase):
    """Each run is the next in the database of the class."""

    number = 0

    def run_sample(self, name, options="", redirect="", **environment):
        type(self).number += 1
        return self.perf(f"{SAMPLES}.{name} {options}", redirect, **environment)

    def test_a_full_output_changes_neither_rows_nor_file_nor_status_of_a_run(self):
        path = self.directory / "full.json"
        code, _, errors = self.run_sample("Passing", f"--output {path}", ">/dev/full")
        self.assertEqual(code, 0)
        self.assertIn("could not be printed: No space left on device", errors)
        self.assertEqual(json.loads(path.read_text())["verdict"], "pass")
        self.assertEqual(self.stored(self.number), ("finished", "pass"))

    def test_a_full_error_output_changes_neither_rows_nor_status_of_a_run(self):
        code, _, _ = self.run_sample("MissingATarget", "", ">/dev/full 2>/dev/full")
        self.assertEqual(code, 1)
        self.assertEqual(self.stored(self.number), ("finished", "fail"))

    def test_closed_streams_change_neither_rows_nor_status_of_a_run(self):
        code, _, _ = self.run_sample("Passing", "", "<&- >&- 2>&-")
        self.assertEqual(code, 0)
        self.assertEqual(self.stored(self.number), ("finished", "pass"))

    def test_a_reader_who_leaves_early_changes_neither_rows_nor_status_of_a_run(self):
        code, output, errors = self.run_sample("Passing", "", "| head -1")
        self.assertEqual((code, errors, len(output.splitlines())), (0, "", 1))
        self.assertEqual(self.stored(self.number), ("finished", "pass"))

    def test_an_output_that_knows_ascii_alone_gets_the_whole_report(self):
        code, output, errors = self.run_sample(
            "Passing",
            "--label “é”",
            LC_ALL="C",
            PYTHONIOENCODING="ascii",
            PYTHONUTF8="0",
            PYTHONCOERCECLOCALE="0",
        )
        self.assertEqual((code, errors), (0, ""))
        self.assertIn(b"1 of 1 tests passed", output)
        self.assertTrue(output.isascii())

    def test_a_report_that_cannot_be_written_is_told_after_the_run(self):
        code, output, errors = self.run_sample("Passing", "--output /dev/full")
        self.assertEqual(code, 1)
        self.assertIn(b"1 of 1 tests passed", output)
        self.assertIn("cannot be written to /dev/full: No space left on device.", errors)
        self.assertIn(f"perf show {self.number} --report FILE writes it.", errors)
        self.assertNotIn("CommandError", errors)
        self.assertEqual(self.stored(self.number), ("finished", "pass"))

    def test_a_report_folder_that_disappears_during_the_run_is_told_after_it(self):
        folder = self.directory / "removed"
        folder.mkdir()
        code, _, errors = self.run_sample("Removing", f"--output {folder}/report.json")
        self.assertEqual(code, 1)
        self.assertIn("No such file or directory", errors)
        self.assertEqual(self.stored(self.number), ("finished", "pass"))

    def test_a_report_to_standard_output_comes_in_one_stream_with_what_is_printed(self):
        path = self.directory / "stream"
        code, _, errors = self.run_sample("Passing", "--output /dev/stdout", f">{path}")
        self.assertEqual((code, errors), (0, ""))
        text = path.read_text()
        self.assertTrue(text.startswith("sample S1"), text[:80])
        self.assertIn('\n{\n  "format_version"', text)
        self.assertTrue(text.endswith("The report is in /dev/stdout.\n"))

    def test_a_run_label_that_is_no_text_is_refused_before_the_run(self):
        code, _, errors = self.perf(f"{SAMPLES}.Passing --label $'\\xff'")
        self.assertEqual((code, len(errors.splitlines())), (2, 1))
        self.assertIn("--label holds NUL or a lone surrogate", errors)


class StoredRunOutputTests(OutputTestCase):
    commands = ("show 1", "history", f"--list {SAMPLES}.Passing")

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        code, _, errors = cls().perf(f"{SAMPLES}.Passing")
        assert code == 0, errors

    def test_a_reader_of_stored_runs_who_leaves_early_is_no_fault(self):
        for command in self.commands:
            with self.subTest(command):
                code, _, errors = self.perf(command, "| head -1")
                self.assertEqual((code, errors), (0, ""))

    def test_a_full_output_for_stored_runs_is_told(self):
        for command in self.commands:
            with self.subTest(command):
                code, _, errors = self.perf(command, ">/dev/full")
                self.assertEqual((code, len(errors.splitlines())), (1, 1))
                self.assertIn("could not be printed: No space left on device", errors)

    def test_a_closed_output_for_stored_runs_is_no_fault(self):
        for command in self.commands:
            with self.subTest(command):
                self.assertEqual(self.perf(command, ">&-"), (0, b"", ""))

    def test_a_stored_report_that_cannot_be_written_is_told(self):
        code, output, errors = self.perf("show 1 --output /dev/full")
        self.assertEqual(code, 1)
        self.assertIn(b"1 of 1 tests passed", output)
        self.assertIn("cannot be written to /dev/full", errors)
