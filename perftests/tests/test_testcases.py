import os
from contextlib import redirect_stdout
from io import StringIO
from unittest import TextTestRunner, mock

from django.contrib.auth import get_user_model
from django.db import transaction
from django.test import SimpleTestCase, TransactionTestCase

from perftests.exceptions import TargetMissed
from perftests.measure.histogram import LatencyHistogram
from perftests.measure.results import Outcome, Series
from perftests.measure.targets import Target
from perftests.testcases import PerformanceTestCase

from . import samples


def run(test):
    """Run one test under unittest's own runner."""
    with redirect_stdout(StringIO()):
        return TextTestRunner(stream=StringIO()).run(test)


class RecordingTests(SimpleTestCase):
    def setUp(self):
        self.test = samples.Passing("test_it_measures")

    def result(self):
        return self.test.result(Outcome.COMPLETED, 1.5, "")

    def test_it_records_what_the_test_is(self):
        result = self.result()
        self.assertEqual(result.test, "perftests.tests.samples.Passing.test_it_measures")
        self.assertEqual((result.suite, result.row, result.seconds), ("sample", "S1", 1.5))
        self.assertEqual(result.title, "Everything a test can record")

    def test_a_test_without_docstring_and_row_goes_by_its_name(self):
        test = samples.Inconclusive("test_it_is_in_doubt")
        self.assertEqual((test.row, test.title), ("", "it is in doubt"))

    def test_it_records_a_metric_with_both_targets(self):
        self.test.measure("rate", 80, "/s", asked="> 100", ours=">= 1000", doubt="busy")
        (metric,) = self.result().metrics
        self.assertEqual((metric.name, metric.value, metric.unit), ("rate", 80.0, "/s"))
        self.assertEqual((metric.asked, metric.ours), (Target(">", 100), Target(">=", 1000)))
        self.assertEqual(metric.doubt, "busy")

    def test_the_better_direction_follows_from_the_targets(self):
        self.assertEqual(self.test.measure("a", 1, "ms", asked="< 2").better, "lower")
        self.assertEqual(self.test.measure("b", 1, "ms", ours=">= 2").better, "higher")
        self.assertEqual(self.test.measure("c", 1, "ms", asked="== 2").better, "exact")
        self.assertEqual(self.test.measure("d", 1, "ms").better, "")
        self.assertEqual(self.test.measure("e", 1, "ms", better="lower").better, "lower")

    def test_it_rejects_a_metric_that_was_measured_before(self):
        self.test.measure("rate", 80, "/s")
        with self.assertRaisesRegex(ValueError, "'rate' has been measured already"):
            self.test.measure("rate", 81, "/s")

    def test_it_rejects_a_value_that_is_not_finite(self):
        for value in (float("nan"), float("inf")):
            with self.subTest(value), self.assertRaisesRegex(ValueError, "give None and a doubt"):
                self.test.measure("rate", value, "/s")

    def test_it_rejects_a_missing_value_without_a_doubt(self):
        with self.assertRaisesRegex(ValueError, "no value and no reason"):
            self.test.measure("rate", None, "/s")

    def test_it_rejects_a_target_that_cannot_be_read(self):
        with self.assertRaises(ValueError):
            self.test.measure("rate", 1, "/s", asked="about 100")
        self.assertEqual(self.result().metrics, ())

    def test_it_records_series_histograms_and_notes(self):
        series = Series("server rss", "MB", (0.0,), (10.0,))
        self.test.record_series(series, series)
        self.test.record_histogram("latency", LatencyHistogram.from_nanoseconds([10**6] * 20))
        self.test.note("a note")
        result = self.result()
        self.assertEqual(result.series, (series, series))
        self.assertEqual(LatencyHistogram.decode(result.histograms["latency"]).count, 20)
        self.assertEqual(result.notes, ("a note",))

    def test_it_rejects_a_histogram_that_was_recorded_before(self):
        histogram = LatencyHistogram.from_nanoseconds([10**6])
        self.test.record_histogram("latency", histogram)
        with self.assertRaisesRegex(ValueError, "'latency' has been recorded already"):
            self.test.record_histogram("latency", histogram)

    def test_progress_without_a_listener_goes_nowhere(self):
        self.test.progress("sent 5", 5, 10)

    def test_progress_reaches_the_listener(self):
        heard = []
        self.test.listener = heard.append
        self.test.progress("sent 5", 5, 10)
        self.assertEqual([(e.text, e.done, e.total) for e in heard], [("sent 5", 5, 10)])


class WorkloadTests(SimpleTestCase):
    def workload(self):
        return samples.Passing("test_it_measures").scaled(smoke=1, standard=10, extended=100)

    @mock.patch.dict(os.environ, {"PERF_SCALE": ""})
    def test_the_workload_is_small_unless_a_scale_is_set(self):
        self.assertEqual(self.workload(), 1)

    @mock.patch.dict(os.environ, {"PERF_SCALE": "extended"})
    def test_the_workload_follows_the_scale(self):
        self.assertEqual(self.workload(), 100)

    @mock.patch.dict(os.environ, {"PERF_SERVER": "uvicorn", "PERF_TIMEOUT_SECONDS": "7"})
    def test_it_knows_the_server_and_the_longest_wait(self):
        test = samples.Passing("test_it_measures")
        self.assertEqual((test.server_name, test.timeout_seconds), ("uvicorn", 7))


class UserTests(TransactionTestCase):
    def test_users_are_stored_with_a_timestamp_in_their_names(self):
        users = samples.Passing("test_it_measures").create_users(3)
        self.assertEqual(get_user_model().objects.count(), 3)
        for number, user in enumerate(users):
            self.assertIsNotNone(user.pk)
            self.assertRegex(user.username, rf"^perf_\d{{8}}T\d{{12}}_{number}$")
            self.assertFalse(user.has_usable_password())

    def test_two_groups_of_users_never_meet(self):
        test = samples.Passing("test_it_measures")
        names = {user.username for user in test.create_users(2) + test.create_users(2)}
        self.assertEqual(len(names), 4)

    def test_the_number_of_queries_does_not_grow_with_the_users(self):
        test = samples.Passing("test_it_measures")
        with self.assertNumQueries(3):  # BEGIN, INSERT, COMMIT
            test.create_users(1)
        with self.assertNumQueries(3):
            test.create_users(50)


class OutcomeTests(TransactionTestCase):
    """Under unittest's own runner, as in a project that keeps Django's."""

    def test_a_test_that_keeps_its_targets_passes(self):
        self.assertTrue(run(samples.Passing("test_it_measures")).wasSuccessful())

    def test_a_missed_asked_target_fails_the_test_in_one_line(self):
        result = run(samples.MissingATarget("test_it_is_slow"))
        ((_, text),) = result.failures
        self.assertEqual(
            text.strip(),
            "perftests.exceptions.TargetMissed: rate is 80 notifications/s, asked > 100",
        )
        self.assertTrue(issubclass(TargetMissed, AssertionError))

    def test_the_metrics_after_a_missed_target_are_recorded_all_the_same(self):
        test = samples.MissingATarget("test_it_is_slow")
        run(test)
        names = [metric.name for metric in test.result(Outcome.COMPLETED, 0, "").metrics]
        self.assertEqual(names, ["rate", "success"])

    def test_a_number_in_doubt_fails_nothing(self):
        self.assertTrue(run(samples.Inconclusive("test_it_is_in_doubt")).wasSuccessful())

    def test_nothing_that_a_test_stored_is_left(self):
        for test in (
            samples.Passing("test_it_measures"),
            samples.MissingATarget("test_it_is_slow"),
            samples.Failing("test_it_crashes"),
        ):
            with self.subTest(test.id()):
                run(test)
                self.assertFalse(get_user_model().objects.exists())

    def test_on_commit_fires_for_real(self):
        fired = []

        class Committing(PerformanceTestCase):
            def test_it(self):
                transaction.on_commit(lambda: fired.append(True))
                self.assertEqual(fired, [True])

        self.assertTrue(run(Committing("test_it")).wasSuccessful())
