import json
import os
import signal
import subprocess
import sys
import tempfile
from io import StringIO
from pathlib import Path
from unittest import mock

from django.conf import settings
from django.core.management import CommandError, call_command, load_command_class
from django.test import SimpleTestCase, TransactionTestCase, override_settings

from perftests import store
from perftests.measure.results import State
from perftests.measure.targets import Verdict
from perftests.models import PerfRun

from .reports import ENVIRONMENT, PASSED
from .waiting import wait_for_file

SAMPLES = "perftests.tests.samples"
TIMEOUT_SECONDS = 60


def perf(*arguments, **options):
    """Run the command in this process and give what it printed."""
    output = StringIO()
    call_command("perf", *arguments, stdout=output, **options)
    return output.getvalue()


class UsageTests(TransactionTestCase):
    """Wrong usage: one clear line, exit code 2, and nothing has run."""

    def refuse(self, *arguments, **options):
        with self.assertRaises(CommandError) as refused:
            perf(*arguments, **options)
        self.assertEqual(refused.exception.returncode, 2)
        self.assertFalse(PerfRun.objects.exists())
        message = str(refused.exception)
        self.assertNotIn("\n", message)
        return message

    def test_it_rejects_an_unknown_scale(self):
        message = self.refuse(f"{SAMPLES}.Passing", scale="huge")
        self.assertEqual(message, "--scale is 'huge'; it must be one of smoke, standard, extended.")

    def test_it_rejects_an_unknown_server(self):
        message = self.refuse(f"{SAMPLES}.Passing", server="gunicorn")
        self.assertEqual(message, "--server is 'gunicorn'; it must be one of daphne, uvicorn.")

    def test_it_rejects_an_unknown_suite(self):
        message = self.refuse(SAMPLES, suites=["samples"])
        self.assertIn("There is no suite 'samples' here; choose from sample,", message)

    def test_it_rejects_a_label_that_cannot_be_loaded(self):
        message = self.refuse("nonsense.label")
        self.assertIn("The label 'nonsense.label' cannot be loaded", message)

    def test_it_rejects_an_output_that_cannot_be_written(self):
        message = self.refuse(f"{SAMPLES}.Passing", output=Path("/nowhere/report.json"))
        self.assertIn("cannot be written to /nowhere/report.json", message)

    def test_it_rejects_a_bad_setting_and_a_bad_variable(self):
        with override_settings(PERFTESTS={"SCALE": "huge"}):
            self.assertIn('PERFTESTS["SCALE"] is', self.refuse(f"{SAMPLES}.Passing"))
        with mock.patch.dict(os.environ, {"PERF_CLEANUP_TIMEOUT_SECONDS": "soon"}):
            message = self.refuse(f"{SAMPLES}.Passing")
        self.assertIn("PERF_CLEANUP_TIMEOUT_SECONDS is 'soon'", message)

    def test_it_rejects_a_run_that_is_not_there(self):
        self.assertIn("There is no run 99", self.refuse("show", "99"))
        for labels in (["show"], ["show", "last"], ["show", "1", "2"]):
            with self.subTest(labels):
                self.assertIn("takes the number of one run", self.refuse(*labels))


class ReadingTests(TransactionTestCase):
    def store_run(self, label):
        run = store.start(label, {"scale": "smoke"}, ENVIRONMENT)
        store.add(run, PASSED)
        store.finish(run, State.FINISHED, 192.0)
        return run

    def test_history_lists_the_stored_runs_newest_first(self):
        first, second = self.store_run("before [b]"), self.store_run("after")
        lines = [line.split() for line in perf("history").splitlines() if "finished" in line]
        self.assertEqual([line[0] for line in lines], [str(second.pk), str(first.pk)])
        for expected in ("pass", "1/1", "min", "before"):
            self.assertIn(expected, lines[1])
        self.assertIn("[b]", lines[1])

    def test_history_without_runs_says_so(self):
        self.assertEqual(perf("history").strip(), "No run is stored yet.")

    def test_show_prints_the_report_of_a_stored_run(self):
        run = self.store_run("before")
        text = perf("show", str(run.pk))
        self.assertIn(f"Run {run.pk} “before”", text)
        self.assertIn("High-volume delivery", text)

    def test_show_writes_the_report_of_a_stored_run(self):
        run = self.store_run("before")
        with tempfile.TemporaryDirectory() as directory:
            path = Path(directory, "report.json")
            perf("show", str(run.pk), output=path)
            self.assertEqual(json.loads(path.read_text())["run"], run.pk)


class ListTests(SimpleTestCase):
    def test_list_names_suites_rows_titles_and_labels(self):
        lines = perf(f"{SAMPLES}.Passing", f"{SAMPLES}.Slow", list_tests=True).splitlines()
        self.assertEqual(
            lines[:4],
            [
                "sample",
                "  S1   Everything a test can record",
                f"       {SAMPLES}.Passing.test_it_measures",
                "sample-slow",
            ],
        )

    def test_help_teaches_by_examples(self):
        output = StringIO()
        with mock.patch("sys.stdout", output), self.assertRaises(SystemExit):
            call_command("perf", "--help")
        for expected in ("manage.py perf history", "exit codes:", "--scale {smoke,standard"):
            self.assertIn(expected, output.getvalue())


class ExitCodeTests(TransactionTestCase):
    """Exit code 1: something ran, and it is not good enough."""

    def setUp(self):
        # The calibration of the machine takes seconds.
        self.enterContext(mock.patch("perftests.context.describe", return_value=ENVIRONMENT))

    def run_sample(self, name, *options):
        output = StringIO()
        with (
            tempfile.TemporaryDirectory() as directory,
            mock.patch.dict(os.environ, {"DATABASE_URL": f"sqlite:///{directory}/db.sqlite3"}),
            self.assertRaises(SystemExit) as ended,
        ):
            call_command("perf", f"{SAMPLES}.{name}", *options, stdout=output, stderr=output)
        self.assertEqual(ended.exception.code, 1)
        return output.getvalue()

    def test_a_missed_target_exits_with_1(self):
        self.assertIn("rate is 80 notifications/s, asked", self.run_sample("MissingATarget"))

    def test_an_inconclusive_number_exits_with_1(self):
        self.assertIn("rate is in doubt: the generator", self.run_sample("Inconclusive"))

    def test_it_stops_at_the_first_failure_when_asked_to(self):
        output = self.run_sample("Failing", "--failfast")
        self.assertIn("one is not two", output)
        self.assertNotIn("it crashed", output)
        self.assertIn("Stopped at the first failure: 1 of 4 tests were run.", output)
        run = PerfRun.objects.get()
        self.assertEqual((run.state, run.verdict), (State.ABORTED, Verdict.FAIL))
        self.assertIs(run.parameters["fail_fast"], True)

    def test_failing_fast_can_be_spelled_in_two_ways(self):
        parser = load_command_class("perftests", "perf").create_parser("manage.py", "perf")
        for option in ("--fail-fast", "--failfast"):
            self.assertIs(parser.parse_args([option]).fail_fast, True)
        self.assertIs(parser.parse_args([]).fail_fast, False)

    def test_a_child_that_died_exits_with_1(self):
        output = self.run_sample("Dying")
        self.assertIn("The measuring process was ended by signal 9 before it was done", output)
        self.assertEqual(PerfRun.objects.get().state, State.ABORTED)


class ProcessTests(SimpleTestCase):
    """The real command, as a user starts it, on a database file of its own."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.directory = Path(cls.enterClassContext(tempfile.TemporaryDirectory()))
        cls.temporary, cls.marks = cls.directory / "temporary", cls.directory / "marks"
        cls.temporary.mkdir()
        cls.marks.mkdir()
        cls.environment = {
            **os.environ,
            "DATABASE_URL": f"sqlite:///{cls.directory}/db.sqlite3",
            "SAMPLE_MARKS": str(cls.marks),
            "TMPDIR": str(cls.temporary),
        }

    def start(self, *arguments):
        process = subprocess.Popen(
            [sys.executable, "manage.py", "perf", *arguments],
            cwd=settings.BASE_DIR,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.addCleanup(process.kill)
        return process

    def finish(self, process):
        output, errors = process.communicate(timeout=TIMEOUT_SECONDS)
        self.assertNotIn("Traceback", errors)
        self.assertEqual(list(self.temporary.iterdir()), [])
        return process.returncode, output, errors

    def test_a_run_that_keeps_its_targets_is_stored_and_exits_with_0(self):
        path = self.directory / "report.json"
        started = self.start(f"{SAMPLES}.Passing", "--label", "a try", "--output", str(path))
        code, output, errors = self.finish(started)
        self.assertEqual((code, errors), (0, ""))
        self.assertIn("1 of 1 tests passed", output)
        report = json.loads(path.read_text())
        self.assertEqual((report["verdict"], report["label"]), ("pass", "a try"))
        self.assertEqual(
            report["parameters"],
            {
                "scale": "standard",
                "server": "daphne",
                "labels": [f"{SAMPLES}.Passing"],
                "suites": [],
                "fail_fast": False,
            },
        )
        self.assertEqual(report["results"][0]["metrics"][0]["value"], 5, "at standard scale")

    def test_wrong_usage_exits_with_2(self):
        code, output, errors = self.finish(self.start("nonsense"))
        self.assertEqual((code, output), (2, ""))
        self.assertEqual(len(errors.splitlines()), 1)

    def test_ctrl_c_stores_an_aborted_run_and_exits_with_130(self):
        path = self.directory / "aborted.json"
        process = self.start(f"{SAMPLES}.Slow", "--output", str(path))
        wait_for_file(self.marks / "waiting", TIMEOUT_SECONDS)
        process.send_signal(signal.SIGINT)
        code, output, _ = self.finish(process)
        self.assertEqual(code, 130)
        self.assertTrue((self.marks / "cleaned").exists())
        report = json.loads(path.read_text())
        self.assertEqual((report["state"], report["verdict"]), ("aborted", "inconclusive"))
        self.assertEqual([result["row"] for result in report["results"]], ["S7", "S8"])
        self.assertIn("Interrupted before it ended.", output)
