import random

import numpy
from django.test import SimpleTestCase, tag
from scipy.stats import ttest_1samp

from perftests.measure.leaks import detect_leak

from .simulated_leaks import INNOCENT, LEAKING, ours, percent_taken_for_leaks

SERIES = 400

FALSE_ALARMS_PERCENT = 4
"""Of 2,000 series at most 2.5 % are taken for leaks; these are always the same 400."""


class LeakDetectionTests(SimpleTestCase):
    def test_a_steady_rise_above_the_limit_is_a_leak(self):
        verdict = detect_leak([1e6 + 5_000 * cycle for cycle in range(15)], limit_bytes=1_000)
        self.assertIs(verdict.leaking, True)
        self.assertIn("grew by 5 kB per cycle over 15 cycles", verdict.reason)
        self.assertIn("where 1 kB are allowed; that is more than chance", verdict.reason)

    def test_the_p_value_of_a_leak_is_that_of_scipy_over_the_changes_of_the_sizes(self):
        rng = random.Random(3)
        sizes = [1e6 + 2_000 * cycle + rng.gauss(0, 2_000) for cycle in range(25)]
        expected = ttest_1samp(numpy.diff(sizes), 0, alternative="greater").pvalue
        verdict = detect_leak(sizes, limit_bytes=1_000)
        self.assertIn(f"(p = {expected:.2g})", verdict.reason)

    def test_a_rise_in_steps_of_the_allocator_is_a_leak(self):
        steps = [1e6 + 64_000 * (cycle // 5) for cycle in range(30)]
        self.assertIs(detect_leak(steps, limit_bytes=5_000).leaking, True)

    def test_a_steady_rise_below_the_limit_is_no_leak(self):
        verdict = detect_leak([1e6 + 500 * cycle for cycle in range(20)], limit_bytes=1_000)
        self.assertIs(verdict.leaking, False)
        self.assertIn("0.5 kB per cycle", verdict.reason)

    def test_noise_is_no_leak_however_loud_it_is(self):
        rng = random.Random(6)
        verdict = detect_leak([rng.gauss(1e8, 1e7) for _ in range(20)], limit_bytes=0)
        self.assertIs(verdict.leaking, False)

    def test_one_step_is_no_leak_wherever_it_falls(self):
        for cycles in (15, 25, 60):
            for before in range(1, cycles):
                sizes = [1e6] * before + [1e9] * (cycles - before)
                with self.subTest(cycles=cycles, before=before):
                    self.assertIs(detect_leak(sizes, limit_bytes=1_000).leaking, False)

    def test_memory_that_falls_is_no_leak(self):
        falling = [2e6 - 5_000 * cycle for cycle in range(20)]
        self.assertIs(detect_leak(falling, limit_bytes=1_000).leaking, False)

    def test_memory_that_never_changes_is_no_leak(self):
        self.assertIs(detect_leak([1e6] * 20, limit_bytes=0).leaking, False)

    def test_fewer_than_15_cycles_are_inconclusive_about_a_leak(self):
        verdict = detect_leak([1e6 * cycle for cycle in range(14)], limit_bytes=1_000)
        self.assertIsNone(verdict.leaking)
        self.assertEqual(
            verdict.reason, "inconclusive: 14 cycles after warm-up, it takes at least 15"
        )


@tag("slow")
class SimulatedLeakTests(SimpleTestCase):
    """Of series as a server's memory makes them; docs/explanation/measuring.md has the table."""

    def test_series_without_a_leak_raise_hardly_any_alarm(self):
        for name, kind in INNOCENT.items():
            for cycles in (15, 25, 40):
                with self.subTest(name, cycles=cycles):
                    share = percent_taken_for_leaks(ours, kind, SERIES, cycles)
                    self.assertLessEqual(share, FALSE_ALARMS_PERCENT)

    def test_leaks_of_twice_the_limit_are_found(self):
        for name, kind in LEAKING.items():
            with self.subTest(name):
                self.assertGreaterEqual(percent_taken_for_leaks(ours, kind, SERIES), 95)
