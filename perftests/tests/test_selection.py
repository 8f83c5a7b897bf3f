from unittest import mock

from django.test import SimpleTestCase

from perftests.exceptions import InvalidSelection
from perftests.selection import select

SAMPLES = "perftests.tests.samples"


def rows(labels, suites=()):
    return [test.row for test in select(labels, suites)]


class SelectionTests(SimpleTestCase):
    def test_a_label_is_a_module_a_class_or_a_test(self):
        self.assertEqual(rows([f"{SAMPLES}.Failing"]), ["S3", "S4", "S5", "S6"])
        self.assertEqual(rows([f"{SAMPLES}.Failing.test_it_crashes"]), ["S4"])
        self.assertGreater(len(rows([SAMPLES])), 10)

    @mock.patch("perftests.selection.DEFAULT_LABEL", f"{SAMPLES}.Passing")
    def test_no_label_means_the_default_label(self):
        self.assertEqual(rows([]), ["S1"])

    def test_a_test_that_two_labels_name_is_chosen_once(self):
        self.assertEqual(rows([f"{SAMPLES}.Passing", f"{SAMPLES}.Passing"]), ["S1"])

    def test_suites_choose_among_the_tests_in_the_order_asked_for(self):
        chosen = rows([SAMPLES], ["sample-slow", "sample"])
        self.assertEqual(chosen, ["S7", "S8", "S9", "S1"])

    def test_tests_come_by_their_row_whatever_the_order_of_labels(self):
        labels = [f"{SAMPLES}.Failing", f"{SAMPLES}.MissingATarget"]
        self.assertEqual(rows(labels), ["S2", "S3", "S4", "S5", "S6"])

    def test_it_rejects_a_suite_that_is_not_there(self):
        with self.assertRaisesRegex(
            InvalidSelection, "^There is no suite 'database' here; choose from sample, sample-bad"
        ):
            select([SAMPLES], ["sample", "database"])

    def test_it_rejects_a_label_that_cannot_be_loaded_in_one_line(self):
        for label in (
            "nonsense",
            "nonsense.tests.perf",
            f"{SAMPLES}.Missing",
            f"{SAMPLES}.Passing.test_missing",
            "perftests/events.py",
            "..",
        ):
            with self.subTest(label), self.assertRaises(InvalidSelection) as refused:
                select([label], [])
            self.assertIn(f"The label {label!r}", str(refused.exception))
            self.assertNotIn("\n", str(refused.exception))

    def test_it_rejects_a_label_without_performance_tests(self):
        with self.assertRaisesRegex(InvalidSelection, "test_conf' holds no performance test"):
            select(["perftests.tests.test_conf"], [])
