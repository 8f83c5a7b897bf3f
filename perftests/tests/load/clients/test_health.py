from itertools import accumulate

from django.test import SimpleTestCase

from perftests.load.clients.health import TICK_SECONDS, Reading, Watch


def watch(*seconds):
    """A watch over seconds in which the thread, and other threads, used such shares of a core."""
    ticks = [(thread, others) for thread, others in seconds for _ in range(100)]
    threads = accumulate((TICK_SECONDS * thread for thread, _ in ticks), initial=0.0)
    processes = accumulate((TICK_SECONDS * sum(both) for both in ticks), initial=0.0)
    times = accumulate((TICK_SECONDS for _ in ticks), initial=7.0)
    return Watch(map(Reading, times, threads, processes))


class WatchTests(SimpleTestCase):
    def test_a_generator_that_was_never_busy_is_not_doubted(self):
        self.assertEqual(watch((0.3, 0.1), (0.5, 0.2), (0.7, 0.0)).doubt, "")

    def test_one_saturated_second_of_many_is_a_doubt_that_names_it(self):
        seen = watch((0.1, 0), (0.1, 0), (0.95, 0), (0.1, 0), (0.1, 0))
        self.assertLess(seen.busy, 0.3)
        self.assertRegex(seen.doubt, r"generator was busy 9\d % of second 3 \(its thread\)")

    def test_other_threads_of_the_process_count_as_its_load(self):
        seen = watch((0.1, 0), (0.2, 0.7))
        self.assertRegex(seen.doubt, r"generator was busy (8|9)\d % of second 2 \(its process\)")

    def test_a_time_shorter_than_a_second_is_judged_as_a_whole(self):
        readings = [Reading(0.0, 0.0, 0.0), Reading(0.5, 0.45, 0.45)]
        self.assertIn("busy 90 % of second 1", Watch(readings).doubt)

    def test_a_generator_that_was_watched_for_a_moment_is_not_judged(self):
        readings = [Reading(0.0, 0.0, 0.0), Reading(0.001, 0.001, 0.001)]
        self.assertEqual(Watch(readings).doubt, "")

    def test_a_short_rest_of_the_last_second_counts_to_the_second_before_it(self):
        readings = [Reading(0, 0, 0), Reading(1, 0.1, 0.1), Reading(1.3, 0.39, 0.39)]
        self.assertEqual(Watch(readings).saturation, "")

    def test_a_loop_that_stood_still_long_enough_is_a_doubt_of_times_alone(self):
        stalled = [Reading(at, 0, 0) for at in (0, 0.01, 0.25, 0.26, 0.4, 1.5, 1.51)]
        self.assertIn("stood still 98 % of the time, at most 1100 ms at once", Watch(stalled).doubt)
        self.assertEqual(Watch(stalled).saturation, "")

    def test_one_short_stall_is_no_doubt(self):
        times = [0.01 * number for number in range(200)] + [2.1 + 0.01 * n for n in range(100)]
        self.assertEqual(Watch(Reading(at, 0, 0) for at in times).doubt, "")
