from django.test import SimpleTestCase

from perftests.lab.drawings.timeline import Mark, Timeline, draw
from perftests.measure.changepoints import Step
from perftests.measure.stats import Interval


def timeline(values, *, intervals=None, steps=(), releases=None, unit="ms"):
    runs = list(range(1, 1 + len(values)))
    none = [None] * len(values)
    return draw(runs, values, intervals or none, steps, releases or [""] * len(values), unit)


class TimelineTests(SimpleTestCase):
    def test_points_go_from_left_to_right_and_higher_values_stand_higher(self):
        first, second = timeline([1.0, 2.0]).points
        self.assertLess(first.x, second.x)
        self.assertGreater(first.y, second.y)
        self.assertEqual((first.run, first.label), (1, "1 ms"))

    def test_everything_that_is_drawn_is_inside_intervals_included(self):
        [point] = timeline([5.0], intervals=[Interval(0.0, 1e6)]).points
        self.assertLess(point.low, Timeline.bottom)
        self.assertGreater(point.high, Timeline.top)
        self.assertLess(point.high, point.low)

    def test_a_step_stands_between_two_runs_and_has_a_level_on_either_side(self):
        drawn = timeline([1.0, 1.0, 9.0, 9.0], steps=[Step(2, 1.0, 9.0)])
        [step] = drawn.steps
        self.assertTrue(drawn.points[1].x < step < drawn.points[2].x)
        before, after = drawn.levels
        self.assertEqual((before.y, after.y), (drawn.points[0].y, drawn.points[3].y))
        self.assertEqual((before.right, after.left), (step, step))

    def test_equal_values_are_drawn_and_have_no_level_of_their_own(self):
        drawn = timeline([0.0, 0.0, 0.0])
        self.assertEqual(len({point.y for point in drawn.points}), 1)
        self.assertEqual(drawn.levels, [])

    def test_a_release_stands_at_its_first_run(self):
        drawn = timeline([1.0, 2.0], releases=["", "v2"])
        self.assertEqual(drawn.releases, [Mark(drawn.points[1].x, "v2")])

    def test_a_long_unit_has_no_room_beside_the_axis(self):
        labels = [tick.label for tick in timeline([1.0, 2.0], unit="notifications/s").ticks]
        self.assertTrue(all("notifications" not in label for label in labels))
