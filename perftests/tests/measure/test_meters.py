import time

from django.test import SimpleTestCase

from perftests.measure import meters
from perftests.measure.meters import SHORTEST_SECONDS, Counted, Growth


class Meter:
    def __init__(self, *counted):
        self._counted = counted

    def counted(self):
        return iter(self._counted)


class MetersTests(SimpleTestCase):
    def show(self, *counted):
        meter = Meter(*counted)
        meters.show(meter)
        self.addCleanup(meters.hide, meter)
        return meter

    def read(self):
        time.sleep(SHORTEST_SECONDS)
        return list(meters.read())

    def test_a_meter_tells_how_many_came_in_a_second_and_the_median_of_their_times(self):
        self.show(Counted("messages", 50, [1_000_000, 2_000_000, 9_000_000]))
        rate, median = self.read()
        self.assertEqual((rate[0], rate[2]), ("messages", "/s"))
        self.assertLess(20, rate[1])
        self.assertLessEqual(rate[1], 50 / SHORTEST_SECONDS)
        self.assertEqual(median, ("messages", 2.0, "ms"))

    def test_a_second_in_which_nothing_came_has_a_throughput_of_0_and_no_latency(self):
        self.show(Counted("messages", 0, []))
        self.assertEqual(self.read(), [("messages", 0.0, "/s")])

    def test_a_meter_that_was_read_just_before_says_nothing(self):
        self.show(Counted("messages", 50, []))
        self.assertEqual(list(meters.read()), [])

    def test_a_hidden_meter_is_not_read(self):
        meters.hide(self.show(Counted("messages", 50, [])))
        self.assertEqual(self.read(), [])


class GrowthTests(SimpleTestCase):
    def test_growth_is_what_was_added_since_the_last_time(self):
        growth, values = Growth("answers"), [5, 6]
        self.assertEqual(list(growth.counted(values)), [Counted("answers", 2, [5, 6])])
        values.append(7)
        self.assertEqual(list(growth.counted(values)), [Counted("answers", 1, [7])])
        self.assertEqual(list(growth.counted(values)), [Counted("answers", 0, [])])

    def test_growth_of_a_list_that_was_emptied_is_all_that_it_has(self):
        growth = Growth("connections")
        list(growth.counted([5, 6]))
        self.assertEqual(list(growth.counted([9])), [Counted("connections", 1, [9])])

    def test_growth_of_a_list_that_was_always_empty_is_not_told(self):
        self.assertEqual(list(Growth("connections").counted([])), [])
