"""One run of `perf`: tests in a process of their own, each result stored as it comes."""

import contextlib
import os
import signal
import tempfile
import time
from pathlib import Path
from types import FrameType
from typing import Any

from django.db import Error

from .. import store
from ..conf import configuration
from ..exceptions import UnusableDatabase, UnwritableOutput
from ..models import PerfRun
from ..processes.stopping import handled_by
from ..records.events import (
    Event,
    Finished,
    Listener,
    Started,
    TestEnded,
    TestStarted,
    Unreadable,
)
from ..records.results import Outcome, Report, Result, State
from ..reports import json
from . import context
from .following import Following
from .measuring import MeasuringProcess
from .order import Order
from .recorder import Recorder

LOST_SUITE = "missing"
LOST = "It was planned, and the measuring process ended without a result of it."


class Run:
    """Carries out an order, stores what comes and tells a listener of it.

    SIGINT, SIGTERM and SIGHUP are handed on to the measuring process, which cleans up; the results
    that came are kept. A second one, or a clean-up that takes too long, kills it. `signal` is the
    number of the last, 0 without any.

    What the run comes to follows from what was ordered: a test of a finished run that has no
    result is an error, and `missing` are the tests of any other run that have none.
    """

    def __init__(self, order: Order, listener: Listener) -> None:
        self.order = order
        self.listener = listener
        self.signal = 0
        self.problem = ""
        self.missing: list[str] = list(order.tests)
        self._garbled = ""
        self._finished = self._complete = False
        self._planned = self._ended = 0
        self._test: TestStarted | None = None
        self._process: MeasuringProcess | None = None
        self._following = Following()
        self._deadline = time.monotonic() + configuration.RUN_TIMEOUT_SECONDS

    @property
    def interrupted(self) -> bool:
        return self.signal > 0

    def execute(self) -> Report:
        """The report of the run, read back from the rows if it could be stored.

        `problem` says why it was aborted, and what its database failed with. Raises
        `UnusableDatabase` where that cannot store anything from the beginning.
        """
        order = self.order
        environment = context.describe(order.server)
        started = time.monotonic()
        with handled_by(self._interrupt):
            recorder = Recorder(self._start(environment), self._following.live)
            state = State.ABORTED
            try:
                state = self._measure(recorder, environment["noise_floor_percent"])
            finally:
                seconds = time.monotonic() - started
                self._following.end(self._ending())
                patience = configuration.CLEANUP_TIMEOUT_SECONDS
                report = recorder.finish(state, seconds, patience)
        self.missing = recorder.without_result(order.tests)
        if report is not None:
            self._tell(recorder.trouble, f"the run is stored as {report.run} all the same.")
            return report
        report = recorder.unstored_report(state, seconds)
        self._tell(recorder.trouble or "it does not answer", rescue(report))
        return report

    def _start(self, environment: dict[str, Any]) -> PerfRun:
        try:
            return store.start(
                self.order.label,
                self.order.parameters,
                environment,
                to_judge=self.order.watched,
            )
        except Error as error:
            raise UnusableDatabase(
                f"The run cannot be stored, so nothing was run: {' '.join(str(error).split())}"
            ) from error

    def _tell(self, trouble: str, consequence: str) -> None:
        if trouble:
            sentence = f"The database of the results failed ({trouble}); {consequence}"
            self.problem = " ".join(filter(None, (self.problem, sentence)))

    def _measure(self, recorder: Recorder, noise_floor_percent: float) -> State:
        try:
            measuring = MeasuringProcess(self.order, noise_floor_percent)
        except OSError as error:  # a full or missing folder for temporary files, too many processes
            self.problem = f"The measuring process could not be started: {error}."
            return State.ABORTED
        with measuring as process:
            self._process = process
            self._following.watch(process)
            if self.interrupted:
                process.interrupt()
            with contextlib.suppress(EOFError):  # it ended before it had finished, see below
                while not self._finished:  # a thread that a test left may keep the process
                    self._receive(process.event(), recorder)
                    self._watch_the_clock(process)
            if not (self._finished or self.interrupted or self.problem):
                self._bury(recorder, process.last_words())
            self._following.leave()
        self.problem = self.problem or self._garbled
        if not self._complete or self.interrupted or self.problem:
            return State.ABORTED
        self._account_for_all(recorder)
        return State.FINISHED

    def _account_for_all(self, recorder: Recorder) -> None:
        """A planned test without a result is one that nobody knows anything good of."""
        for test in recorder.without_result(self.order.tests):
            result = Result(test, LOST_SUITE, "", test, Outcome.ERROR, 0.0, detail=LOST)
            self._keep(recorder, result)

    def _keep(self, recorder: Recorder, result: Result) -> None:
        recorder.add(result)
        self._pass_on(TestEnded(result))

    def _pass_on(self, event: Event) -> None:
        self._following(event)
        self.listener(event)

    def _ending(self) -> str:
        """Why it ended early, if it did: the name of a signal, or the problem."""
        return signal.Signals(self.signal).name if self.interrupted else self.problem

    def _receive(self, event: Event | None, recorder: Recorder) -> None:
        match event:
            case None:
                return
            case Started(tests=tests):
                self._planned = tests
            case TestStarted():
                self._test = event
            case TestEnded(result=result):
                self._test = None
                self._ended += 1
                recorder.add(result)
            case Finished(interrupted=cut_short):
                self._finished, self._complete = True, not cut_short
                if cut_short and self.order.fail_fast and not (self.interrupted or self.problem):
                    self.problem = self._stopped_at_a_failure()
            case Unreadable(line=line):
                self._garbled = f"The measuring process sent what cannot be read: {line}"
        self._pass_on(event)

    def _stopped_at_a_failure(self) -> str:
        return f"Stopped at the first failure: {self._ended} of {self._planned} tests were run."

    def _watch_the_clock(self, process: MeasuringProcess) -> None:
        if time.monotonic() < self._deadline:
            return
        if self.interrupted or self.problem:
            self.problem = "The clean-up took too long, so the measuring process was killed."
            process.kill()
        else:
            limit = configuration.RUN_TIMEOUT_SECONDS
            self.problem = f"The run was stopped after RUN_TIMEOUT_SECONDS, {limit:g} s."
            process.interrupt()
        self._deadline = time.monotonic() + configuration.CLEANUP_TIMEOUT_SECONDS

    def _bury(self, recorder: Recorder, last_words: str) -> None:
        """Store the end of a process that died, as the result of the test that it was in."""
        self.problem = last_words
        if (test := self._test) is not None:
            names = test.test, test.suite, test.row, test.title
            self._keep(recorder, Result(*names, Outcome.ERROR, 0.0, detail=last_words))

    def _interrupt(self, number: int, frame: FrameType | None) -> None:
        again, self.signal = self.interrupted, number
        self._deadline = time.monotonic() + configuration.CLEANUP_TIMEOUT_SECONDS
        if self._process is not None:
            if again:
                self._process.kill()
            else:
                self._process.interrupt()


def rescue(report: Report) -> str:
    """Write what was measured to a temporary file, and say where it is."""
    with contextlib.suppress(OSError, UnwritableOutput):  # said below
        handle, name = tempfile.mkstemp(prefix="perf-run-", suffix=".json")
        os.close(handle)
        json.write(report, Path(name))
        return f"what was measured is in {name}."
    return "what was measured could not be written to a file, either."
