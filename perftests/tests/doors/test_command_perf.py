import json
import os
import signal
import subprocess
import sys
import tempfile
from dataclasses import replace
from io import StringIO
from pathlib import Path
from unittest import mock

from django.conf import settings
from django.core.management import CommandError, call_command, load_command_class
from django.test import (
    SimpleTestCase,
    TransactionTestCase,
    modify_settings,
    override_settings,
    tag,
)

from perftests import store
from perftests.models import PerfRun
from perftests.records.results import State
from perftests.records.targets import Verdict
from perftests.reports.json import text

from ..sample_reports import ENVIRONMENT, PASSED, report
from ..waiting import wait_for_file

SAMPLES = "perftests.tests.samples"
TIMEOUT_SECONDS = 60


def perf(*arguments, **options):
    """Run the command in this process and give what it printed."""
    output = StringIO()
    call_command("perf", *arguments, stdout=output, **options)
    return output.getvalue()


class PerfUsageTests(TransactionTestCase):
    """Wrong usage: one clear line, exit code 2, and nothing has run."""

    def refuse(self, *arguments, **options):
        with self.assertRaises(CommandError) as refused:
            perf(*arguments, **options)
        self.assertEqual(refused.exception.returncode, 2)
        self.assertFalse(PerfRun.objects.exists())
        message = str(refused.exception)
        self.assertNotIn("\n", message)
        return message

    def test_perf_rejects_an_unknown_scale(self):
        message = self.refuse(f"{SAMPLES}.Passing", scale="huge")
        self.assertEqual(message, "--scale is 'huge'; it must be one of smoke, standard, extended.")

    def test_perf_rejects_an_unknown_server(self):
        message = self.refuse(f"{SAMPLES}.Passing", server="gunicorn")
        self.assertEqual(message, "--server is 'gunicorn'; it must be one of daphne, uvicorn.")

    def test_perf_rejects_a_gate_that_is_none_or_that_only_a_comparison_has(self):
        message = self.refuse(f"{SAMPLES}.Passing", fail_on="doubt")
        self.assertEqual(message, "--fail-on is 'doubt'; it must be one of required, goal, never.")
        message = self.refuse(f"{SAMPLES}.Passing", fail_on="regression")
        self.assertIn("it must be one of required, goal, never", message)
        message = self.refuse(against=".", fail_on="goal")
        self.assertIn("it must be one of regression, never", message)

    @modify_settings(INSTALLED_APPS={"remove": "notifications"})
    def test_perf_rejects_a_comparison_where_the_app_that_it_samples_is_not_installed(self):
        message = self.refuse(against=".")
        self.assertIn("--against measures the app notifications, which is not in INST", message)

    def test_perf_rejects_an_unknown_suite(self):
        message = self.refuse(SAMPLES, suites=["samples"])
        self.assertIn("There is no suite 'samples' here; choose from sample,", message)

    def test_perf_rejects_a_row_that_does_not_exist(self):
        self.assertEqual(
            self.refuse("N99"), "There is no row N99; perf --list shows those there are."
        )

    def test_perf_rejects_a_label_that_cannot_be_loaded(self):
        message = self.refuse("nonsense.label")
        self.assertIn("The label 'nonsense.label' cannot be loaded", message)

    def test_perf_rejects_an_output_that_cannot_be_written(self):
        message = self.refuse(f"{SAMPLES}.Passing", output=Path("/nowhere/report.json"))
        self.assertIn("cannot be written to /nowhere/report.json", message)

    def test_perf_rejects_a_report_of_no_known_format_before_anything_runs(self):
        message = self.refuse(f"{SAMPLES}.Passing", report=["report.pdf"])
        self.assertIn("--report 'report.pdf' is of no known format", message)

    def test_perf_rejects_a_report_file_that_cannot_be_written(self):
        message = self.refuse(f"{SAMPLES}.Passing", report=["/nowhere/report.html"])
        self.assertIn("cannot be written to /nowhere/report.html", message)

    def test_perf_import_rejects_what_is_no_whole_report(self):
        folder = Path(self.enterContext(tempfile.TemporaryDirectory()))
        whole = json.loads(text(report(PASSED)))
        for name, content, expected in (
            ("none.json", None, "cannot be read: No such file"),
            ("other.json", "[]", "is no report"),
            ("newer.json", json.dumps(whole | {"format_version": 99}), "has format version 99"),
            ("empty.json", json.dumps(whole | {"environment": {}}), "is not whole"),
            ("timeless.json", json.dumps(whole | {"started_at": "soon"}), "is not whole"),
        ):
            with self.subTest(name):
                if content is not None:
                    (folder / name).write_text(content)
                self.assertIn(expected, self.refuse("import", str(folder / name)))
        for labels in (["import"], ["import", "a.json", "b.json"]):
            with self.subTest(labels):
                self.assertIn("takes one JSON report", self.refuse(*labels))

    def test_perf_rejects_a_bad_setting_and_a_bad_variable(self):
        with override_settings(PERFTESTS={"SCALE": "huge"}):
            self.assertIn('PERFTESTS["SCALE"] is', self.refuse(f"{SAMPLES}.Passing"))
        with mock.patch.dict(os.environ, {"PERF_CLEANUP_TIMEOUT_SECONDS": "soon"}):
            message = self.refuse(f"{SAMPLES}.Passing")
        self.assertIn("PERF_CLEANUP_TIMEOUT_SECONDS is 'soon'", message)

    def test_perf_rejects_a_row_a_name_and_a_number_of_a_workload_that_make_no_sense(self):
        for variables, told in (
            ({"PERF_N77_SOCKETS": "5"}, "PERF_N77_SOCKETS names the row 'N77', which is a row nei"),
            ({"PERF_N7_SOCKET": "5"}, "the row N7 has no parameter 'socket'; there are: sockets,"),
            ({"PERF_N7_SOCKETS": "few"}, "PERF_N7_SOCKETS is 'few'; it must be a whole number"),
            ({"PERF_N7_EACH": "1001"}, "The workload of N7 cannot be run: each is more"),
        ):
            with self.subTest(variables), mock.patch.dict(os.environ, variables):
                self.assertIn(told, self.refuse("N7"))
                self.assertIn(told, self.refuse("N7", list_tests=True))
        with override_settings(PERFTESTS={"WORKLOADS": {"K1": {"users": 5}}}):
            message = self.refuse(f"{SAMPLES}.Passing")
        self.assertIn("""PERFTESTS["WORKLOADS"]["K1"] names the row 'K1'""", message)

    def test_a_run_of_other_tests_takes_settings_for_rows_of_ours(self):
        with override_settings(PERFTESTS={"WORKLOADS": {"N7": {"sockets": 50}}}):
            order = load_command_class("perftests", "perf")._order(
                [f"{SAMPLES}.Passing"],
                {"scale": None, "server": None, "suites": [], "label": "", "fail_fast": False},
            )
        self.assertEqual(order.parameters["workloads"], {})

    def test_perf_history_rejects_a_row_that_no_stored_run_has(self):
        told = "No stored run has the row N7; no run is stored."
        self.assertEqual(self.refuse("history", "N7"), told)

    def test_perf_show_rejects_a_run_that_is_not_there(self):
        for number in ("0", "99", "9" * 30, "9" * 5_000):
            with self.subTest(len(number)):
                self.assertIn(f"There is no run {number}", self.refuse("show", number))
        for labels in (["show"], ["show", "last"], ["show", "1", "2"]):
            with self.subTest(labels):
                self.assertIn("takes the number of one run", self.refuse(*labels))


class PerfHistoryTests(TransactionTestCase):
    def store_run(self, label):
        run = store.start(label, {"scale": "smoke"}, ENVIRONMENT)
        store.add(run, PASSED)
        store.finish(run, State.FINISHED, 192.0)
        return run

    def test_perf_history_lists_the_stored_runs_newest_first(self):
        first, second = self.store_run("before [b]"), self.store_run("after")
        lines = [line.split() for line in perf("history").splitlines() if "finished" in line]
        self.assertEqual([line[0] for line in lines], [str(second.pk), str(first.pk)])
        for expected in ("pass", "1/1", "min", "before"):
            self.assertIn(expected, lines[1])
        self.assertIn("[b]", lines[1])

    def test_perf_history_marks_a_run_with_a_workload_of_its_own(self):
        store.start("nightly", {"scale": "smoke", "workloads": {"N7": {"sockets": 5}}}, ENVIRONMENT)
        self.store_run("usual")
        with mock.patch.dict(os.environ, {"COLUMNS": "120"}):
            text = perf("history")
        self.assertEqual(text.count("own N7"), 1)
        self.assertLess(text.index("usual"), text.index("nightly"))
        self.assertLess(text.index("nightly"), text.index("own N7"))

    def test_perf_history_of_a_row_shows_its_metrics_over_the_runs(self):
        self.store_run("before")
        self.assertRegex(perf("history", "N1"), r"N1 +rate +▁ +1,500 /s")

    def test_perf_history_says_when_no_run_is_stored(self):
        self.assertEqual(perf("history").strip(), "No run is stored yet.")

    def test_perf_show_prints_the_report_of_a_stored_run(self):
        run = self.store_run("before")
        text = perf("show", str(run.pk))
        self.assertIn(f"Run {run.pk} “before”", text)
        self.assertIn("High-volume delivery", text)

    def test_stored_runs_are_printed_at_every_width_of_a_terminal(self):
        run = self.store_run("before")
        for columns in ("1", "2", "10"):
            with self.subTest(columns), mock.patch.dict(os.environ, {"COLUMNS": columns}):
                self.assertIn(f"Run{run.pk}“before”", "".join(perf("show", str(run.pk)).split()))
                self.assertGreater(len(perf("history").splitlines()), 3)
                self.assertIn("S1", perf(f"{SAMPLES}.Passing", list_tests=True))

    def test_perf_show_writes_the_report_of_a_stored_run_into_a_file(self):
        run = self.store_run("before")
        with tempfile.TemporaryDirectory() as directory:
            path = Path(directory, "report.json")
            perf("show", str(run.pk), output=path)
            self.assertEqual(json.loads(path.read_text())["run"], run.pk)

    def test_perf_show_writes_a_report_into_a_file_of_each_format(self):
        run = self.store_run("before")
        folder = Path(self.enterContext(tempfile.TemporaryDirectory()))
        perf("show", str(run.pk), report=[f"{folder}/a.html", f"bencher:{folder}/b.json"])
        self.assertIn("High-volume delivery", (folder / "a.html").read_text())
        self.assertIn("N1 rate", json.loads((folder / "b.json").read_text()))

    def test_perf_import_stores_a_report_as_a_run_of_its_own(self):
        run = self.store_run("before")
        path = Path(self.enterContext(tempfile.TemporaryDirectory()), "report.json")
        perf("show", str(run.pk), output=path)
        self.assertIn(f"stored as run {run.pk + 1}", perf("import", str(path)))
        before, after = (store.load(PerfRun.objects.get(pk=pk)) for pk in (run.pk, run.pk + 1))
        self.assertEqual(replace(after, run=before.run), before)


class PerfListTests(SimpleTestCase):
    def test_perf_list_names_suites_rows_titles_and_labels(self):
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

    def test_perf_list_shows_the_numbers_of_a_workload_only_when_asked_verbosely(self):
        with mock.patch.dict(os.environ, {"PERF_N7_SOCKETS": "500"}):
            lines = perf("N7", "--list", "--verbose").splitlines()
        self.assertIn(
            "       sockets: 500 instead of 100 / 1,000 / 1,000; at least 1; connected users, each "
            "with one socket",
            lines,
        )
        self.assertEqual(len(lines), 7)
        self.assertEqual(len(perf("N7", "--list").splitlines()), 3)

    def test_the_help_of_perf_teaches_by_examples(self):
        output = StringIO()
        with mock.patch("sys.stdout", output), self.assertRaises(SystemExit):
            call_command("perf", "--help")
        for expected in ("manage.py perf history", "exit codes:", "--scale {smoke,standard"):
            self.assertIn(expected, output.getvalue())


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
