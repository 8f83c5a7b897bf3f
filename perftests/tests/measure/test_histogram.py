import random

from django.test import SimpleTestCase
from hdrh.histogram import HdrHistogram

from perftests.measure import stats
from perftests.measure.histogram import LatencyHistogram


class LatencyHistogramTests(SimpleTestCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        rng = random.Random(2)
        cls.samples = [int(rng.lognormvariate(15, 1)) for _ in range(20_000)]
        cls.histogram = LatencyHistogram.from_nanoseconds(cls.samples)

    def assertWithinATenthOfAPercent(self, value, expected):  # noqa: N802 - unittest's style
        self.assertAlmostEqual(value, expected, delta=expected * 0.001)

    def test_percentiles_of_a_histogram_are_those_of_the_raw_samples_in_ms(self):
        for q in (1, 50, 99, 99.9, 100):
            with self.subTest(q):
                expected = stats.percentile(self.samples, q) / 1e6
                self.assertWithinATenthOfAPercent(self.histogram.percentile(q), expected)

    def test_a_percentile_is_never_below_that_of_the_samples_at_a_tail(self):
        """Rounded to the nearest rank, 11 of 1,070 at a second would give a p99 of 1 ms."""
        samples = [10**6] * 1_059 + [10**9] * 11
        histogram = LatencyHistogram.from_nanoseconds(samples)
        self.assertWithinATenthOfAPercent(histogram.percentile(99), 1_000)
        for count in (10, 101, 999, 1_070):
            some = LatencyHistogram.from_nanoseconds(self.samples[:count])
            for q in (0, 1, 50, 95, 99, 99.9, 100):
                with self.subTest(count=count, q=q):
                    expected = stats.percentile(self.samples[:count], q) / 1e6
                    self.assertWithinATenthOfAPercent(some.percentile(q), expected)

    def test_a_histogram_keeps_count_mean_and_maximum(self):
        self.assertEqual(self.histogram.count, 20_000)
        self.assertWithinATenthOfAPercent(self.histogram.mean, stats.mean(self.samples) / 1e6)
        self.assertWithinATenthOfAPercent(self.histogram.maximum, max(self.samples) / 1e6)

    def test_a_histogram_shows_a_percentile_only_with_ten_samples_beyond(self):
        self.assertEqual(
            list(self.histogram.percentiles()), ["p50", "p75", "p90", "p95", "p99", "p99.9"]
        )
        few = LatencyHistogram.from_nanoseconds(range(1, 100))
        self.assertEqual(list(few.percentiles()), ["p50", "p75"])
        self.assertEqual(LatencyHistogram().percentiles(), {})

    def test_a_histogram_survives_its_text_form(self):
        copy = LatencyHistogram.decode(self.histogram.encode())
        self.assertEqual(copy.count, self.histogram.count)
        self.assertEqual(copy.percentiles(), self.histogram.percentiles())

    def test_other_tools_read_the_text_form_of_a_histogram(self):
        foreign = HdrHistogram.decode(self.histogram.encode())
        self.assertEqual(foreign.get_total_count(), 20_000)

    def test_adding_histograms_gives_the_histogram_of_all_samples(self):
        together = LatencyHistogram.from_nanoseconds(self.samples[:5_000])
        together.add(LatencyHistogram.from_nanoseconds(self.samples[5_000:]))
        self.assertEqual(together.percentiles(), self.histogram.percentiles())
        self.assertEqual(together.count, self.histogram.count)

    def test_a_histogram_rejects_a_latency_that_cannot_be(self):
        for sample in (-1, 10**15):
            with self.subTest(sample), self.assertRaisesMessage(ValueError, f"not at {sample} ns"):
                LatencyHistogram.from_nanoseconds([5, sample])

    def test_text_that_is_no_histogram_is_rejected(self):
        whole = self.histogram.encode()
        for text in ("", "x", "no histogram", whole[:40], "AAAA" + whole):
            with (
                self.subTest(text[:20]),
                self.assertRaisesMessage(ValueError, "not an encoded HdrHistogram"),
            ):
                LatencyHistogram.decode(text)

    def test_an_empty_histogram_has_no_figures(self):
        empty = LatencyHistogram()
        for read in (lambda: empty.percentile(50), lambda: empty.mean, lambda: empty.maximum):
            with self.subTest(read), self.assertRaisesMessage(ValueError, "is empty"):
                read()
