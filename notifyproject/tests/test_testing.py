from unittest import mock

from django.test import SimpleTestCase, tag
from django.test.utils import iter_test_cases

from notifyproject.testing import ProjectTestRunner
from perftests.runner.parallel import SideBySide

STORM = (
    "perftests.suites.faults.test_faults.FaultStormTests.test_notifications_survive_whatever_breaks"
)
NAMED = ["perftests.tests.doors.test_conf", "perftests.tests.records.test_events"]


@tag("slow")
class ParallelRunTests(SimpleTestCase):
    def build(self, labels, **options):
        runner = ProjectTestRunner(verbosity=0, **options)
        with mock.patch("notifyproject.testing.get_max_test_processes", return_value=3):
            suite = runner.build_suite(labels)
        self.ids = [test.id() for test in iter_test_cases(suite)]
        return runner.parallel, any(isinstance(part, SideBySide) for part in suite)

    def test_all_tests_run_in_a_process_for_each_core(self):
        self.assertEqual(self.build([]), (3, True))

    def test_named_tests_run_in_one_process(self):
        self.assertEqual(self.build(NAMED), (1, False))

    def test_a_number_of_processes_that_is_asked_for_comes_first(self):
        self.assertEqual(self.build([], parallel=1), (1, False))
        self.assertEqual(self.build(NAMED, parallel=2), (2, True))

    def test_tests_under_a_debugger_run_in_one_process(self):
        self.assertEqual(self.build([], pdb=True), (1, False))

    def test_a_storm_of_faults_runs_only_where_it_is_named(self):
        self.build([], parallel=1)
        self.assertNotIn(STORM, self.ids)
        self.assertGreater(len(self.ids), 1000)
        self.build([STORM])
        self.assertEqual(self.ids, [STORM])
