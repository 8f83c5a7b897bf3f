from itertools import pairwise

from django.test import SimpleTestCase, tag
from hypothesis import given
from hypothesis import strategies as st

from perftests.load.schedule.shapes import Stage, constant, due_ns, duration, ramp, spike, steps

rates = st.floats(0.1, 5000)
stages = st.builds(Stage, rates, st.floats(0, 2), st.none() | rates)
shapes = st.lists(stages, max_size=5).map(tuple)
moments = st.integers(0, 10**15)


def end(stage):
    return stage.per_second if stage.end_per_second is None else stage.end_per_second


def average(stage):
    return (stage.per_second + end(stage)) / 2


@tag("slow")
class DueSendsTests(SimpleTestCase):
    @given(shapes, moments)
    def test_each_stage_of_a_shape_has_as_many_sends_as_its_rate_says(self, shape, begun_ns):
        due = due_ns(shape, begun_ns)
        self.assertEqual(len(due), sum(round(average(s) * s.seconds) for s in shape))

    @given(shapes, moments)
    def test_sends_are_due_in_order_from_the_beginning_to_the_end(self, shape, begun_ns):
        due = due_ns(shape, begun_ns)
        slack_ns = 1 + len(shape)  # times are rounded
        end_ns = begun_ns + sum(s.seconds for s in shape) * 1e9 + slack_ns
        self.assertTrue(all(begun_ns <= moment <= end_ns for moment in due))
        self.assertTrue(all(earlier <= later + slack_ns for earlier, later in pairwise(due)))

    @given(st.floats(0.1, 5000), st.integers(1, 500), moments)
    def test_a_constant_rate_never_drifts(self, per_second, count, begun_ns):
        due = due_ns(constant(per_second, seconds=count / per_second), begun_ns)
        self.assertEqual(len(due), count)
        for number, moment in enumerate(due):
            self.assertAlmostEqual(moment - begun_ns, number * 1e9 / per_second, delta=1)

    @given(shapes, shapes, moments)
    def test_a_stage_of_a_shape_begins_when_those_before_have_ended(self, before, after, begun_ns):
        whole, first = due_ns(before + after, begun_ns), due_ns(before, begun_ns)
        later_ns = begun_ns + sum(round(stage.seconds * 1e9) for stage in before)
        self.assertEqual(whole, first + due_ns(after, later_ns))


class RampTests(SimpleTestCase):
    @tag("slow")
    @given(rates, rates, st.floats(0.5, 2), st.floats(0, 1))
    def test_sends_of_a_ramp_come_as_fast_as_its_rate_until_any_moment(
        self, begin, end, seconds, share
    ):
        moment = share * seconds
        then = begin + (end - begin) * share
        due = sum(ns < moment * 1e9 for ns in due_ns(ramp(begin, end, seconds=seconds), 0))
        self.assertAlmostEqual(due, (begin + then) / 2 * moment, delta=1.01)

    def test_a_ramp_may_begin_and_end_with_a_rate_of_nothing(self):
        rising, falling = due_ns(ramp(0, 8, seconds=1), 0), due_ns(ramp(8, 0, seconds=1), 0)
        self.assertEqual([round(ns / 1e6) for ns in rising], [0, 500, 707, 866])
        self.assertEqual([round(ns / 1e6) for ns in falling], [0, 134, 293, 500])

    def test_a_stage_of_no_length_or_no_rate_sends_nothing(self):
        self.assertEqual(due_ns((Stage(100, 0), Stage(0, 5), Stage(0, 0, 0)), 0), [])


class SpikeTests(SimpleTestCase):
    def test_a_spike_goes_up_and_back_to_the_usual_rate(self):
        shape = spike(10, 3, seconds=6)
        self.assertEqual(shape, (Stage(10, 2), Stage(30, 2), Stage(10, 2)))
        self.assertEqual(duration(shape), 6)


class StepsTests(SimpleTestCase):
    def test_the_steps_of_a_shape_are_multiples_of_a_rate(self):
        self.assertEqual(
            steps(100, (1, 2, 0.5), seconds=3), (Stage(100, 3), Stage(200, 3), Stage(50, 3))
        )

    def test_a_step_of_a_shape_begins_when_the_one_before_ends(self):
        due = due_ns(steps(2, (1, 2), seconds=1), 0)
        self.assertEqual([ns / 1e9 for ns in due], [0, 0.5, 1, 1.25, 1.5, 1.75])
