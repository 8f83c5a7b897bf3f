import random
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

from django.test import SimpleTestCase, tag

from perftests.measure.metrics import PerformanceMetrics, mean_interval


def metrics_of(*milliseconds):
    metrics = PerformanceMetrics()
    for value in milliseconds:
        metrics.record(int(value * 1e6))
    return metrics


class MetricsRecordingTests(SimpleTestCase):
    def test_a_timed_block_is_recorded_with_its_duration(self):
        metrics = PerformanceMetrics()
        with metrics, metrics.time():
            sum(range(10_000))
        self.assertEqual(metrics.succeeded, 1)
        self.assertGreater(metrics.nanoseconds[0], 0)
        self.assertLessEqual(metrics.nanoseconds[0], metrics.seconds * 1e9)

    def test_a_timed_block_that_raises_counts_as_failed_and_its_exception_goes_on(self):
        metrics = metrics_of(1, 1, 1)
        with self.assertRaises(ZeroDivisionError), metrics.time():
            1 / 0  # noqa: B018 - the failure itself
        self.assertEqual((metrics.succeeded, metrics.failed), (3, 1))
        self.assertEqual(metrics.success_rate, 75)
        self.assertEqual(metrics.errors, ["ZeroDivisionError: division by zero"])

    def test_a_failure_can_be_recorded_in_words(self):
        metrics = metrics_of(1)
        metrics.fail("never delivered")
        self.assertEqual(metrics.errors, ["never delivered"])
        self.assertEqual(metrics.success_rate, 50)

    @tag("slow")
    def test_threads_that_record_together_lose_nothing(self):
        metrics = PerformanceMetrics()

        def work(number):
            with suppress(ValueError), metrics.time():
                if number % 4 == 0:
                    raise ValueError(number)

        with ThreadPoolExecutor(8) as pool:
            list(pool.map(work, range(4_000)))
        self.assertEqual((metrics.succeeded, metrics.failed), (3_000, 1_000))

    def test_throughput_counts_only_successes_over_the_whole_time(self):
        metrics = PerformanceMetrics()
        with metrics:
            for _ in range(10):
                metrics.record(1_000)
            metrics.fail("lost")
        self.assertAlmostEqual(metrics.throughput, 10 / metrics.seconds)

    def test_throughput_is_not_known_before_the_end_of_the_measurement(self):
        metrics = metrics_of(1)
        with metrics, self.assertRaisesMessage(ValueError, "after the `with metrics:` block"):
            _ = metrics.throughput

    def test_there_is_no_success_rate_where_nothing_was_recorded(self):
        with self.assertRaisesMessage(ValueError, "none was recorded"):
            _ = PerformanceMetrics().success_rate


class MetricsSummaryTests(SimpleTestCase):
    def test_a_summary_of_metrics_is_in_milliseconds(self):
        summary = metrics_of(1, 2, 3, 10).summary()
        self.assertEqual(summary.count, 4)
        self.assertEqual((summary.mean, summary.median), (4, 2.5))
        self.assertEqual((summary.minimum, summary.maximum), (1, 10))
        self.assertAlmostEqual(summary.standard_deviation, 4.082, 3)

    def test_a_summary_of_nothing_but_failures_says_why_there_are_no_latencies(self):
        metrics = PerformanceMetrics()
        for reason in ("302 instead of 200", "no answer in time", "302 instead of 200"):
            metrics.fail(reason)
        told = "none of 3 operations succeeded, so that there are no latencies; 2 failed with: 302"
        with self.assertRaisesMessage(ValueError, told):
            metrics.summary()
        with self.assertRaisesMessage(ValueError, "there are 0"):
            PerformanceMetrics().summary()

    def test_a_summary_of_metrics_leaves_out_what_too_few_samples_cannot_tell(self):
        summary = metrics_of(5).summary()
        self.assertIsNone(summary.p95)
        self.assertIsNone(summary.p99)
        self.assertIsNone(summary.standard_deviation)
        self.assertIsNone(summary.mean_interval)

    def test_a_summary_of_metrics_has_tail_percentiles_with_enough_samples(self):
        summary = metrics_of(*range(1, 1_001)).summary()
        self.assertEqual((summary.p95, summary.p99), (950, 990))

    def test_a_summary_of_an_empty_measurement_is_rejected(self):
        with self.assertRaisesMessage(ValueError, "at least 1 sample"):
            PerformanceMetrics().summary()

    def test_a_histogram_of_metrics_holds_every_success(self):
        self.assertEqual(metrics_of(1, 2, 3).histogram().count, 3)


class MeanIntervalTests(SimpleTestCase):
    def test_the_interval_of_a_mean_surrounds_it(self):
        rng = random.Random(4)
        samples = [rng.gauss(10, 2) for _ in range(1_000)]
        interval = mean_interval(samples)
        self.assertLess(interval.low, 10)
        self.assertGreater(interval.high, 10)
        self.assertLess(interval.high - interval.low, 0.5)

    def test_correlated_samples_do_not_make_the_interval_of_a_mean_narrow(self):
        slow_and_fast_spells = [10.0 if i // 100 % 2 else 20.0 for i in range(1_000)]
        interval = mean_interval(slow_and_fast_spells)
        self.assertGreater(interval.high - interval.low, 3)

    def test_there_is_no_interval_of_a_mean_with_fewer_than_100_samples(self):
        self.assertIsNone(mean_interval([1.0] * 99))
        self.assertIsNotNone(mean_interval([1.0] * 100))
