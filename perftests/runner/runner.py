"""The test runner: Django's own, which also collects what performance tests measure."""

import sys
import unittest
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import filterfalse
from types import FrameType
from typing import Any

from django.core.management import CommandError
from django.db import connections
from django.test.runner import DiscoverRunner, partition_suite_by_case
from django.test.utils import iter_test_cases, override_settings  # type: ignore[attr-defined]  # as there
from rich.console import Console

from ..exceptions import DatabaseRoleRefused, Interrupted, InvalidSetting
from ..processes.stopping import handled_by
from ..records.events import Listener, ignore
from ..reports import console
from ..testcases import PerformanceTestCase, workload_kinds
from ..workloads import require_valid
from .collecting_result import CollectingResult
from .collector import Collector
from .databases import OwnDatabases
from .parallel import SideBySide, clone_databases, isolated_layers

ON_REQUEST = "on_request"

EXITED = "A module or a fixture of the tests has called exit, so they were not run to their end."


class PerformanceTestRunner(DiscoverRunner):
    """`DiscoverRunner` for suites with performance tests in them.

    They run one after the other and alone, because tests side by side measure each other; so do
    tests that are tagged `alone`. `--parallel` is for all others, which come before. What is tagged
    `on_request` runs only where a label or a tag is given: `--tag on_request`. Each run has
    test databases of its own, and drops what dead runs have left. The first Ctrl-C, SIGTERM or end
    of the terminal ends the running test as an error; clean-ups run, the test database goes, and
    the run fails. It also fails where the performance tests come to no pass, as `perf` does, and
    where no test was run. `listener` is told of everything as it happens.
    """

    def __init__(self, *, listener: Listener = ignore, **options: Any) -> None:
        super().__init__(**{**options, "interactive": False})
        self.collector = Collector(listener)

    def setup_test_environment(self, **kwargs: Any) -> None:
        super().setup_test_environment(**kwargs)
        self._isolated = override_settings(CHANNEL_LAYERS=isolated_layers())
        self._isolated.enable()
        self._signals = handled_by(self._interrupt)
        self._signals.__enter__()

    def teardown_test_environment(self, **kwargs: Any) -> None:
        self._signals.__exit__(None, None, None)
        self._isolated.disable()
        super().teardown_test_environment(**kwargs)

    def build_suite(
        self, test_labels: Sequence[str] | None = None, **kwargs: Any
    ) -> unittest.TestSuite:
        wanted, self.parallel = self.parallel, 1
        if not (test_labels or self.tags):
            self.exclude_tags.add(ON_REQUEST)
        suite = super().build_suite(test_labels, **kwargs)
        tests = list(iter_test_cases(suite))
        require_workloads(performance_tests(tests))
        alone = list(filter(runs_alone, tests))
        classes = partition_suite_by_case(self.test_suite(filterfalse(runs_alone, tests)))
        if min(wanted, len(classes)) <= 1:
            return suite
        self.parallel = min(wanted, len(classes))
        options = self.failfast, self.debug_mode, self.buffer
        return self.test_suite([SideBySide(classes, self.parallel, *options), *alone])

    def run_tests(self, *args: Any, **kwargs: Any) -> int:
        try:
            return super().run_tests(*args, **kwargs)
        except SystemExit as error:  # of a module, or of what a class sets up
            sys.exit(error.code or EXITED)

    def setup_databases(self, **kwargs: Any) -> Any:
        if not self.keepdb:
            require_database_rights(kwargs["aliases"])
        self._databases = OwnDatabases(kwargs["aliases"], keep=self.keepdb)
        try:
            return self._create_databases(**kwargs)
        except BaseException:
            self._databases.release()
            raise

    def _create_databases(self, **kwargs: Any) -> Any:
        processes, self.parallel = self.parallel, 1
        created = super().setup_databases(**kwargs)
        self.parallel = processes
        if processes > 1:
            originals = (connection for connection, _, original in created if original)
            clone_databases(originals, processes, keepdb=self.keepdb)
        return created

    def teardown_databases(self, old_config: Any, **kwargs: Any) -> None:
        try:
            super().teardown_databases(old_config, **kwargs)
        finally:
            self._databases.release()

    def get_resultclass(self) -> type[unittest.TextTestResult]:
        base = super().get_resultclass() or unittest.TextTestResult
        return type(
            "PerformanceTestResult", (CollectingResult, base), {"collector": self.collector}
        )

    def run_suite(self, suite: unittest.TestSuite, **kwargs: Any) -> unittest.TextTestResult:
        # unittest forgets each test as it has run it, so they are listed first.
        self.collector.plan(performance_tests(suite))
        result = super().run_suite(suite, **kwargs)
        self.collector.finish(stopped=result.shouldStop)
        if self.verbosity and self.collector.results:
            console.print_summary(self.collector.results, Console(file=sys.stderr))
        return result

    def suite_result(
        self, suite: unittest.TestSuite, result: unittest.TextTestResult, **kwargs: Any
    ) -> int:
        failures = super().suite_result(suite, result, **kwargs)
        shortcoming = self.collector.shortcoming()
        if not (result.testsRun or result.skipped or failures):
            shortcoming = "No test was run."
        if self.collector.interrupted:
            shortcoming = "The run was interrupted."
        if shortcoming and not failures:
            sys.stderr.write(f"{shortcoming}\n")
        return failures or int(bool(shortcoming))

    def _interrupt(self, number: int, frame: FrameType | None) -> None:
        again = self.collector.interrupted
        self.collector.interrupt()
        if self.collector.testing:
            raise Interrupted("The run was interrupted.")
        if again:
            raise KeyboardInterrupt


def runs_alone(test: Any) -> bool:
    """Whether other tests must not run at the same time."""
    return isinstance(test, PerformanceTestCase) or "alone" in getattr(test, "tags", ())


def performance_tests(suite: Iterable[Any]) -> Iterator[PerformanceTestCase]:
    """The performance tests among the tests of a suite, in its order."""
    return (test for test in iter_test_cases(suite) if isinstance(test, PerformanceTestCase))


def require_workloads(tests: Iterable[PerformanceTestCase]) -> None:
    """Raise a `CommandError` where the project has set a number of these tests to a bad value."""
    try:
        require_valid(workload_kinds(tests))
    except InvalidSetting as error:
        raise CommandError(str(error), returncode=2) from error


def require_database_rights(aliases: Mapping[str, bool]) -> None:
    """Raise `DatabaseRoleRefused` where a PostgreSQL role may not create the test database."""
    for alias in aliases:
        connection = connections[alias]
        if connection.vendor != "postgresql":
            continue
        with connection._nodb_cursor() as cursor:
            cursor.execute(
                "SELECT rolname FROM pg_roles"
                " WHERE rolname = current_user AND NOT (rolcreatedb OR rolsuper)"
            )
            if refused := cursor.fetchone():
                raise DatabaseRoleRefused(
                    f"The PostgreSQL role {refused[0]!r} may not create the test database: as a"
                    f' superuser run ALTER ROLE "{refused[0]}" CREATEDB;'
                )
