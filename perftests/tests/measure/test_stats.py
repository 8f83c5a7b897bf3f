import random

import numpy
from django.test import SimpleTestCase, tag
from scipy.stats import bootstrap, theilslopes, ttest_1samp

from perftests.measure import stats
from perftests.measure.metrics import mean_interval


class LocationTests(SimpleTestCase):
    def test_the_median_lies_between_the_middle_two(self):
        self.assertEqual(stats.median([4, 1, 3, 2]), 2.5)

    def test_the_mean_is_arithmetic(self):
        self.assertEqual(stats.mean([1, 2, 6]), 3)

    def test_a_percentile_is_a_sample_by_nearest_rank(self):
        samples = list(range(1_000, 0, -1))
        for q, expected in [(0, 1), (50, 500), (99, 990), (99.9, 999), (100, 1_000)]:
            with self.subTest(q):
                self.assertEqual(stats.percentile(samples, q), expected)

    def test_a_percentile_does_not_slip_a_rank_by_rounding(self):
        self.assertEqual(stats.percentile(range(1, 10_001), 99.9), 9_990)
        self.assertEqual(stats.percentile(range(1, 1_001), 55.1), 551)

    def test_a_percentile_beyond_100_is_rejected(self):
        with self.assertRaisesMessage(ValueError, "between 0 and 100, not at 101"):
            stats.percentile([1], 101)

    def test_a_percentile_has_a_tail_with_ten_samples_beyond_it(self):
        self.assertTrue(stats.has_tail(1_000, 99))
        self.assertFalse(stats.has_tail(999, 99))
        self.assertTrue(stats.has_tail(10_000, 99.9))

    def test_a_percentile_takes_the_fewest_samples_that_have_a_tail(self):
        for q, samples in [(50, 20), (95, 200), (99, 1_000), (99.9, 10_000)]:
            with self.subTest(q):
                self.assertEqual(stats.samples_for(q), samples)
                self.assertTrue(stats.has_tail(samples, q))
                self.assertFalse(stats.has_tail(samples - 1, q))

    def test_the_highest_percentile_that_samples_tell_is_the_one_with_a_tail(self):
        for count, q in [(5_000, 99), (1_000, 99), (999, 95), (199, 90), (40, 75), (5, 50)]:
            with self.subTest(count):
                self.assertEqual(stats.tail_percentile(count), q)

    def test_the_standard_deviation_is_that_of_a_sample(self):
        self.assertAlmostEqual(stats.standard_deviation([2, 4, 4, 4, 5, 5, 7, 9]), 2.138, 3)

    def test_statistics_of_too_few_samples_are_rejected_in_words(self):
        for function, minimum in [
            (stats.mean, 1),
            (stats.median, 1),
            (lambda samples: stats.percentile(samples, 50), 1),
            (stats.standard_deviation, 2),
            (stats.bootstrap_interval, 5),
            (stats.p_of_growth, 2),
        ]:
            with (
                self.subTest(function),
                self.assertRaisesRegex(ValueError, f"at least {minimum} sample"),
            ):
                function([1.0] * (minimum - 1))


class BootstrapIntervalTests(SimpleTestCase):
    def test_a_bootstrap_interval_covers_the_true_median_about_as_often_as_it_says(self):
        rng = random.Random(7)
        intervals = [
            stats.bootstrap_interval([rng.gauss(10, 1) for _ in range(20)]) for _ in range(60)
        ]
        covered = sum(interval.low <= 10 <= interval.high for interval in intervals)
        self.assertGreaterEqual(covered, 50)
        self.assertLess(stats.mean([i.high - i.low for i in intervals]), 1.5)

    def test_a_bootstrap_interval_is_the_same_for_the_same_samples(self):
        samples = [random.Random(1).random() for _ in range(10)]
        self.assertEqual(stats.bootstrap_interval(samples), stats.bootstrap_interval(samples))

    def test_a_bootstrap_interval_narrows_to_a_point_when_nothing_varies(self):
        self.assertEqual(stats.bootstrap_interval([3.0] * 8), stats.Interval(3.0, 3.0))

    def test_a_bootstrap_interval_of_less_confidence_is_narrower(self):
        samples = list(range(20))
        wide = stats.bootstrap_interval(samples, "mean", confidence=0.99)
        narrow = stats.bootstrap_interval(samples, "mean", confidence=0.5)
        self.assertLess(wide.low, narrow.low)
        self.assertGreater(wide.high, narrow.high)


class MedianRatioTests(SimpleTestCase):
    def test_the_median_ratio_is_that_of_the_pairs_and_not_of_the_sides(self):
        pairs = [(1, 1.2), (10, 12), (2, 2.4), (20, 24), (5, 50)]
        ratio = stats.median_ratio(pairs)
        self.assertAlmostEqual(ratio.value, 1.2)
        self.assertAlmostEqual(ratio.interval.low, 1.2)

    def test_a_ratio_to_a_baseline_of_nothing_is_rejected(self):
        with self.assertRaisesMessage(ValueError, "baselines above 0"):
            stats.median_ratio([(1, 1)] * 5 + [(0, 1)])

    def test_a_ratio_of_only_four_pairs_is_rejected(self):
        with self.assertRaisesMessage(ValueError, "at least 5 samples, there are 4"):
            stats.median_ratio([(1, 1)] * 4)


class GrowthTests(SimpleTestCase):
    def test_the_p_value_of_growth_is_that_of_students_test(self):
        changes = [0.3, -0.1, 0.4, 0.2, 0.0]
        expected = ttest_1samp(changes, 0, alternative="greater").pvalue
        self.assertAlmostEqual(stats.p_of_growth(changes), expected)

    def test_equal_changes_upwards_are_growth_beyond_doubt(self):
        self.assertEqual(stats.p_of_growth([2, 2, 2]), 0)

    def test_equal_changes_to_nothing_or_downwards_are_no_growth(self):
        self.assertEqual(stats.p_of_growth([0, 0, 0]), 1)
        self.assertEqual(stats.p_of_growth([-1, -1]), 1)


class ReferenceTests(SimpleTestCase):
    """Against implementations that others rely on."""

    samples = list(numpy.random.default_rng(11).lognormal(0, 1, 1_070))

    def test_percentiles_are_those_of_numpy(self):
        for count in (1, 2, 9, 10, 11, 100, 999, 1_070):  # of 1,000, numpy's rank slips by one
            for q in (0, 1, 25, 50, 75, 90, 95, 99, 99.9, 100):
                with self.subTest(count=count, q=q):
                    some = self.samples[:count]
                    expected = numpy.percentile(some, q, method="inverted_cdf")
                    self.assertEqual(stats.percentile(some, q), expected)

    def test_the_standard_deviation_is_that_of_numpy(self):
        expected = numpy.std(self.samples, ddof=1)
        self.assertAlmostEqual(stats.standard_deviation(self.samples), expected)

    @tag("slow")
    def test_bootstrap_intervals_are_those_of_scipy(self):
        for name in ("median", "mean"):
            with self.subTest(name):
                ours = stats.bootstrap_interval(self.samples, name)
                reference = bootstrap(
                    [self.samples], getattr(numpy, name), method="percentile", rng=3
                ).confidence_interval
                self.assertAlmostEqual(ours.low, reference.low, delta=0.02 * reference.low)
                self.assertAlmostEqual(ours.high, reference.high, delta=0.02 * reference.high)

    @tag("slow")
    def test_the_interval_of_a_median_ratio_is_that_of_scipy(self):
        ratios = self.samples[500:600]
        pairs = [(own, own * ratio) for own, ratio in zip(self.samples[:100], ratios, strict=True)]
        ours = stats.median_ratio(pairs)
        reference = bootstrap(
            [ratios], numpy.median, method="percentile", rng=3
        ).confidence_interval
        self.assertAlmostEqual(ours.value, numpy.median(ratios))
        self.assertAlmostEqual(ours.interval.low, reference.low, delta=0.03 * reference.low)
        self.assertAlmostEqual(ours.interval.high, reference.high, delta=0.03 * reference.high)

    @tag("slow")
    def test_the_interval_of_a_mean_is_that_of_scipy_over_the_means_of_batches(self):
        batches = numpy.reshape(self.samples[:1_000], (20, 50)).mean(axis=1)
        ours = mean_interval(self.samples[:1_000])
        reference = bootstrap([batches], numpy.mean, method="percentile", rng=3).confidence_interval
        self.assertAlmostEqual(ours.low, reference.low, delta=0.02 * reference.low)
        self.assertAlmostEqual(ours.high, reference.high, delta=0.02 * reference.high)

    def test_the_slope_is_the_median_of_all_slopes_as_numpy_finds_it(self):
        ys, (later, earlier) = numpy.array(self.samples[:40]), numpy.tril_indices(40, -1)
        expected = numpy.median((ys[later] - ys[earlier]) / (later - earlier))
        self.assertAlmostEqual(stats.slope(range(40), list(ys)), expected)

    def test_the_slope_is_that_of_scipy(self):
        steps = range(40)
        expected = theilslopes(self.samples[:40], steps).slope
        self.assertAlmostEqual(stats.slope(steps, self.samples[:40]), expected)


class SlopeTests(SimpleTestCase):
    def test_one_disturbed_plateau_does_not_carry_the_slope(self):
        connections = [100, 200, 300, 400, 500]
        sizes = [32 * count for count in connections]
        sizes[2] += 50_000
        self.assertAlmostEqual(stats.slope(connections, sizes), 32, delta=1)

    def test_a_slope_through_only_two_points_is_rejected(self):
        with self.assertRaisesMessage(ValueError, "a slope needs at least 3 samples"):
            stats.slope([1, 2], [1, 2])

    def test_a_slope_through_points_at_one_place_is_rejected(self):
        with self.assertRaisesMessage(ValueError, "points at different places"):
            stats.slope([1, 1, 1], [1, 2, 3])
