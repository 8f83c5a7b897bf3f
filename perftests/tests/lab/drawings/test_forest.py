from django.test import SimpleTestCase

from perftests.lab.drawings.forest import HEIGHT, MARGIN, WIDTH, Forest, Mark
from perftests.measure.stats import Interval


class ForestTests(SimpleTestCase):
    def test_half_is_as_far_from_1_as_twice(self):
        forest = Forest(furthest=4.0, noise=1.15)
        mark = forest.mark(1.0, Interval(0.5, 2.0))
        self.assertEqual(mark.value, WIDTH / 2)
        self.assertEqual(mark.value - mark.low, mark.high - mark.value)
        self.assertEqual(mark.y, HEIGHT / 2)

    def test_an_interval_beyond_the_axis_ends_at_its_edge(self):
        forest = Forest(furthest=2.0, noise=1.15)
        mark = forest.mark(1.0, Interval(0.0, 1e9))
        self.assertEqual(mark, Mark(WIDTH / 2, MARGIN, WIDTH - MARGIN, HEIGHT / 2))

    def test_the_axis_has_room_for_every_ratio_and_never_becomes_too_narrow_or_wide(self):
        self.assertGreater(Forest.around([0.5, 1.5], 1.15).furthest, 2)
        self.assertEqual(Forest.around([], 1.15).furthest, 1.25)
        self.assertEqual(Forest.around([1e9, -1.0], 1.15).furthest, 8)

    def test_the_band_of_noise_is_around_the_middle(self):
        left, width = Forest(furthest=2.0, noise=1.15).band
        self.assertAlmostEqual(left + width / 2, WIDTH / 2, 0)

    def test_marks_of_several_runs_are_under_each_other(self):
        forest = Forest(furthest=2.0, noise=1.15)
        ys = [forest.mark(1.0, Interval(1, 1), place, 2).y for place in (1, 2)]
        self.assertEqual(ys, [6.7, 13.3])
