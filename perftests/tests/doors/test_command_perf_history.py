import json
import os
import tempfile
from dataclasses import replace
from io import StringIO
from pathlib import Path
from unittest import mock

from django.core.management import call_command
from django.test import (
    SimpleTestCase,
    TransactionTestCase,
)

from perftests import store
from perftests.models import PerfRun
from perftests.records.results import State

from ..sample_reports import ENVIRONMENT, PASSED
from .perf_command import SAMPLES, perf


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

    def test_perf_import_stores_the_report_of_a_run_that_still_went_on_as_aborted(self):
        store.start("elsewhere", {"scale": "smoke"}, ENVIRONMENT)
        path = Path(self.enterContext(tempfile.TemporaryDirectory()), "report.json")
        perf("show", str(PerfRun.objects.get().pk), output=path)
        PerfRun.objects.all().delete()
        perf("import", str(path))
        self.assertEqual(PerfRun.objects.get().state, State.ABORTED)


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
