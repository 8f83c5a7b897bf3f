from django.test import SimpleTestCase

from perftests.measure.units import MISSING, format_value, kilobytes, megabytes, milliseconds


class FormatValueTests(SimpleTestCase):
    def test_a_value_is_written_with_three_significant_digits_and_its_unit(self):
        for value, unit, text in [
            (12.34, "ms", "12.3 ms"),
            (0.03456, "ms", "0.0346 ms"),
            (4.5, "MB", "4.5 MB"),
            (9.999, "s", "10 s"),
            (-3.21, "kB", "-3.21 kB"),
            (0, "s", "0 s"),
        ]:
            with self.subTest(text):
                self.assertEqual(format_value(value, unit), text)

    def test_digits_before_the_decimal_point_are_never_cut(self):
        self.assertEqual(format_value(1234, "notifications/s"), "1,234 notifications/s")
        self.assertEqual(format_value(1_234_567.8, "bytes"), "1,234,568 bytes")
        self.assertEqual(format_value(200, "queries"), "200 queries")

    def test_percentages_are_written_with_one_decimal_and_ratios_with_two(self):
        self.assertEqual(format_value(98, "%"), "98.0 %")
        self.assertEqual(format_value(1.118, "×"), "1.12 ×")

    def test_a_percentage_below_100_is_never_rounded_up_to_100(self):
        self.assertEqual(format_value(99.99, "%"), "99.9 %")
        self.assertEqual(format_value(100, "%"), "100.0 %")

    def test_a_dash_stands_where_there_is_no_number(self):
        for value in (None, float("nan"), float("inf")):
            with self.subTest(value):
                self.assertEqual(format_value(value, "ms"), MISSING)

    def test_an_empty_unit_is_left_out(self):
        self.assertEqual(format_value(7, ""), "7")


class UnitConversionTests(SimpleTestCase):
    def test_the_prefixes_of_units_are_decimal(self):
        self.assertEqual(milliseconds(1_500_000), 1.5)
        self.assertEqual(kilobytes(2_500), 2.5)
        self.assertEqual(megabytes(2_500_000), 2.5)
