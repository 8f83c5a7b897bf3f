import math

from django.test import SimpleTestCase, override_settings

from notifications.conf import get_settings
from perftests.suites.engine.crossing import crossing, fanout_limit


class CrossingTests(SimpleTestCase):
    def test_the_crossing_of_two_costs_lies_between_the_sizes_around_it(self):
        self.assertAlmostEqual(crossing([1, 4, 16], [1, 2, 6], [4, 4, 4]), 8)

    def test_the_crossing_is_the_first_size_when_the_other_way_is_never_dearer(self):
        self.assertEqual(crossing([1, 4], [3, 9], [2, 2]), 1)

    def test_the_crossing_of_two_costs_is_the_last_of_several(self):
        self.assertAlmostEqual(crossing([1, 4, 16], [3, 1, 4], [2, 2, 3]), 8)

    def test_the_crossing_is_infinite_when_the_other_way_is_always_dearer(self):
        self.assertEqual(crossing([1, 4], [1, 2], [5, 5]), math.inf)


class FanoutLimitTests(SimpleTestCase):
    @override_settings(NOTIFICATIONS={"WINDOW": 7, "FANOUT_LIMIT": 50})
    def test_the_fanout_limit_is_the_only_setting_that_changes_and_comes_back(self):
        with fanout_limit(3):
            self.assertEqual((get_settings().FANOUT_LIMIT, get_settings().WINDOW), (3, 7))
        self.assertEqual(get_settings().FANOUT_LIMIT, 50)
