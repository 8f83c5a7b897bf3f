import contextlib
import sys
import tempfile
from pathlib import Path
from unittest import mock

from django.test import SimpleTestCase, modify_settings

from perftests.exceptions import InvalidSelection
from perftests.runner.selection import select

from ..odd_samples import Parametrised

SAMPLES = "perftests.tests.samples"


def rows(labels, suites=()):
    return [test.row for test in select(labels, suites)]


class SelectionTests(SimpleTestCase):
    def test_a_label_selects_a_module_a_class_or_a_test(self):
        self.assertEqual(rows([f"{SAMPLES}.Failing"]), ["S3", "S4", "S5", "S6"])
        self.assertEqual(rows([f"{SAMPLES}.Failing.test_it_crashes"]), ["S4"])
        self.assertGreater(len(rows([SAMPLES])), 10)

    def test_the_name_of_a_row_selects_all_its_tests(self):
        rows = [test.row for test in select(["N7", "E1"], [])]
        self.assertEqual(rows, ["E1", "E1", "N7"])

    def test_a_row_that_does_not_exist_is_rejected(self):
        with self.assertRaisesMessage(InvalidSelection, "There is no row N99; perf --list"):
            select(["N99"], [])

    def test_a_label_never_means_a_folder_of_that_name_in_the_current_one(self):
        with tempfile.TemporaryDirectory() as here, contextlib.chdir(here):
            for name in ("perftests", "perftests.suites", SAMPLES):
                Path(name, "tests").mkdir(parents=True)
            Path("perftests", "__init__.py").touch()
            self.assertEqual(rows([f"{SAMPLES}.Failing.test_it_crashes"]), ["S4"])
            self.assertGreater(len(rows([SAMPLES])), 10)
            self.assertGreater(len(rows(["perftests"])), 10)
            self.assertGreater(len(rows([])), 10)

    @modify_settings(INSTALLED_APPS={"remove": "notifications"})
    def test_a_project_with_the_lab_alone_is_told_to_name_tests_of_its_own(self):
        for labels in ([], ["N7"], ["perftests"], ["perftests.suites.database"]):
            with (
                self.subTest(labels),
                self.assertRaisesMessage(InvalidSelection, "not in INSTALLED_APPS here; tests of"),
            ):
                select(labels, [])

    @modify_settings(INSTALLED_APPS={"remove": "notifications"})
    def test_a_project_with_the_lab_alone_selects_its_own_tests(self):
        self.assertEqual(rows([f"{SAMPLES}.Passing"]), ["S1"])

    @mock.patch("perftests.runner.selection.DEFAULT_LABEL", f"{SAMPLES}.Passing")
    def test_a_selection_without_labels_takes_the_default_label(self):
        self.assertEqual(rows([]), ["S1"])

    def test_a_test_that_two_labels_name_is_chosen_once(self):
        self.assertEqual(rows([f"{SAMPLES}.Passing", f"{SAMPLES}.Passing"]), ["S1"])

    def test_suites_select_tests_in_the_order_asked_for(self):
        chosen = rows([SAMPLES], ["sample-slow", "sample"])
        self.assertEqual(chosen, ["S7", "S8", "S9", "S1"])

    def test_selected_tests_come_by_their_row_whatever_the_order_of_labels(self):
        labels = [f"{SAMPLES}.Failing", f"{SAMPLES}.MissingATarget"]
        self.assertEqual(rows(labels), ["S2", "S3", "S4", "S5", "S6"])

    def test_a_suite_that_is_not_there_is_rejected(self):
        with self.assertRaisesRegex(
            InvalidSelection, "^There is no suite 'database' here; choose from sample, sample-bad"
        ):
            select([SAMPLES], ["sample", "database"])

    def test_a_label_that_cannot_be_loaded_is_rejected_in_one_line(self):
        for label in (
            "nonsense",
            "nonsense.tests.perf",
            f"{SAMPLES}.Missing",
            f"{SAMPLES}.Passing.test_missing",
            "perftests/records/events.py",
            "..",
        ):
            with self.subTest(label), self.assertRaises(InvalidSelection) as refused:
                select([label], [])
            self.assertIn(f"The label {label!r}", str(refused.exception))
            self.assertNotIn("\n", str(refused.exception))

    def test_a_label_without_performance_tests_is_rejected(self):
        with self.assertRaisesRegex(InvalidSelection, "test_conf' holds no performance test"):
            select(["perftests.tests.doors.test_conf"], [])

    def test_a_module_that_raises_anything_while_it_is_imported_cannot_be_loaded(self):
        folder = self.enterContext(tempfile.TemporaryDirectory())
        self.enterContext(mock.patch("sys.path", [folder, *sys.path]))
        for number, (line, reason) in enumerate(
            (
                ("def f(:", "SyntaxError: invalid syntax"),
                ("1 / 0", "ZeroDivisionError: division by zero"),
                ("import sys; sys.exit(0)", "SystemExit: 0"),
                ("import unittest; raise unittest.SkipTest('no')", "unittest.case.SkipTest: no"),
                ("def load_tests(*arguments): pass", "AttributeError: 'NoneType'"),
            )
        ):
            Path(folder, f"odd_module_{number}.py").write_text(line)
            with self.subTest(line), self.assertRaises(InvalidSelection) as refused:
                select([f"odd_module_{number}"], [])
            self.assertIn(f"cannot be loaded: {reason}", str(refused.exception))

    def test_a_test_that_is_made_with_arguments_is_refused(self):
        made = Parametrised("test_measures", 80)
        with (
            mock.patch("perftests.runner.selection.load", return_value=[Parametrised(), made]),
            self.assertRaisesRegex(InvalidSelection, "test_measures' is made with arguments"),
        ):
            select(["odd"], [])

    def test_a_test_that_makes_a_lock_of_its_own_is_selected_by_its_label(self):
        label = f"{Parametrised.__module__}.Parametrised"
        self.assertEqual(len(select([label], [])), 1)

    def test_a_test_class_that_no_label_can_name_is_refused(self):
        class Local(Parametrised):
            pass

        with (
            mock.patch("perftests.runner.selection.load", return_value=[Local()]),
            self.assertRaisesRegex(InvalidSelection, "<locals>.* cannot be loaded"),
        ):
            select(["odd"], [])
