"""unittest's own result, which also tells the collector what concerns performance tests."""
# ruff: noqa: N802 - the names that unittest calls

import threading
import unittest
from types import TracebackType

from ..exceptions import Interrupted, TargetMissed
from ..records.results import Outcome
from ..records.storable import plain
from ..testcases import PerformanceTestCase
from .collector import INTERRUPTED, Collector

ExceptionInfo = tuple[type[BaseException], BaseException, TracebackType] | tuple[None, None, None]


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
            self._thread_failures: list[ExceptionInfo] = []
            self._previous_hook, threading.excepthook = threading.excepthook, self._keep_failure
            self.collector.start(test)

    def stopTest(self, test: unittest.TestCase) -> None:
        if isinstance(test, PerformanceTestCase):
            threading.excepthook = self._previous_hook
            for failure in self._thread_failures:
                self.addError(test, failure)
            self.collector.stop()
        super().stopTest(test)

    def _keep_failure(self, failed: threading.ExceptHookArgs) -> None:
        """A thread that a test has lost may be the one whose work it measures."""
        value = failed.exc_value or failed.exc_type()
        if not isinstance(value, SystemExit):
            self._thread_failures.append((failed.exc_type, value, failed.exc_traceback))  # type: ignore[arg-type]  # never without one

    def addSuccess(self, test: unittest.TestCase) -> None:
        super().addSuccess(test)
        self.collector.add(test, Outcome.COMPLETED, "")

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
        if isinstance(test, PerformanceTestCase) and not self.collector.testing:
            self.startTest(test)  # which Python 3.12.1 leaves out, and stops it all the same
        super().addSkip(test, reason)
        # Of a test that skips a part of itself, nobody can say that it passed.
        self.collector.add(getattr(test, "test_case", test), Outcome.SKIPPED, plain(reason))

    def addExpectedFailure(self, test: unittest.TestCase, err: ExceptionInfo) -> None:
        if not isinstance(test, PerformanceTestCase):
            super().addExpectedFailure(test, err)
        elif isinstance(err[1], test.failureException):
            self.addFailure(test, err)
        else:
            self.addError(test, err)

    def addUnexpectedSuccess(self, test: unittest.TestCase) -> None:
        super().addUnexpectedSuccess(test)
        self.collector.add(test, Outcome.FAILED, "Unexpected success: it is marked to fail.")

    def _collect(self, test: unittest.TestCase, outcome: Outcome, err: ExceptionInfo) -> None:
        match err[1]:
            case TargetMissed():
                # The metrics say it already, and the test itself came to its end.
                self.collector.add(test, Outcome.COMPLETED, "")
            case Interrupted():
                # As a skip it says nothing for or against the code.
                self.collector.add(test, *INTERRUPTED)
            case _:
                text = self._exc_info_to_string(err, test)  # type: ignore[attr-defined]  # unittest's own
                self.collector.add(test, outcome, text)
