import json
import os
import tempfile
from pathlib import Path
from unittest import mock

from django.core.management import CommandError, load_command_class
from django.test import (
    TransactionTestCase,
    modify_settings,
    override_settings,
)

from perftests.models import PerfRun
from perftests.reports.json import text

from ..sample_reports import PASSED, report
from .perf_command import SAMPLES, perf


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

    def test_perf_import_rejects_what_the_pages_of_the_admin_could_not_show(self):
        path = Path(self.enterContext(tempfile.TemporaryDirectory()), "report.json")
        for part, name, value, place in (
            ("parameters", "scale", 5, "$.parameters.scale"),
            ("parameters", "workloads", ["N7"], "$.parameters.workloads"),
            ("environment", "channel_layer", None, "$.environment.channel_layer"),
            ("environment", "packages", ["django"], "$.environment.packages"),
            ("environment", "git", {"commit": "f00"}, "$.environment.git"),
            ("results", "histograms", {"delivery": "no histogram"}, "HdrHistogram"),
        ):
            with self.subTest(name):
                content = json.loads(text(report(PASSED)))
                changed = content["results"][0] if part == "results" else content[part]
                changed[name] = value
                path.write_text(json.dumps(content))
                message = self.refuse("import", str(path))
                self.assertIn(f"{path} is not whole: ", message)
                self.assertIn(place, message)

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

    def test_perf_list_rejects_options_that_only_a_run_can_heed(self):
        for option, words in (
            ("--output", ["tests.json"]),
            ("--report", ["tests.html"]),
            ("--label", ["before"]),
            ("--baseline", ["latest"]),
            ("--fail-on", ["goal"]),
            ("--fail-fast", []),
        ):
            with self.subTest(option):
                message = self.refuse("--list", option, *words)
                self.assertEqual(message, f"--list runs no test; it takes no {option}.")

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
