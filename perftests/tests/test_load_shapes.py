from itertools import pairwise

from django.test import SimpleTestCase
from hypothesis import given
from hypothesis import strategies as st

from perftests.load.shapes import Stage, constant, due_ns, steps

stages = st.builds(Stage, st.floats(0.1, 5000), st.floats(0, 2))
shapes = st.lists(stages, max_size=5).map(tuple)
moments = st.integers(0, 10**15)


class DueTests(SimpleTestCase):
    @given(shapes, moments)
    def test_each_stage_has_as_many_sends_as_its_rate_says(self, shape, begun_ns):
        due = due_ns(shape, begun_ns)
        self.assertEqual(len(due), sum(round(s.per_second * s.seconds) for s in shape))

    @given(shapes, moments)
    def test_sends_are_due_in_order_from_the_beginning_to_the_end(self, shape, begun_ns):
        due = due_ns(shape, begun_ns)
        # A count is rounded, so the last send of a stage may be half an interval late.
        slack_ns = max((0.5e9 / s.per_second for s in shape), default=0) + len(shape)
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
    def test_when_a_stage_is_due_depends_on_the_length_of_those_before_alone(
        self, before, after, begun_ns
    ):
        whole, first = due_ns(before + after, begun_ns), due_ns(before, begun_ns)
        later_ns = begun_ns + sum(round(stage.seconds * 1e9) for stage in before)
        self.assertEqual(whole, first + due_ns(after, later_ns))


class StepsTests(SimpleTestCase):
    def test_steps_are_multiples_of_a_rate(self):
        self.assertEqual(
            steps(100, (1, 2, 0.5), seconds=3), (Stage(100, 3), Stage(200, 3), Stage(50, 3))
        )

    def test_a_step_begins_when_the_one_before_ends(self):
        due = due_ns(steps(2, (1, 2), seconds=1), 0)
        self.assertEqual([ns / 1e9 for ns in due], [0, 0.5, 1, 1.25, 1.5, 1.75])
