from django.test import SimpleTestCase

from perftests.suites.kit.connecting import Step, kilobytes_each


class ConnectionWeightTests(SimpleTestCase):
    def test_the_weight_of_a_connection_is_the_slope_over_the_levels(self):
        levels = {50: 70_000, 100: 71_500, 200: 74_500, 300: 77_500}
        steps = [Step(level, 1, [1], kilobytes) for level, kilobytes in levels.items()]
        self.assertAlmostEqual(kilobytes_each(steps), 30)
