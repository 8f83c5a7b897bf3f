from unittest import mock

from django.test import SimpleTestCase

from notifyproject.testing import ProjectTestRunner
from perftests.side_by_side import SideBySide

NAMED = ["perftests.tests.test_conf", "perftests.tests.test_events"]


class ParallelTests(SimpleTestCase):
    def build(self, labels, **options):
        runner = ProjectTestRunner(verbosity=0, **options)
        with mock.patch("notifyproject.testing.get_max_test_processes", return_value=3):
            suite = runner.build_suite(labels)
        return runner.parallel, any(isinstance(part, SideBySide) for part in suite)

    def test_all_tests_run_in_a_process_for_each_core(self):
        self.assertEqual(self.build([]), (3, True))

    def test_named_tests_run_in_one(self):
        self.assertEqual(self.build(NAMED), (1, False))

    def test_what_is_asked_for_comes_first(self):
        self.assertEqual(self.build([], parallel=1), (1, False))
        self.assertEqual(self.build(NAMED, parallel=2), (2, True))

    def test_a_debugger_gets_the_terminal(self):
        self.assertEqual(self.build([], pdb=True), (1, False))
