import time

from django.test import SimpleTestCase

from perftests.measure.profiles import SampledProfile, shifts

SECONDS = 0.1


def burn(seconds):
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        pass


def burn_by_another():
    burn(SECONDS)


class ProfileTests(SimpleTestCase):
    def profile(self, work):
        profile = SampledProfile()
        profile.start()
        work()
        return profile.stop()

    def found(self, seconds, function):
        return sum(s for name, s in seconds.items() if name.startswith(f"{function} ("))

    def test_time_belongs_to_the_function_that_spends_it_and_to_no_caller(self):
        seconds = self.profile(burn_by_another)
        self.assertGreater(self.found(seconds, "burn"), 0.5 * SECONDS)
        self.assertLess(self.found(seconds, "burn_by_another"), 0.2 * SECONDS)

    def test_functions_are_sorted_by_how_much_more_they_take(self):
        found = shifts({"a": 1.0, "b": 1.0, "gone": 1.0}, {"a": 1.5, "b": 3.0})
        self.assertEqual([shift.function for shift in found], ["b", "a", "gone"])
        self.assertEqual(str(found[1]), "a 1000.0 → 1500.0 ms")
