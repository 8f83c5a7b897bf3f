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
from django.core.management import call_command, load_command_class
from django.test import (
    SimpleTestCase,
    TransactionTestCase,
    tag,
)

from perftests.models import PerfRun
from perftests.records.results import State
from perftests.records.targets import Verdict

from ..sample_reports import ENVIRONMENT
from ..waiting import wait_for_file
from .perf_command import SAMPLES, TIMEOUT_SECONDS, perf


@tag("slow")
class PerfExitCodeTests(TransactionTestCase):
    """Exit code 1: something ran, and it is not good enough."""

    def setUp(self):
        # The calibration of the machine takes seconds.
        self.enterContext(mock.patch("perftests.run.context.describe", return_value=ENVIRONMENT))

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

    def test_perf_exits_with_1_after_a_missed_target(self):
        text = self.run_sample("MissingATarget")
        self.assertRegex(text, r"Missed, required\n +S2 +rate +80 notifications/s +> 100 ")

    def test_perf_exits_with_1_after_a_missed_goal_when_asked_to(self):
        self.assertIn("Missed goals", self.run_sample("Passing", "--fail-on", "goal"))

    def test_perf_that_never_fails_tells_a_missed_target_and_ends_well(self):
        self.assertIn("Missed, required", perf(f"{SAMPLES}.MissingATarget", fail_on="never"))

    def test_perf_exits_with_1_after_an_inconclusive_number(self):
        text = self.run_sample("Inconclusive")
        self.assertRegex(text, r"In doubt\n +rate +the generator was saturated")

    def test_perf_stops_at_the_first_failure_when_asked_to(self):
        output = self.run_sample("Failing", "--failfast")
        self.assertIn("one is not two", output)
        self.assertNotIn("it crashed", output)
        self.assertIn("Stopped at the first failure: 1 of 4 tests were run.", output)
        run = PerfRun.objects.get()
        self.assertEqual((run.state, run.verdict), (State.ABORTED, Verdict.FAIL))
        self.assertIs(run.parameters["fail_fast"], True)

    def test_perf_takes_the_option_fail_fast_in_two_spellings(self):
        parser = load_command_class("perftests", "perf").create_parser("manage.py", "perf")
        for option in ("--fail-fast", "--failfast"):
            self.assertIs(parser.parse_args([option]).fail_fast, True)
        self.assertIs(parser.parse_args([]).fail_fast, False)

    def test_perf_exits_with_1_when_the_measuring_process_died(self):
        output = self.run_sample("Dying")
        self.assertIn("The measuring process was ended by signal 9 before it was done", output)
        self.assertEqual(PerfRun.objects.get().state, State.ABORTED)


@tag("slow")
class PerfProcessTests(SimpleTestCase):
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

    def test_perf_stores_a_run_that_keeps_its_targets_and_exits_with_0(self):
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
                "workloads": {},
            },
        )
        self.assertEqual(report["results"][0]["metrics"][0]["value"], 5, "at standard scale")

    def test_perf_with_a_baseline_prints_the_run_beside_the_latest_one_at_its_end(self):
        for told in ("No earlier run can be compared with", r"rate, /s +200 +200 +1\.00 ×"):
            started = self.start(f"{SAMPLES}.Loud", "--scale", "smoke", "--baseline", "latest")
            code, output, errors = self.finish(started)
            self.assertEqual((code, errors), (0, ""))
            end = output[output.index("1 of 1 tests passed") :]
            self.assertRegex(end, told)

    def test_perf_exits_with_2_after_wrong_usage(self):
        code, output, errors = self.finish(self.start("nonsense"))
        self.assertEqual((code, output), (2, ""))
        self.assertEqual(len(errors.splitlines()), 1)

    def test_ctrl_c_makes_perf_store_an_aborted_run_and_exit_with_130(self):
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
