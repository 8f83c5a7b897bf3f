from django.test import SimpleTestCase

from perftests.lab.drawings.small import HEIGHT, WIDTH, Bar, bar, spark
from perftests.records.targets import Metric, Target


class BarTests(SimpleTestCase):
    def test_value_interval_and_limit_are_on_one_scale_that_has_room_for_all(self):
        metric = Metric("p99", 50.0, "ms", "lower", Target("<", 100), low=40.0, high=60.0)
        self.assertEqual(bar(metric), Bar(value=40.0, low=32.0, high=48.0, limit=80.0))

    def test_a_value_far_beyond_its_limit_still_ends_inside(self):
        drawn = bar(Metric("p99", 1e9, "ms", "lower", Target("<", 1)))
        self.assertLess(drawn.value, WIDTH)

    def test_there_is_no_bar_without_a_value_a_limit_or_one_side_of_zero(self):
        below = Target("<", 1)
        for metric in (
            Metric("a", 1.0, "ms"),
            Metric("b", None, "ms", required=below, doubt="None was taken."),
            Metric("c", -1.0, "ms", required=below),
            Metric("d", 0.0, "", "exact", Target("==", 0)),
        ):
            self.assertIsNone(bar(metric), metric)


class SparkTests(SimpleTestCase):
    def test_a_rising_line_goes_from_the_bottom_left_to_the_top_right(self):
        self.assertEqual(spark([1.0, 2.0, 3.0]), "2.0,18.0 50.0,10.0 98.0,2.0")

    def test_equal_values_make_a_level_line_in_the_middle(self):
        self.assertEqual(spark([7.0, 7.0]), f"2.0,{HEIGHT / 2} 98.0,{HEIGHT / 2}")

    def test_a_single_value_is_no_line(self):
        self.assertEqual(spark([7.0]), "")
