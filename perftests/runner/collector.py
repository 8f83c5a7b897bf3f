"""Turns what unittest tells about performance tests into results and events."""

import unittest
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from time import perf_counter
from typing import Any
from unittest.util import strclass

from ..records.events import Listener, Started, SuiteStarted, TestEnded, TestStarted
from ..records.results import Outcome, Result, overall
from ..records.storable import plain, storable, stored_name
from ..records.targets import Verdict
from ..testcases import PerformanceTestCase
from .metering import Metering

CUT_OFF = Outcome.ERROR, "It was cut off before it came to an end."
INTERRUPTED = Outcome.SKIPPED, "Interrupted before it ended."
GRAVITY = (Outcome.COMPLETED, Outcome.SKIPPED, Outcome.FAILED, Outcome.ERROR)


@dataclass(slots=True)
class Ending:
    """How a test ended, so far: the gravest outcome counts, every text is kept.

    One of which nothing was told was cut off, by a `KeyboardInterrupt` for instance.
    """

    outcome: Outcome | None = None
    detail: str = ""

    def add(self, outcome: Outcome, detail: str) -> None:
        self.outcome = max(self.outcome or outcome, outcome, key=GRAVITY.index)
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
        self._metering: Metering | None = None
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
        self._metering = Metering(self.listener)
        self.testing = True

    def stop(self) -> None:
        self.testing = False
        self._seconds = perf_counter() - self._started
        if self._metering is not None:
            self._metering.end()

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
            if ending.outcome is None:
                ending.add(*(INTERRUPTED if self.interrupted else CUT_OFF))
            self._report_ending(self._test, ending, self._seconds)
            self._test = None

    def interrupt(self) -> None:
        """Let no further test start."""
        self.interrupted = True
        self.stop_run()

    @property
    def complete(self) -> bool:
        """Whether every planned test has a result."""
        return not self._without_result(self._planned)

    @property
    def verdict(self) -> Verdict:
        """What the planned tests come to."""
        return overall(self.results, complete=self.complete and not self.interrupted)

    def shortcoming(self) -> str:
        """Why the run is no pass, in a sentence; empty where it is one, or had nothing planned."""
        if not self._planned or self.verdict is Verdict.PASS:
            return ""
        if missing := self._without_result(self._planned):
            return f"{len(missing)} of {len(self._planned)} performance tests have no result."
        if doubtful := [
            r.test for r in self.results if r.verdict is not Verdict.PASS and not r.skipped
        ]:
            return f"No pass: {', '.join(doubtful)}."
        return "Every performance test was skipped."

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
            self.listener(SuiteStarted(plain(test.suite), size))
        names = (test.id(), test.suite, test.row, test.title)
        self.listener(TestStarted(*map(plain, names)))

    def _report(self, result: Result) -> None:
        result = storable(result)
        self.results.append(result)
        self.listener(TestEnded(result))

    def _report_ending(self, test: PerformanceTestCase, ending: Ending, seconds: float) -> None:
        self._report(test.result(ending.outcome or Outcome.ERROR, seconds, ending.detail))

    def _report_fixture(self, name: str, ending: Ending) -> None:
        around = [test for test in self._planned if is_around(name, test)]
        if around and name.startswith("tearDown"):
            outcome = ending.outcome or Outcome.ERROR
            self._report(
                Result(name, around[0].suite, "", name, outcome, 0.0, detail=ending.detail)
            )
        else:
            for test in self._without_result(around):
                self._report_ending(test, ending, 0.0)

    def _without_result(self, tests: Iterable[PerformanceTestCase]) -> list[PerformanceTestCase]:
        have = {result.test for result in self.results}
        return [test for test in tests if stored_name(test.id()) not in have]


def is_around(fixture: str, test: PerformanceTestCase) -> bool:
    """Whether a fixture, by unittest's name such as "setUpClass (app.tests.Class)", is of `test`.

    The set-up of a single test that failed before it started has the test's own name.
    """
    owner = fixture.partition("(")[2].rstrip(")")
    return fixture == test.id() or owner in (strclass(type(test)), type(test).__module__)
