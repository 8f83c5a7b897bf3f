import random

from django.test import SimpleTestCase

from perftests.measure import stats


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

    def test_it_rejects_a_percentile_beyond_100(self):
        with self.assertRaisesMessage(ValueError, "between 0 and 100, not at 101"):
            stats.percentile([1], 101)

    def test_a_percentile_has_a_tail_with_ten_samples_beyond_it(self):
        self.assertTrue(stats.has_tail(1_000, 99))
        self.assertFalse(stats.has_tail(999, 99))
        self.assertTrue(stats.has_tail(10_000, 99.9))

    def test_the_standard_deviation_is_that_of_a_sample(self):
        self.assertAlmostEqual(stats.standard_deviation([2, 4, 4, 4, 5, 5, 7, 9]), 2.138, 3)

    def test_it_rejects_too_few_samples_in_words(self):
        for function, minimum in [
            (stats.mean, 1),
            (stats.median, 1),
            (lambda samples: stats.percentile(samples, 50), 1),
            (stats.standard_deviation, 2),
            (stats.bootstrap_interval, 5),
            (stats.trend, 5),
        ]:
            with (
                self.subTest(function),
                self.assertRaisesRegex(ValueError, f"at least {minimum} sample"),
            ):
                function([1.0] * (minimum - 1))


class BootstrapTests(SimpleTestCase):
    def test_it_covers_the_true_median_about_as_often_as_it_says(self):
        rng = random.Random(7)
        intervals = [
            stats.bootstrap_interval([rng.gauss(10, 1) for _ in range(20)]) for _ in range(60)
        ]
        covered = sum(interval.low <= 10 <= interval.high for interval in intervals)
        self.assertGreaterEqual(covered, 50)
        self.assertLess(stats.mean([i.high - i.low for i in intervals]), 1.5)

    def test_it_is_the_same_for_the_same_seed(self):
        samples = [random.Random(1).random() for _ in range(10)]
        self.assertEqual(stats.bootstrap_interval(samples), stats.bootstrap_interval(samples))

    def test_it_narrows_to_a_point_when_nothing_varies(self):
        self.assertEqual(stats.bootstrap_interval([3.0] * 8), stats.Interval(3.0, 3.0))

    def test_less_confidence_is_narrower(self):
        samples = list(range(20))
        wide = stats.bootstrap_interval(samples, "mean", confidence=0.99)
        narrow = stats.bootstrap_interval(samples, "mean", confidence=0.5)
        self.assertLess(wide.low, narrow.low)
        self.assertGreater(wide.high, narrow.high)


class RatioTests(SimpleTestCase):
    def test_it_is_the_median_of_the_pairs_not_of_the_sides(self):
        pairs = [(1, 1.2), (10, 12), (2, 2.4), (20, 24), (5, 50)]
        ratio = stats.median_ratio(pairs)
        self.assertAlmostEqual(ratio.value, 1.2)
        self.assertAlmostEqual(ratio.low, 1.2)

    def test_it_rejects_a_baseline_of_nothing(self):
        with self.assertRaisesMessage(ValueError, "baselines above 0"):
            stats.median_ratio([(1, 1)] * 5 + [(0, 1)])

    def test_it_rejects_four_pairs(self):
        with self.assertRaisesMessage(ValueError, "at least 5 samples, there are 4"):
            stats.median_ratio([(1, 1)] * 4)


class TrendTests(SimpleTestCase):
    def test_it_finds_a_slow_rise_under_noise_and_an_outlier(self):
        rng = random.Random(3)
        values = [0.5 * step + rng.gauss(0, 1) for step in range(30)]
        values[4] = 500
        trend = stats.trend(values)
        self.assertTrue(trend.significant)
        self.assertAlmostEqual(trend.slope_per_step, 0.5, delta=0.1)

    def test_noise_is_no_trend(self):
        rng = random.Random(5)
        self.assertFalse(stats.trend([rng.gauss(0, 1) for _ in range(30)]).significant)

    def test_equal_values_are_no_trend(self):
        self.assertEqual(stats.trend([7] * 20), stats.Trend(0.0, 1.0, False))

    def test_a_fall_has_a_negative_slope(self):
        self.assertAlmostEqual(stats.trend([10, 8, 6, 4, 2, 0]).slope_per_step, -2)


class SlopeTests(SimpleTestCase):
    def test_one_disturbed_plateau_does_not_carry_it(self):
        connections = [100, 200, 300, 400, 500]
        sizes = [32 * count for count in connections]
        sizes[2] += 50_000
        self.assertAlmostEqual(stats.slope(connections, sizes), 32, delta=1)

    def test_it_rejects_two_points(self):
        with self.assertRaisesMessage(ValueError, "a slope needs at least 3 samples"):
            stats.slope([1, 2], [1, 2])

    def test_it_rejects_points_at_one_place(self):
        with self.assertRaisesMessage(ValueError, "points at different places"):
            stats.slope([1, 1, 1], [1, 2, 3])
