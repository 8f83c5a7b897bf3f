import unittest
from contextlib import redirect_stderr, redirect_stdout
from io import StringIO

from django.test import TransactionTestCase, tag

from perftests.exceptions import Interrupted
from perftests.records.events import Started, SuiteStarted
from perftests.records.results import Outcome
from perftests.records.targets import Verdict
from perftests.runner.runner import PerformanceTestRunner
from perftests.testcases import PerformanceTestCase

from .. import odd_samples, samples


def collect(*classes, **options):
    """Run the tests of classes inside this run, and give the runner with its events."""
    events = []
    runner = PerformanceTestRunner(verbosity=0, listener=events.append, **options)
    load = unittest.defaultTestLoader.loadTestsFromTestCase
    with redirect_stderr(StringIO()), redirect_stdout(StringIO()):
        result = runner.run_suite(unittest.TestSuite(map(load, classes)))
    return runner, result, events


def results_of(*classes):
    return collect(*classes)[0].collector.results


class CollectedEventTests(TransactionTestCase):
    def test_the_collector_tells_what_happens_in_order(self):
        _, _, events = collect(samples.Passing, samples.MissingATarget)
        kinds = [type(event).__name__ for event in events]
        expected = "Started SuiteStarted TestStarted Progress TestEnded SuiteStarted TestStarted"
        self.assertEqual(kinds, [*expected.split(), "TestEnded"])
        self.assertEqual(events[0], Started(2))
        self.assertEqual(events[1], SuiteStarted("sample", 1))
        self.assertEqual(events[2].test, "perftests.tests.samples.Passing.test_it_measures")
        self.assertEqual((events[2].row, events[2].title), ("S1", "Everything a test can record"))

    def test_the_collector_tells_nothing_of_ordinary_tests(self):
        class Ordinary(unittest.TestCase):
            def test_it_fails(self):
                self.fail()

        runner, result, events = collect(Ordinary)
        self.assertEqual(len(result.failures), 1)
        self.assertEqual((runner.collector.results, events), ([], [Started(0)]))


class CollectedOutcomeTests(TransactionTestCase):
    def test_the_collector_collects_everything_that_a_test_recorded(self):
        (result,) = results_of(samples.Passing)
        self.assertIs(result.outcome, Outcome.COMPLETED)
        self.assertIs(result.verdict, Verdict.PASS)
        self.assertEqual([metric.name for metric in result.metrics], ["users", "doubtful"])
        self.assertEqual([series.name for series in result.series], ["server rss"])
        self.assertEqual(list(result.histograms), ["delivery latency"])
        self.assertEqual(len(result.notes), 1)
        self.assertGreater(result.seconds, 0)

    def test_a_missed_target_fails_the_verdict_of_a_completed_test(self):
        _, result, events = collect(samples.MissingATarget)
        collected = events[-1].result
        self.assertIs(collected.outcome, Outcome.COMPLETED)
        self.assertIs(collected.verdict, Verdict.FAIL)
        self.assertEqual(collected.detail, "")
        self.assertFalse(result.wasSuccessful())

    def test_the_collector_tells_failures_errors_and_skips_apart(self):
        results = {result.row: result for result in results_of(samples.Failing)}
        self.assertEqual(
            {row: result.outcome for row, result in results.items()},
            {
                "S3": Outcome.FAILED,
                "S4": Outcome.ERROR,
                "S5": Outcome.FAILED,
                "S6": Outcome.SKIPPED,
            },
        )
        self.assertIn("one is not two", results["S3"].detail)
        self.assertIn("RuntimeError: it crashed", results["S4"].detail)
        self.assertIn("a part failed", results["S5"].detail)
        self.assertEqual(results["S6"].detail, "there is no service")
        self.assertEqual([metric.name for metric in results["S3"].metrics], ["before"])

    def test_a_clean_up_that_fails_makes_an_error_of_a_failed_test(self):
        class FailingTwice(PerformanceTestCase):
            def test_it(self):
                self.addCleanup(lambda: 1 / 0)
                self.fail("at first")

        (result,) = results_of(FailingTwice)
        self.assertIs(result.outcome, Outcome.ERROR)
        self.assertIn("at first", result.detail)
        self.assertIn("ZeroDivisionError", result.detail)

    def test_tables_that_cannot_be_flushed_make_an_error_of_a_test(self):
        class LeavingAMess(PerformanceTestCase):
            def test_it(self):
                pass

            def _fixture_teardown(self):
                super()._fixture_teardown()
                raise RuntimeError("the tables are locked")

        (result,) = results_of(LeavingAMess)
        self.assertIs(result.outcome, Outcome.ERROR)
        self.assertIn("the tables are locked", result.detail)


class OddEndingTests(TransactionTestCase):
    """No odd end is a pass: neither by the verdict nor by the exit status."""

    def end(self, suite):
        """The results, the exit status and what is said about it."""
        runner = PerformanceTestRunner(verbosity=0)
        with redirect_stderr(StringIO()) as said, redirect_stdout(StringIO()):
            result = runner.run_suite(suite)
            status = runner.suite_result(suite, result)
        return runner.collector, status, said.getvalue()

    def end_of(self, *classes):
        load = unittest.defaultTestLoader.loadTestsFromTestCase
        return self.end(unittest.TestSuite(map(load, classes)))

    @tag("slow")
    def test_no_odd_ending_of_a_test_is_a_pass(self):
        for name in unittest.defaultTestLoader.getTestCaseNames(odd_samples.OddEndings):
            with self.subTest(name):
                collector, status, _ = self.end(unittest.TestSuite([odd_samples.OddEndings(name)]))
                (result,) = collector.results
                self.assertIsNot(result.verdict, Verdict.PASS)
                self.assertFalse(result.skipped)
                self.assertIsNot(collector.verdict, Verdict.PASS)
                self.assertNotEqual(status, 0)

    @tag("slow")
    def test_each_odd_ending_of_a_test_says_what_it_was(self):
        for name, expected in (
            ("measures_nothing", "measured nothing"),
            ("is_expected_to_fail_and_passes", "Unexpected success"),
            ("is_expected_to_fail_and_fails", "as expected"),
            ("loses_a_thread", "invalid literal"),
            ("raises_nul_and_a_surrogate", "a\\x00b\\ud800"),
            ("has_a_title_with_nul", "the title holds NUL"),
            ("misses_and_skips", "no more"),
        ):
            with self.subTest(name):
                suite = unittest.TestSuite([odd_samples.OddEndings(f"test_{name}")])
                (result,) = self.end(suite)[0].results
                self.assertIn(expected, result.detail)

    def test_a_test_that_skips_a_part_of_itself_is_skipped(self):
        class Partly(PerformanceTestCase):
            def test_it(self):
                self.measure("rate", 200, "/s", required="> 100")
                with self.subTest("part"):
                    self.skipTest("no service")

        (result,) = results_of(Partly)
        self.assertTrue(result.skipped)

    def test_a_missed_target_counts_where_set_up_does_not_call_its_parent(self):
        _, status, said = self.end_of(odd_samples.ForgetfulSetUp)
        self.assertEqual(status, 1)
        self.assertIn("ForgetfulSetUp.test_misses", said)

    def test_a_run_that_a_test_stops_is_no_pass(self):
        _, status, said = self.end_of(odd_samples.Stopping)
        self.assertEqual(status, 1)
        self.assertIn("1 of 2 performance tests have no result", said)

    def test_a_run_of_skipped_tests_alone_is_no_pass(self):
        class Skipping(PerformanceTestCase):
            @unittest.skip("no service")
            def test_it(self):
                pass

        _, status, said = self.end_of(Skipping)
        self.assertEqual(
            (status, said.splitlines()[-1]), (1, "Every performance test was skipped.")
        )
        self.assertEqual(self.end_of(Skipping, samples.Passing)[1], 0)

    def test_a_run_without_any_test_is_no_pass(self):
        _, status, said = self.end(unittest.TestSuite())
        self.assertEqual((status, said.splitlines()[-1]), (1, "No test was run."))

    def test_ordinary_tests_end_as_they_always_did(self):
        class Ordinary(unittest.TestCase):
            def test_it_passes(self):
                pass

            @unittest.skip("no service")
            def test_it_is_skipped(self):
                pass

            @unittest.expectedFailure
            def test_it_is_expected_to_fail(self):
                self.fail()

        self.assertEqual(self.end_of(Ordinary)[1], 0)
        for name in ("test_it_is_skipped", "test_it_is_expected_to_fail"):
            self.assertEqual(self.end(unittest.TestSuite([Ordinary(name)]))[1], 0)


class ClassFixtureTests(TransactionTestCase):
    def test_a_broken_class_set_up_is_the_error_of_each_test_of_the_class(self):
        (result,) = results_of(samples.BrokenSetUp)
        self.assertEqual(result.test, "perftests.tests.samples.BrokenSetUp.test_it_never_starts")
        self.assertIs(result.outcome, Outcome.ERROR)
        self.assertIn("no set-up", result.detail)

    def test_a_skipped_class_set_up_skips_each_test_of_the_class(self):
        class Skipping(PerformanceTestCase):
            @classmethod
            def setUpClass(cls):
                raise unittest.SkipTest("no service")

            def test_it(self):
                pass

        (result,) = results_of(Skipping)
        self.assertEqual((result.outcome, result.detail), (Outcome.SKIPPED, "no service"))

    def test_a_broken_class_tear_down_is_a_result_of_its_own(self):
        passed, broken = results_of(samples.BrokenTearDown)
        self.assertIs(passed.verdict, Verdict.PASS)
        self.assertIs(broken.verdict, Verdict.FAIL)
        self.assertEqual(broken.suite, "sample-broken")
        self.assertIn("no tear-down", broken.detail)

    def test_a_class_is_not_blamed_for_the_broken_set_up_of_another(self):
        results = results_of(samples.BrokenSetUp, samples.Passing)
        self.assertEqual(
            {result.suite: result.verdict for result in results},
            {"sample-broken": Verdict.FAIL, "sample": Verdict.PASS},
        )

    def test_tests_after_the_first_failure_of_failfast_have_no_results(self):
        runner, _, _ = collect(samples.MissingATarget, samples.Passing, failfast=True)
        self.assertEqual([r.suite for r in runner.collector.results], ["sample-bad"])
        self.assertFalse(runner.collector.complete)

    def test_a_skip_or_a_doubt_does_not_end_a_run_with_failfast(self):
        runner, _, _ = collect(samples.Undecided, failfast=True)
        self.assertEqual([r.row for r in runner.collector.results], ["S11", "S12", "S13"])
        self.assertTrue(runner.collector.complete)

    def test_a_broken_set_up_that_ends_a_run_with_failfast_is_told(self):
        runner, _, _ = collect(samples.BrokenSetUp, samples.Passing, failfast=True)
        (result,) = runner.collector.results
        self.assertIn("no set-up", result.detail)

    def test_a_broken_tear_down_after_the_failure_is_not_blamed_on_tests_that_never_ran(self):
        class Untidy(PerformanceTestCase):
            @classmethod
            def tearDownClass(cls):
                super().tearDownClass()
                raise RuntimeError("no tear-down")

            def test_1_it_fails(self):
                self.fail()

            def test_2_it_never_starts(self):
                pass

        runner, _, _ = collect(Untidy, failfast=True)
        failed, broken = runner.collector.results
        self.assertIn("test_1_it_fails", failed.test)
        self.assertIn("tearDownClass", broken.test)


class CollectorInterruptTests(TransactionTestCase):
    def test_an_interrupted_test_counts_as_skipped_and_no_other_starts(self):
        cleaned = []

        class Waiting(PerformanceTestCase):
            def test_1_it_is_interrupted(self):
                self.addCleanup(cleaned.append, True)
                runner.collector.interrupt()
                raise Interrupted

            def test_2_it_never_starts(self):
                self.fail()

        runner = PerformanceTestRunner(verbosity=0)
        suite = unittest.defaultTestLoader.loadTestsFromTestCase(Waiting)
        with redirect_stderr(StringIO()):
            result = runner.run_suite(suite)
        (collected,) = runner.collector.results
        self.assertIs(collected.outcome, Outcome.SKIPPED)
        self.assertEqual(collected.detail, "Interrupted before it ended.")
        self.assertEqual(cleaned, [True])
        self.assertNotEqual(runner.suite_result(suite, result), 0)

    def test_a_test_does_not_run_after_an_interrupt_during_the_set_up_of_its_class(self):
        class Starting(PerformanceTestCase):
            @classmethod
            def setUpClass(cls):
                super().setUpClass()
                runner.collector.interrupt()

            def test_it_never_runs(self):
                self.fail()

        runner = PerformanceTestRunner(verbosity=0)
        with redirect_stderr(StringIO()):
            runner.run_suite(unittest.defaultTestLoader.loadTestsFromTestCase(Starting))
        (collected,) = runner.collector.results
        self.assertIs(collected.outcome, Outcome.SKIPPED)
        self.assertEqual(collected.detail, "Interrupted before it ended.")

    def test_no_test_starts_after_an_interrupt_during_the_set_up_of_the_database(self):
        runner = PerformanceTestRunner(verbosity=0)
        runner.collector.interrupt()
        suite = unittest.defaultTestLoader.loadTestsFromTestCase(samples.Passing)
        with redirect_stderr(StringIO()):
            result = runner.run_suite(suite)
        self.assertEqual((result.testsRun, runner.collector.results), (0, []))
        with redirect_stderr(StringIO()) as said:
            self.assertEqual(runner.suite_result(suite, result), 1)
        self.assertEqual(said.getvalue(), "The run was interrupted.\n")
