"""Turns what unittest tells about performance tests into results and events."""
# ruff: noqa: N802 - the names that unittest calls

import unittest
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from time import perf_counter
from types import TracebackType
from typing import Any
from unittest.util import strclass

from .events import Listener, Started, SuiteStarted, TestEnded, TestStarted
from .exceptions import Interrupted, TargetMissed
from .measure.results import Outcome, Result
from .testcases import PerformanceTestCase

ExceptionInfo = tuple[type[BaseException], BaseException, TracebackType] | tuple[None, None, None]

GRAVITY = (Outcome.COMPLETED, Outcome.SKIPPED, Outcome.FAILED, Outcome.ERROR)


@dataclass(slots=True)
class Ending:
    """How a test ended, so far: the gravest outcome counts, every text is kept."""

    outcome: Outcome = Outcome.COMPLETED
    detail: str = ""

    def add(self, outcome: Outcome, detail: str) -> None:
        self.outcome = max(self.outcome, outcome, key=GRAVITY.index)
        self.detail = "\n".join(filter(None, (self.detail, detail)))


class Collector:
    """The results of the performance tests of one run, told to a listener as they come."""

    def __init__(self, listener: Listener) -> None:
        self.listener = listener
        self.results: list[Result] = []
        self.interrupted = False
        self.testing = False
        self.stop_run: Callable[[], None] = lambda: None
        self._planned: list[PerformanceTestCase] = []
        self._fixtures: dict[str, Ending] = {}
        self._suite: str | None = None
        self._test: PerformanceTestCase | None = None
        self._ending = Ending()
        self._started = self._seconds = 0.0

    def plan(self, tests: Iterable[PerformanceTestCase]) -> None:
        """The tests that are about to run."""
        self._planned = list(tests)
        self.listener(Started(len(self._planned)))

    def start(self, test: PerformanceTestCase) -> None:
        self._announce(test)
        test.listener, test.interrupted = self.listener, self.interrupted
        self._test, self._ending = test, Ending()
        self._started = perf_counter()
        self.testing = True

    def stop(self) -> None:
        self.testing = False
        self._seconds = perf_counter() - self._started

    def add(self, test: Any, outcome: Outcome, detail: str) -> None:
        """Note the end of the current test, or what went wrong in a fixture around tests."""
        if test is self._test:
            self._ending.add(outcome, detail)
        elif isinstance(test, PerformanceTestCase) or not isinstance(test, unittest.TestCase):
            self._fixtures.setdefault(test.id(), Ending()).add(outcome, detail)

    def conclude(self) -> None:
        """Report the last test. Its tables are flushed after it stopped, and that may fail too."""
        if self._test is not None:
            ending = self._ending
            self._report(self._test.result(ending.outcome, self._seconds, ending.detail))
            self._test = None

    def interrupt(self) -> None:
        """Let no further test start."""
        self.interrupted = True
        self.stop_run()

    @property
    def complete(self) -> bool:
        """Whether every planned test has a result."""
        return not self._without_result(self._planned)

    def finish(self, *, stopped: bool) -> None:
        """Account for the tests without a result: a fixture failed, or something odd happened.

        Of a run that was `stopped` early, the others have none.
        """
        for name, ending in self._fixtures.items():
            self._report_fixture(name, ending)
        for test in [] if stopped else self._without_result(self._planned):
            self._report(test.result(Outcome.ERROR, 0.0, "It was planned and never started."))

    def _announce(self, test: PerformanceTestCase) -> None:
        if test.suite != self._suite:
            self._suite = test.suite
            size = sum(planned.suite == test.suite for planned in self._planned)
            self.listener(SuiteStarted(test.suite, size))
        self.listener(TestStarted(test.id(), test.suite, test.row, test.title))

    def _report(self, result: Result) -> None:
        self.results.append(result)
        self.listener(TestEnded(result))

    def _report_fixture(self, name: str, ending: Ending) -> None:
        around = [test for test in self._planned if is_around(name, test)]
        if around and name.startswith("tearDown"):
            self._report(
                Result(name, around[0].suite, "", name, ending.outcome, 0.0, detail=ending.detail)
            )
        else:
            for test in self._without_result(around):
                self._report(test.result(ending.outcome, 0.0, ending.detail))

    def _without_result(self, tests: Iterable[PerformanceTestCase]) -> list[PerformanceTestCase]:
        have = {result.test for result in self.results}
        return [test for test in tests if test.id() not in have]


def is_around(fixture: str, test: PerformanceTestCase) -> bool:
    """Whether a fixture, by unittest's name such as "setUpClass (app.tests.Class)", is of `test`.

    The set-up of a single test that failed before it started has the test's own name.
    """
    owner = fixture.partition("(")[2].rstrip(")")
    return fixture == test.id() or owner in (strclass(type(test)), type(test).__module__)


class CollectingResult(unittest.TextTestResult):
    """A unittest result that hands on to a `Collector` what concerns performance tests."""

    collector: Collector

    def startTestRun(self) -> None:
        super().startTestRun()
        self.collector.stop_run = self.stop
        if self.collector.interrupted:
            self.stop()

    def stopTestRun(self) -> None:
        self.collector.conclude()
        super().stopTestRun()

    def startTest(self, test: unittest.TestCase) -> None:
        self.collector.conclude()
        super().startTest(test)
        if isinstance(test, PerformanceTestCase):
            self.collector.start(test)

    def stopTest(self, test: unittest.TestCase) -> None:
        if isinstance(test, PerformanceTestCase):
            self.collector.stop()
        super().stopTest(test)

    def addError(self, test: unittest.TestCase, err: ExceptionInfo) -> None:
        super().addError(test, err)
        self._collect(test, Outcome.ERROR, err)

    def addFailure(self, test: unittest.TestCase, err: ExceptionInfo) -> None:
        super().addFailure(test, err)
        self._collect(test, Outcome.FAILED, err)

    def addSubTest(
        self, test: unittest.TestCase, subtest: unittest.TestCase, err: ExceptionInfo | None
    ) -> None:
        super().addSubTest(test, subtest, err)
        if err is not None:
            failed = isinstance(err[1], test.failureException)
            self._collect(test, Outcome.FAILED if failed else Outcome.ERROR, err)

    def addSkip(self, test: unittest.TestCase, reason: str) -> None:
        super().addSkip(test, reason)
        self.collector.add(test, Outcome.SKIPPED, reason)

    def _collect(self, test: unittest.TestCase, outcome: Outcome, err: ExceptionInfo) -> None:
        match err[1]:
            case TargetMissed():
                pass  # The metrics say it already, and the test itself came to its end.
            case Interrupted():
                # As a skip it says nothing for or against the code.
                self.collector.add(test, Outcome.SKIPPED, "Interrupted before it ended.")
            case _:
                text = self._exc_info_to_string(err, test)  # type: ignore[attr-defined]
                self.collector.add(test, outcome, text)
