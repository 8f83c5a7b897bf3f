from django.test import SimpleTestCase

from perftests.measure.stats import Interval, ratio_of
from perftests.records.targets import Metric
from perftests.reports.side_by_side.changes import Change
from perftests.reports.side_by_side.effects import Told, effects


def told(*metrics):
    return [(round(each.ratio, 3), each.told) for each in effects(Change.of("N1", metrics))]


def metric(value, low=None, high=None):
    return Metric("p99", value, "ms", low=low, high=high)


class EffectTests(SimpleTestCase):
    def test_each_value_is_told_as_a_ratio_to_the_first(self):
        found = told(metric(10), metric(13), metric(8), metric(11))
        self.assertEqual(found, [(1.3, Told.HIGHER), (0.8, Told.LOWER), (1.1, Told.UNCLEAR)])

    def test_an_interval_across_the_edge_of_the_usual_noise_tells_nothing(self):
        self.assertEqual(told(metric(10, 7, 14), metric(13, 10, 16)), [(1.3, Told.UNCLEAR)])
        self.assertEqual(told(metric(10, 9.9, 10.1), metric(13, 12, 14)), [(1.3, Told.HIGHER)])

    def test_an_interval_down_to_0_is_none_of_a_ratio(self):
        [effect] = effects(Change.of("N1", (metric(10, 0, 20), metric(13, 12, 14))))
        self.assertIsNone(effect.interval)

    def test_there_is_no_effect_without_a_ratio(self):
        self.assertEqual(told(metric(0), metric(5)), [])
        self.assertEqual(told(metric(-1), metric(5)), [])
        self.assertEqual(told(metric(0), metric(0)), [])


class RatioTests(SimpleTestCase):
    def test_the_interval_of_a_ratio_is_wider_than_that_of_either_value(self):
        ratio = ratio_of(10, Interval(9, 11), 20, Interval(18, 22))
        self.assertEqual(ratio.value, 2)
        self.assertAlmostEqual(ratio.interval.low, 1.735, 3)
        self.assertAlmostEqual(ratio.interval.high, 2.305, 3)

    def test_values_without_spread_have_a_ratio_without_any(self):
        self.assertEqual(
            ratio_of(2, Interval(2, 2), 3, Interval(3, 3)).interval, Interval(1.5, 1.5)
        )

    def test_a_ratio_of_what_may_be_0_is_refused(self):
        with self.assertRaisesRegex(ValueError, "above 0"):
            ratio_of(2, Interval(0, 3), 3, Interval(2, 4))
