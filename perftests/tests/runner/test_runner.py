import os
import signal
import subprocess
import sys
import tempfile
import unittest
from contextlib import redirect_stderr, redirect_stdout
from io import StringIO
from pathlib import Path
from unittest import mock

from django.conf import settings
from django.core.management import CommandError
from django.db import connection
from django.test import SimpleTestCase, TransactionTestCase, tag
from django.test.runner import DebugSQLTextTestResult
from django.test.utils import iter_test_cases

from perftests.exceptions import DatabaseRoleRefused
from perftests.runner.collecting_result import CollectingResult
from perftests.runner.parallel import SideBySide
from perftests.runner.runner import PerformanceTestRunner, require_database_rights
from perftests.testcases import PerformanceTestCase

from .. import samples
from ..faults.running import TimedFaultTestCase
from ..waiting import wait_for_file

TIMEOUT_SECONDS = 300
SAMPLES = "perftests.tests.samples"


class RunnerSuiteTests(SimpleTestCase):
    def build(self, *labels, **options):
        with redirect_stdout(StringIO()):
            runner = PerformanceTestRunner(**options)
            suite = runner.build_suite(labels)
        return runner, suite

    def test_ordinary_tests_run_side_by_side_before_those_that_measure(self):
        runner, suite = self.build(
            f"{SAMPLES}.Passing", f"{SAMPLES}.Ordinary", f"{SAMPLES}.OrdinaryFailing", parallel=2
        )
        together, *alone = suite
        self.assertIsInstance(together, SideBySide)
        self.assertEqual((runner.parallel, together.processes), (2, 2))
        self.assertEqual([type(test) for test in alone], [samples.Passing])

    def test_a_class_that_is_tagged_alone_runs_alone(self):
        _, suite = self.build(
            f"{SAMPLES}.OrdinaryAlone",
            f"{SAMPLES}.Ordinary",
            f"{SAMPLES}.OrdinaryFailing",
            parallel=2,
        )
        _, *alone = suite
        self.assertEqual([type(test) for test in alone], [samples.OrdinaryAlone])

    def test_tests_on_request_run_only_where_a_label_or_a_tag_is_given(self):
        for labels, options, left_out in (
            ([], {}, True),
            ([], {"tags": ["on_request"]}, False),
            ([SAMPLES], {}, False),
        ):
            with self.subTest(labels=labels, **options):
                runner, _ = self.build(*labels, **options)
                self.assertEqual("on_request" in runner.exclude_tags, left_out)

    def test_the_slow_planted_faults_are_left_out_unless_they_are_asked_for(self):
        def planted(**options):
            _, suite = self.build(parallel=1, **options)
            return [t for t in iter_test_cases(suite) if isinstance(t, TimedFaultTestCase)]

        self.assertEqual(planted(), [])
        self.assertGreater(len(planted(tags=["on_request"])), 10)

    def test_suites_on_request_are_left_out_unless_they_are_asked_for(self):
        def measured(*labels):
            _, suite = self.build(*labels, parallel=1)
            return {t.suite for t in iter_test_cases(suite) if isinstance(t, PerformanceTestCase)}

        self.assertTrue({"engine", "faults", "rivals", "scale"}.isdisjoint(measured()))
        self.assertIn("engine", measured("perftests.suites.engine"))

    def test_a_single_ordinary_class_needs_no_second_process(self):
        runner, suite = self.build(f"{SAMPLES}.Passing", f"{SAMPLES}.Ordinary", parallel=2)
        self.assertEqual(runner.parallel, 1)
        self.assertFalse([part for part in suite if isinstance(part, SideBySide)])

    def test_the_runner_never_asks_about_a_left_over_database(self):
        self.assertFalse(PerformanceTestRunner(interactive=True).interactive)

    def test_the_results_of_the_runner_keep_what_debug_sql_adds(self):
        result_class = PerformanceTestRunner(debug_sql=True).get_resultclass()
        self.assertTrue(issubclass(result_class, CollectingResult))
        self.assertTrue(issubclass(result_class, DebugSQLTextTestResult))

    def test_a_refused_database_role_is_shown_without_a_traceback(self):
        self.assertTrue(issubclass(DatabaseRoleRefused, CommandError))


class RunnerSummaryTests(TransactionTestCase):
    def summary(self, **options):
        suite = unittest.defaultTestLoader.loadTestsFromTestCase(samples.MissingATarget)
        with redirect_stderr(StringIO()) as errors:
            PerformanceTestRunner(**options).run_suite(suite)
        return errors.getvalue()

    def test_a_table_of_the_results_follows_the_performance_tests(self):
        table = self.summary().partition("FAILED")[2]
        for expected in ("S2", "A number that misses what", "fail", "1/2"):
            self.assertIn(expected, table)

    def test_the_table_of_the_results_is_left_out_when_little_is_to_be_said(self):
        self.assertNotIn("Required", self.summary(verbosity=0))


class DatabaseRoleTests(TransactionTestCase):
    def test_a_database_role_that_may_create_databases_is_let_through(self):
        require_database_rights({"default": False})

    # Defined only there, not skipped elsewhere: SQLite has no roles.
    if connection.vendor == "postgresql":

        def test_a_database_role_that_may_not_create_databases_is_told_what_to_do(self):
            with connection.cursor() as cursor:
                cursor.execute("CREATE ROLE perf_limited")
                self.addCleanup(self.drop_role)
            options = {**connection.settings_dict["OPTIONS"], "options": "-c role=perf_limited"}
            with (
                mock.patch.dict(connection.settings_dict, {"OPTIONS": options}),
                self.assertRaisesRegex(
                    DatabaseRoleRefused, "'perf_limited'.* ALTER ROLE \"perf_limited\" CREATEDB;"
                ),
            ):
                require_database_rights({"default": False})

        def drop_role(self):
            with connection.cursor() as cursor:
                cursor.execute("DROP ROLE perf_limited")


@tag("slow")
class RunnerInterruptTests(SimpleTestCase):
    def test_a_test_run_that_any_signal_ends_cleans_up_and_removes_its_database(self):
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            with self.subTest(number):
                self.check(number)

    def check(self, number):
        with tempfile.TemporaryDirectory() as directory:
            marks, temporary = Path(directory, "marks"), Path(directory, "temporary")
            marks.mkdir()
            temporary.mkdir()
            environment = {
                **os.environ,
                "DATABASE_URL": f"sqlite:///{directory}/db.sqlite3",
                "SAMPLE_MARKS": str(marks),
                "TMPDIR": str(temporary),
            }
            with subprocess.Popen(
                [sys.executable, "manage.py", "test", "perftests.tests.samples.Slow"],
                cwd=settings.BASE_DIR,
                env=environment,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
            ) as process:
                wait_for_file(marks / "waiting", TIMEOUT_SECONDS)
                process.send_signal(number)
                output, _ = process.communicate(timeout=TIMEOUT_SECONDS)
            self.assertEqual(process.returncode, 1, output)
            self.assertEqual({path.name for path in marks.iterdir()}, {"waiting", "cleaned"})
            self.assertEqual(list(temporary.iterdir()), [])


@tag("slow")
class RunnerProcessTests(SimpleTestCase):
    """`manage.py test` as in a terminal, with a directory of its own for temporary files."""

    def setUp(self):
        self.directory = self.enterContext(tempfile.TemporaryDirectory())

    def run_tests(self, *arguments):
        environment = {**os.environ, "TMPDIR": self.directory}
        environment.pop("DATABASE_URL", None)
        return subprocess.run(
            [sys.executable, "manage.py", "test", *arguments],
            cwd=settings.BASE_DIR,
            env=environment,
            capture_output=True,
            text=True,
            timeout=TIMEOUT_SECONDS,
        )

    def test_no_file_of_a_test_database_is_left_behind(self):
        # Its threads have the database open when it is removed.
        done = self.run_tests("notifications.tests.hub.delivery.test_unread")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(os.listdir(self.directory), [])

    def test_no_file_of_a_copy_of_a_test_database_is_left_behind(self):
        labels = (
            "notifications.tests.hub.delivery.test_unread",
            "notifications.tests.hub.delivery.test_watch",
        )
        done = self.run_tests(*labels, "--parallel", "2")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(os.listdir(self.directory), [])

    def test_a_test_run_without_a_pass_exits_with_1_even_where_no_test_fails(self):
        odd = "perftests.tests.odd_samples"
        for label, said in (
            (f"{odd}.OddEndings.test_is_in_doubt", "No pass: "),
            (f"{odd}.Stopping", "1 of 2 performance tests have no result."),
            (f"{SAMPLES}.Failing.test_it_is_skipped", "Every performance test was skipped."),
            ("perftests.tests.waiting", "No test was run."),
            (f"{odd}.ExitsWhileSetUp", "has called exit"),
        ):
            with self.subTest(label):
                done = self.run_tests(label)
                self.assertEqual(done.returncode, 1, done.stderr)
                self.assertIn(said, done.stderr)

    def test_a_failure_in_a_parallel_process_is_shown_with_its_line(self):
        labels = f"{SAMPLES}.Ordinary", f"{SAMPLES}.OrdinaryFailing"
        done = self.run_tests(*labels, "--parallel", "2")
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertIn('self.fail("It fails on purpose.")', done.stderr)
        self.assertIn("Ran 2 tests", done.stderr)
