import os
from contextlib import redirect_stdout
from dataclasses import replace
from io import StringIO
from unittest import TextTestRunner, mock

from django.contrib.auth import get_user_model
from django.db import connection, transaction
from django.test import SimpleTestCase, TransactionTestCase
from django.test.utils import CaptureQueriesContext

from perftests.exceptions import TargetMissed
from perftests.measure.histogram import LatencyHistogram
from perftests.measure.series import Series
from perftests.records.events import Figure, Progress
from perftests.records.results import Outcome
from perftests.records.targets import Target, Verdict
from perftests.testcases import PerformanceTestCase, row
from perftests.workloads import Count, Workload, workload

from .. import samples


class Sockets(Workload):
    sockets = Count("sockets", 1)


def run(test):
    """Run one test under unittest's own runner."""
    with redirect_stdout(StringIO()):
        return TextTestRunner(stream=StringIO()).run(test)


class TestCaseRecordingTests(SimpleTestCase):
    def setUp(self):
        self.test = samples.Passing("test_it_measures")

    def result(self):
        return self.test.result(Outcome.COMPLETED, 1.5, "")

    def test_a_result_records_test_suite_row_and_title(self):
        result = self.result()
        self.assertEqual(result.test, "perftests.tests.samples.Passing.test_it_measures")
        self.assertEqual((result.suite, result.row, result.seconds), ("sample", "S1", 1.5))
        self.assertEqual(result.title, "Everything a test can record")

    def test_a_test_without_docstring_and_row_goes_by_its_name(self):
        test = samples.Inconclusive("test_it_is_in_doubt")
        self.assertEqual((test.row, test.title), ("", "it is in doubt"))

    def test_a_metric_is_recorded_with_both_targets_and_its_doubt(self):
        self.test.measure("rate", 80, "/s", required="> 100", goal=">= 1000", doubt="busy")
        (metric,) = self.result().metrics
        self.assertEqual((metric.name, metric.value, metric.unit), ("rate", 80.0, "/s"))
        self.assertEqual((metric.required, metric.goal), (Target(">", 100), Target(">=", 1000)))
        self.assertEqual(metric.doubt, "busy")

    def test_the_better_direction_of_a_metric_follows_from_its_targets(self):
        self.assertEqual(self.test.measure("a", 1, "ms", required="< 2").better, "lower")
        self.assertEqual(self.test.measure("b", 1, "ms", goal=">= 2").better, "higher")
        self.assertEqual(self.test.measure("c", 1, "ms", required="== 2").better, "exact")
        self.assertEqual(self.test.measure("d", 1, "ms").better, "")
        self.assertEqual(self.test.measure("e", 1, "ms", better="lower").better, "lower")

    def test_a_metric_that_was_measured_before_is_rejected(self):
        self.test.measure("rate", 80, "/s")
        with self.assertRaisesRegex(ValueError, "'rate' has been measured already"):
            self.test.measure("rate", 81, "/s")

    def test_a_metric_whose_value_is_not_finite_is_rejected(self):
        for value in (float("nan"), float("inf")):
            with self.subTest(value), self.assertRaisesRegex(ValueError, "give None and a doubt"):
                self.test.measure("rate", value, "/s")

    def test_a_metric_without_a_value_and_a_doubt_is_rejected(self):
        with self.assertRaisesRegex(ValueError, "no value and no reason"):
            self.test.measure("rate", None, "/s")

    def test_a_target_that_cannot_be_read_is_refused_by_its_keyword(self):
        for keyword in ("required", "goal"):
            for target in ("about 100", "100", 100, 0):
                expected = f"{keyword}: {target!r} is no target; write it as '< 100'"
                with self.subTest(expected), self.assertRaisesMessage(ValueError, expected):
                    self.test.measure("rate", 1, "/s", **{keyword: target})
        self.assertEqual(self.result().metrics, ())

    def test_series_histograms_and_notes_are_recorded(self):
        series = Series("server rss", "MB", (0.0,), (10.0,))
        self.test.record_series(series, series)
        self.test.record_histogram("latency", LatencyHistogram.from_nanoseconds([10**6] * 20))
        self.test.note("a note")
        result = self.result()
        self.assertEqual(result.series, (series, series))
        self.assertEqual(LatencyHistogram.decode(result.histograms["latency"]).count, 20)
        self.assertEqual(result.notes, ("a note",))

    def test_a_histogram_that_was_recorded_before_is_rejected(self):
        histogram = LatencyHistogram.from_nanoseconds([10**6])
        self.test.record_histogram("latency", histogram)
        with self.assertRaisesRegex(ValueError, "'latency' has been recorded already"):
            self.test.record_histogram("latency", histogram)

    def test_a_measurement_that_could_not_be_stored_is_rejected_when_it_is_recorded(self):
        series = Series("server rss", "MB", (0.0,), (10.0,))
        histogram = LatencyHistogram.from_nanoseconds([10**6])
        for attempt in (
            lambda test: test.measure("", 1, "ms"),
            lambda test: test.measure(None, 1, "ms"),
            lambda test: test.measure([], 1, "ms"),
            lambda test: test.measure("n" * 256, 1, "ms"),
            lambda test: test.measure("a\0b", 1, "ms"),
            lambda test: test.measure("n", "1", "ms"),
            lambda test: test.measure("n", 10**400, "ms"),
            lambda test: test.measure("n", 1, "u" * 65),
            lambda test: test.measure("n", 1, None),
            lambda test: test.measure("n", 1, "ms", required="< nan"),
            lambda test: test.measure("n", 1, "ms", goal="< inf"),
            lambda test: test.measure("n", 1, "ms", required=5),
            lambda test: test.measure("n", 1, "ms", better="sideways"),
            lambda test: test.measure("n", 1, "ms", doubt=b"bytes"),
            lambda test: test.note("a\0b"),
            lambda test: test.note("a\ud800b"),
            lambda test: test.note(b"bytes"),
            lambda test: test.note("x" * 5_000_000),
            lambda test: test.record_series(replace(series, values=(float("nan"),))),
            lambda test: test.record_series(series, replace(series, seconds=())),
            lambda test: test.record_series("cpu"),
            lambda test: test.record_histogram("", histogram),
            lambda test: test.record_histogram("a\0b", histogram),
            lambda test: test.record_histogram("latency", [1, 2, 3]),
            lambda test: test.progress("sent", "5"),
            lambda test: test.progress("sent", 5, float("nan")),
            lambda test: test.progress("sent", value=float("inf")),
        ):
            with self.assertRaises(ValueError):
                attempt(self.test)
        result = self.result()
        recorded = result.metrics, result.series, result.histograms, result.notes
        self.assertEqual(recorded, ((), (), {}, ()))

    def test_a_class_whose_suite_could_not_be_stored_is_refused(self):
        for suite in (None, "s" * 65, "a\0b"):
            with self.subTest(suite), self.assertRaisesRegex(ValueError, "The suite of Odd"):
                type("Odd", (PerformanceTestCase,), {"suite": suite})

    def test_a_row_whose_name_could_not_be_stored_is_refused(self):
        for name in (None, 1, "r" * 17, "a\0b"):
            with self.subTest(name), self.assertRaisesRegex(ValueError, "the name of a row"):
                row(name)

    def test_progress_of_a_test_without_a_listener_is_dropped(self):
        self.test.progress("sent 5", 5, 10)

    def test_progress_of_a_test_reaches_its_listener(self):
        heard = []
        self.test.listener = heard.append
        self.test.progress("sent 5", 5, 10)
        self.test.progress("", value=2500, unit="notifications/s")
        figure = Figure(self.test.title, 2500, "notifications/s")
        words = Progress("2,500 notifications/s")
        self.assertEqual(heard, [Progress("sent 5", 5, 10), figure, words])


class TestCaseWorkloadTests(SimpleTestCase):
    def workload(self):
        return samples.Passing("test_it_measures").scaled(smoke=1, standard=10, extended=100)

    @mock.patch.dict(os.environ, {"PERF_SCALE": ""})
    def test_the_workload_is_small_unless_a_scale_is_set(self):
        self.assertEqual(self.workload(), 1)

    @mock.patch.dict(os.environ, {"PERF_SCALE": "extended"})
    def test_the_workload_follows_the_scale(self):
        self.assertEqual(self.workload(), 100)

    @mock.patch.dict(os.environ, {"PERF_SERVER": "uvicorn", "PERF_TIMEOUT_SECONDS": "7"})
    def test_a_test_knows_the_configured_server_and_longest_wait(self):
        test = samples.Passing("test_it_measures")
        self.assertEqual((test.server_name, test.timeout_seconds), ("uvicorn", 7))


class TestCaseUserTests(TransactionTestCase):
    def test_created_users_are_stored_with_a_timestamp_in_their_names(self):
        users = samples.Passing("test_it_measures").create_users(3)
        self.assertEqual(get_user_model().objects.count(), 3)
        for number, user in enumerate(users):
            self.assertIsNotNone(user.pk)
            self.assertRegex(user.username, rf"^perf_\d{{8}}T\d{{12}}_{number}$")
            self.assertFalse(user.has_usable_password())

    def test_users_created_one_group_after_the_other_have_different_names(self):
        test = samples.Passing("test_it_measures")
        names = {user.username for user in test.create_users(2) + test.create_users(2)}
        self.assertEqual(len(names), 4)

    def test_creating_more_users_takes_no_more_queries(self):
        test = samples.Passing("test_it_measures")
        with CaptureQueriesContext(connection) as few:
            test.create_users(1)
        self.assertLessEqual(len(few), 3)
        with self.assertNumQueries(len(few)):
            test.create_users(50)


class TestCaseOutcomeTests(TransactionTestCase):
    """Under unittest's own runner, as in a project that keeps Django's."""

    def test_a_test_that_keeps_its_targets_passes(self):
        self.assertTrue(run(samples.Passing("test_it_measures")).wasSuccessful())

    def test_a_missed_required_target_fails_the_test_in_one_line(self):
        result = run(samples.MissingATarget("test_it_is_slow"))
        ((_, text),) = result.failures
        self.assertEqual(
            text.strip(),
            "perftests.exceptions.TargetMissed: rate is 80 notifications/s, required > 100",
        )
        self.assertTrue(issubclass(TargetMissed, AssertionError))

    def test_the_metrics_after_a_missed_target_are_recorded_all_the_same(self):
        test = samples.MissingATarget("test_it_is_slow")
        run(test)
        names = [metric.name for metric in test.result(Outcome.COMPLETED, 0, "").metrics]
        self.assertEqual(names, ["rate", "success"])

    def test_a_test_that_measures_nothing_fails(self):
        class Empty(PerformanceTestCase):
            def test_it(self):
                pass

            def test_generator(self):
                yield self.measure("never", 1, "ms")

            async def test_async(self):
                pass

        for name in ("test_it", "test_generator", "test_async"):
            with self.subTest(name):
                ((_, text),) = run(Empty(name)).failures
                self.assertIn("It came to its end and measured nothing.", text)
                self.assertNotIn("Traceback", text)

    def test_an_asynchronous_test_keeps_its_row_its_counts_and_its_workload_while_it_runs(self):
        class Asynchronous(PerformanceTestCase):
            @row("X1", counts=["missing"])
            @workload(Sockets)
            async def test_it(self, load):
                self.measure(self.row, load.sockets, "sockets", required="== 3")

        with mock.patch.dict(os.environ, {"PERF_X1_SOCKETS": "3"}):
            test = Asynchronous("test_it")
            [(_, text)] = run(test).failures
        self.assertIn("It measured nothing required as missing.", text)
        result = test.result(Outcome.FAILED, 0.0, "")
        self.assertEqual((result.row, result.metrics[0].name), ("X1", "X1"))
        self.assertIs(result.metrics[0].required_verdict, Verdict.PASS)

    def test_a_row_that_does_not_require_one_of_its_counts_fails(self):
        class Counting(PerformanceTestCase):
            @row("X1", counts=["missing", "lost"])
            def test_all(self):
                self.measure("few: missing", 0, "", required="== 0")
                self.measure("100 clients, lost", 0, "", required="== 0")

            @row("X2", counts=["missing"])
            def test_one_is_a_goal(self):
                self.measure("missing", 0, "", goal="== 0")

            @row("X3", counts=["missing"])
            def test_one_has_another_name(self):
                self.measure("not missing", 0, "", required="== 0")

        self.assertTrue(run(Counting("test_all")).wasSuccessful())
        for name in ("test_one_is_a_goal", "test_one_has_another_name"):
            with self.subTest(name):
                ((_, text),) = run(Counting(name)).failures
                self.assertIn("It measured nothing required as missing.", text)

    def test_a_number_in_doubt_does_not_fail_the_test(self):
        self.assertTrue(run(samples.Inconclusive("test_it_is_in_doubt")).wasSuccessful())

    def test_nothing_that_a_performance_test_stored_is_left(self):
        for test in (
            samples.Passing("test_it_measures"),
            samples.MissingATarget("test_it_is_slow"),
            samples.Failing("test_it_crashes"),
        ):
            with self.subTest(test.id()):
                run(test)
                self.assertFalse(get_user_model().objects.exists())

    def test_on_commit_fires_for_real_in_a_performance_test(self):
        fired = []

        class Committing(PerformanceTestCase):
            def test_it(self):
                transaction.on_commit(lambda: fired.append(True))
                self.assertEqual(fired, [True])
                self.measure("committed", 1, "times")

        self.assertTrue(run(Committing("test_it")).wasSuccessful())
