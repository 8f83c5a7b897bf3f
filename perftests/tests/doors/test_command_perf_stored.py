"""The words of `perf` that are about stored runs."""

from dataclasses import replace
from io import StringIO

from django.core.management import CommandError
from django.db import OperationalError, connection
from django.test import TransactionTestCase
from django.test.utils import CaptureQueriesContext
from rich.console import Console

from perftests import store
from perftests.management.commands._baseline import baseline, print_beside
from perftests.models import PerfRun
from perftests.records.results import State
from perftests.records.workload import Chosen
from perftests.reports.delivery import Delivery

from ..sample_reports import ENVIRONMENT, MISSED, PASSED
from .perf_command import perf


class StoredTestCase(TransactionTestCase):
    def store_run(self, *results, label="nightly", environment=ENVIRONMENT, scale="smoke"):
        run = store.start(label, {"scale": scale}, environment)
        for result in results or (PASSED,):
            store.add(run, result)
        store.finish(run, State.FINISHED, 192.0)
        return str(run.pk)

    def refuse(self, *arguments):
        """The one line that is told where nothing was done."""
        before = list(PerfRun.objects.order_by("pk").values())
        with self.assertRaises(CommandError) as refused:
            perf(*arguments)
        self.assertEqual(refused.exception.returncode, 2)
        self.assertEqual(list(PerfRun.objects.order_by("pk").values()), before)
        message = str(refused.exception)
        self.assertNotIn("\n", message)
        return message


class PerfPruneTests(StoredTestCase):
    def test_perf_prune_deletes_all_but_the_newest_and_says_how_many(self):
        _, _, newest = (self.store_run() for _ in range(3))
        self.assertEqual(perf("prune", "--keep", "1").strip(), "Runs deleted: 2.")
        self.assertEqual(str(PerfRun.objects.get().pk), newest)

    def test_perf_prune_deletes_runs_that_are_older_than_some_days(self):
        self.store_run()
        self.assertEqual(perf("prune", "--older-than", "0.5").strip(), "Runs deleted: 0.")
        self.assertEqual(perf("prune", "--older-than", "0").strip(), "Runs deleted: 1.")

    def test_perf_prune_as_a_dry_run_only_says_how_many_it_would_delete(self):
        self.store_run()
        text = perf("prune", "--keep", "0", "--dry-run")
        self.assertEqual(text.strip(), "Runs that would be deleted: 1.")
        self.assertTrue(PerfRun.objects.exists())

    def test_perf_prune_rejects_what_is_no_limit(self):
        self.store_run()
        for arguments, told in (
            ([], "perf prune takes --keep N, --older-than DAYS or both."),
            (["--dry-run"], "perf prune takes --keep N, --older-than DAYS or both."),
            (["12", "--keep", "1"], "perf prune takes --keep N, --older-than DAYS or both."),
            (["--keep", "few"], "--keep is 'few'; it must be a whole number, 0 or more."),
            (["--keep", "1.5"], "--keep is '1.5'; it must be a whole number, 0 or more."),
            (["--keep", "-1"], "--keep is '-1'; it must be a whole number, 0 or more."),
            (["--older-than", "-0.5"], "--older-than is '-0.5'; it must be a number, 0 or more."),
            (["--older-than", "nan"], "--older-than is 'nan'; it must be a number, 0 or more."),
            (["--keep", "1", "--older-than", "soon"], "--older-than is 'soon'; it must be a"),
        ):
            with self.subTest(arguments):
                self.assertIn(told, self.refuse("prune", *arguments))

    def test_options_of_perf_prune_are_refused_where_something_else_is_asked_for(self):
        for arguments in (["--dry-run"], ["N1", "--keep", "0"], ["history", "--older-than", "1"]):
            with self.subTest(arguments):
                self.assertIn("go with perf prune", self.refuse(*arguments))

    def test_options_that_a_word_about_stored_runs_does_not_take_are_refused_and_not_ignored(self):
        run = self.store_run()
        for words, options, told in (
            (["compare", run, run], ["--report", "both.html"], "perf compare takes no --report."),
            (["history"], ["--output", "all.json"], "perf history takes no --output."),
            (["history", "N1"], ["--scale", "smoke"], "perf history takes no --scale."),
            (
                ["show", run],
                ["--against", "main", "--list"],
                "perf show takes no --against, --list.",
            ),
            (["prune", "--keep", "0"], ["--suites", "memory"], "perf prune takes no --suites."),
            (["pin", run], ["--label", "a", "--fail-fast"], "pin takes no --label, --fail-fast."),
        ):
            with self.subTest(options):
                self.assertIn(told, self.refuse(*words, *options))

    def test_perf_pin_lets_runs_stay_until_they_are_unpinned(self):
        runs = [self.store_run(label="the [release]"), self.store_run()]
        text = perf("pin", *runs)
        self.assertIn(f"Run {runs[0]}: the [release] is pinned: perf prune leaves it.", text)
        self.assertIn("Runs deleted: 0.", perf("prune", "--keep", "0"))
        self.assertIn(f"Run {runs[1]}: nightly is not pinned any more.", perf("unpin", runs[1]))
        self.assertIn("Runs deleted: 1.", perf("prune", "--keep", "0"))

    def test_perf_history_tells_which_runs_are_pinned(self):
        runs = [str(self.store_run()) for _ in range(2)]
        perf("pin", runs[0])
        [line] = [line for line in perf("history").splitlines() if "pinned" in line]
        self.assertEqual(line.split()[0], runs[0])

    def test_perf_pin_and_unpin_reject_what_names_no_run_and_pin_none(self):
        run = self.store_run()
        for word in ("pin", "unpin"):
            for numbers, told in (
                ([], "perf pin and perf unpin take numbers of runs"),
                (["last"], "perf pin and perf unpin take numbers of runs"),
                ([run, "0"], "There is no run 0"),
            ):
                with self.subTest(word=word, numbers=numbers):
                    self.assertIn(told, self.refuse(word, *numbers))


class PerfCompareTests(StoredTestCase):
    def test_perf_compare_prints_stored_runs_side_by_side(self):
        numbers = [self.store_run(label=f"[{name}]") for name in "abc"]
        text = perf("compare", *numbers)
        for number, name in zip(numbers, "abc", strict=True):
            self.assertIn(f"Run {number} “[{name}]”", text)
        self.assertRegex(text, r"N1 +rate, /s( +1,500){3} +1\.00 ×")

    def test_perf_compare_rejects_what_are_not_two_stored_runs(self):
        run = self.store_run()
        needed = "perf compare takes the numbers of two runs or more"
        for numbers, told in (
            ([], needed),
            ([run], needed),
            ([run, "last"], needed),
            ([run, "0"], "There is no run 0"),
            ([run, "9" * 5_000], "There is no run 9999"),
            ([run, f"0{run}"], "takes different runs, and one of these is named twice"),
        ):
            with self.subTest(numbers):
                self.assertIn(told, self.refuse("compare", *numbers))

    def test_perf_compare_rejects_a_run_of_another_format_version(self):
        runs = [self.store_run(), self.store_run()]
        PerfRun.objects.filter(pk=runs[1]).update(format_version=99)
        self.assertIn(f"Run {runs[1]} has format version 99", self.refuse("compare", *runs))


class PerfBaselineTests(StoredTestCase):
    def beside(self, option, report, complaints=None):
        output = StringIO()
        complain = self.fail if complaints is None else complaints.append
        delivery = Delivery(Console(file=output), None, complain, detail=False)
        found = baseline(option) if isinstance(option, str) else option
        print_beside(found, report, delivery, detail=False)
        return output.getvalue()

    def ended(self, *results, **fields):
        number = self.store_run(*results, **fields)
        return store.load(PerfRun.objects.get(pk=number))

    def test_a_run_is_printed_beside_the_one_that_is_named(self):
        earlier = self.store_run(label="before")
        self.assertIn(f"Run {earlier} “before”", self.beside(earlier, self.ended()))

    def test_latest_is_the_newest_finished_run_that_can_be_compared(self):
        self.store_run(label="too old")
        alike = self.store_run(label="alike")
        self.store_run(label="other machine", environment={**ENVIRONMENT, "cpu": "Another"})
        self.store_run(label="other scale", scale="extended")
        self.store_run(MISSED, label="other test")
        store.start("running", {"scale": "smoke"}, ENVIRONMENT)
        newer = self.store_run(label="newer format")
        PerfRun.objects.filter(pk=newer).update(format_version=99)
        self.assertIn(f"Run {alike} “alike”", self.beside("latest", self.ended()))

    def test_latest_reads_no_run_of_another_workload(self):
        ended = self.ended()
        with CaptureQueriesContext(connection) as few:
            self.beside("latest", ended)
        for _ in range(5):
            self.store_run(replace(PASSED, workload=(Chosen("sockets", 5, 1),)))
        with CaptureQueriesContext(connection) as many:
            self.beside("latest", ended)
        self.assertEqual(len(many), len(few))

    def test_latest_says_in_one_line_that_no_run_can_be_compared(self):
        text = self.beside("latest", self.ended())
        self.assertIn("No earlier run can be compared with", " ".join(text.split()))

    def test_a_database_that_fails_at_the_end_is_told(self):
        complaints = []

        def failing(report):
            raise OperationalError("it\nis gone")

        self.beside(failing, self.ended(), complaints)
        self.assertEqual(complaints, ["The run to compare with cannot be read: it is gone"])

    def test_a_baseline_is_refused_where_no_run_would_be_printed_beside_it(self):
        run = self.store_run()
        for arguments in (["history"], ["--against", "."], ["compare", run, run]):
            with self.subTest(arguments):
                told = self.refuse(*arguments, "--baseline", run)
                self.assertIn("--baseline goes with a run", told)

    def test_a_baseline_that_names_no_run_is_refused_before_anything_runs(self):
        run = self.store_run()
        PerfRun.objects.filter(pk=run).update(format_version=99)
        for option, told in (
            ("", "--baseline is ''; it must be the number of a stored run, or latest."),
            ("last", "--baseline is 'last'; it must be"),
            ("-1", "--baseline is '-1'; it must be"),
            ("0", "There is no run 0"),
            (run, "has format version 99"),
        ):
            with self.subTest(option):
                sample = "perftests.tests.samples.Passing"
                self.assertIn(told, self.refuse(sample, f"--baseline={option}"))
