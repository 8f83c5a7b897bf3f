import random

from django.test import SimpleTestCase, tag

from perftests.measure.changepoints import Step, find_steps

from .simulated_histories import (
    DRIFTS,
    LEVEL,
    STEPS,
    mean_of_five,
    ours,
    share_with_a_step,
    simulate,
)

SERIES = 200

MOST_FALSE_ALARMS = {
    "noise of 10 %, half kept": 10,
    "noise of 15 %, half kept": 10,
    "noise of 10 %, 80 % kept": 25,
    "noise of 10 %, half kept, odd runs": 4,
}
"""In 100 series; 2 in those of independent runs. These are always the same 200."""

LEAST_FOUND = {
    "20 %, noise of 5 %": 95,
    "50 %, noise of 5 %": 99,
    "50 %, noise of 10 %": 95,
    "50 %, noise of 15 %": 80,
    "20 % less, noise of 5 %": 95,
    "50 %, noise of 5 %, the last three runs": 95,
    "50 %, noise of 10 %, the last four runs": 85,
    "20 %, noise of 5 %, mended after 8 runs": 80,
    "50 %, noise of 10 %, mended after 8 runs": 90,
    "50 %, noise of 5 %, mended after 4 runs": 90,
}


class StepTests(SimpleTestCase):
    def test_a_step_is_where_the_first_run_of_the_new_level_is(self):
        values = [100, 104, 98, 101, 97, 103, 125, 121, 126, 123]
        self.assertEqual(find_steps(values), [Step(6, 100.5, 124)])
        self.assertAlmostEqual(find_steps(values)[0].change, 0.234, 3)

    def test_two_steps_have_the_level_between_them_in_common(self):
        values = [*[10, 11, 10, 9] * 3, *[30, 31, 30, 29] * 3, *[20, 21, 20, 19] * 3]
        self.assertEqual(find_steps(values), [Step(12, 10, 30), Step(24, 30, 20)])

    def test_a_level_that_was_left_for_a_while_is_found_again(self):
        for away in (3, 6, 12):
            low = [10, 11, 10, 9] * 3
            with self.subTest(away):
                steps = find_steps([*low, *([20, 21, 19] * 4)[:away], *low])
                self.assertEqual(steps, [Step(12, 10, 20), Step(12 + away, 20, 10)])

    def test_one_or_two_odd_runs_are_no_step_wherever_they_are(self):
        for odd in (1, 2):
            for at in range(13 - odd):
                values = [10.0, 10.2, 9.9, 10.1] * 3
                values[at : at + odd] = [30.0] * odd
                with self.subTest(odd=odd, at=at):
                    self.assertEqual(find_steps(values), [])

    def test_a_count_that_changes_by_one_is_a_step_after_three_runs(self):
        self.assertEqual(find_steps([41] * 9 + [42] * 2), [])
        self.assertEqual(find_steps([41] * 9 + [42] * 3), [Step(9, 41, 42)])

    def test_a_count_that_was_nothing_steps_without_a_share(self):
        self.assertEqual(find_steps([0] * 6 + [3] * 6), [Step(6, 0, 3)])
        self.assertIsNone(find_steps([0] * 6 + [3] * 6)[0].change)

    def test_the_change_of_a_level_below_zero_has_the_sign_of_the_way_it_went(self):
        self.assertEqual(find_steps([-10] * 4 + [-5] * 4)[0].change, 0.5)

    def test_a_clear_step_of_noisy_values_that_is_smaller_than_5_percent_is_left_out(self):
        rng = random.Random(1)
        values = [rng.gauss(100, 0.1) for _ in range(20)] + [rng.gauss(104, 0.1) for _ in range(20)]
        self.assertEqual(find_steps(values), [])

    def test_values_that_never_change_have_no_step(self):
        self.assertEqual(find_steps([7.0] * 50), [])
        self.assertEqual(find_steps([0.0] * 50), [])

    def test_a_count_that_flickers_has_no_step(self):
        self.assertEqual(find_steps([0, 0, 1, 0, 1, 1, 0, 0, 1, 0, 1, 0, 1, 1]), [])

    def test_fewer_than_six_runs_have_no_step(self):
        for values in ([], [1.0], [1, 1, 1, 9, 9]):
            with self.subTest(values):
                self.assertEqual(find_steps(values), [])
        self.assertEqual(find_steps([1, 1, 1, 9, 9, 9]), [Step(3, 1, 9)])


class SimulationTests(SimpleTestCase):
    def test_the_usual_alarm_cries_where_nothing_has_changed_and_ours_does_not(self):
        kind = LEVEL["noise of 10 %"]
        self.assertGreater(simulate(mean_of_five, kind, 20)[1], 200)
        self.assertLess(simulate(ours, kind, 20)[1], 6)

    def test_a_simulated_step_is_found_if_it_is_near_the_right_run(self):
        def kind(history):
            return history.step(50, last=10)

        self.assertEqual(simulate(lambda values: [22], kind, 5), (100, 0))
        self.assertEqual(simulate(lambda values: [23], kind, 5), (0, 100))
        self.assertEqual(simulate(lambda values: [20, 21, 5], kind, 5), (100, 200))


@tag("slow")
class SimulatedHistoryTests(SimpleTestCase):
    """Of series as those of stored runs are; docs/explanation/measuring.md has the table."""

    def test_histories_without_a_step_raise_hardly_any_alarm(self):
        for name, kind in LEVEL.items():
            for runs in (12, 30, 50):
                with self.subTest(name, runs=runs):
                    most = MOST_FALSE_ALARMS.get(name, 2)
                    self.assertLessEqual(simulate(ours, kind, SERIES, runs)[1], most)

    def test_steps_that_stand_out_of_the_noise_are_found(self):
        for name, least in LEAST_FOUND.items():
            with self.subTest(name):
                self.assertGreaterEqual(simulate(ours, STEPS[name], SERIES)[0], least)

    def test_most_drifts_are_found_in_a_long_history(self):
        for name, kind in DRIFTS.items():
            with self.subTest(name):
                self.assertGreaterEqual(share_with_a_step(ours, kind, SERIES, 50), 85)
