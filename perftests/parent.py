"""One run of `perf`: tests in a process of their own, each result stored as it comes."""

import contextlib
import os
import queue
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from types import FrameType, TracebackType
from typing import Any, Self

from . import context, store
from .conf import Scale, Server, configuration
from .events import Event, Finished, Listener, Started, TestEnded, TestStarted, decode
from .measure.results import Outcome, Report, Result, State
from .models import PerfRun

POLL_SECONDS = 0.2
LAST_WORDS_BYTES = 4000


@dataclass(frozen=True, slots=True)
class Order:
    """What a run is asked to do. `tests` are dotted labels, one for each test.

    With `fail_fast` no further test is started after one that failed.
    """

    tests: Sequence[str]
    scale: Scale
    server: Server
    label: str
    parameters: dict[str, Any]
    fail_fast: bool = False


class MeasuringProcess:
    """`perftests.child`, in a session of its own: a Ctrl-C reaches it only through us."""

    def __init__(self, order: Order) -> None:
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 - lives as long as the process
        # Its test database and what its servers write go with it, however it ends.
        self._temporary = tempfile.TemporaryDirectory(prefix="perf-", ignore_cleanup_errors=True)
        self._lines: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        options = ["--fail-fast"] if order.fail_fast else []
        self._process = subprocess.Popen(
            [sys.executable, "-m", "perftests.child", *options, *order.tests],
            stdin=subprocess.PIPE,  # its end tells the child that we are gone
            stdout=subprocess.PIPE,
            stderr=self._errors,
            env={
                **os.environ,
                "PERF_SCALE": order.scale,
                "PERF_SERVER": order.server,
                "TMPDIR": self._temporary.name,
                "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
            },
            start_new_session=True,
        )
        threading.Thread(target=self._read, daemon=True).start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if error is not None:
            self.interrupt()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(configuration.CLEANUP_TIMEOUT_SECONDS)
        self.kill()
        self._process.wait()
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._errors.close()
        self._temporary.cleanup()

    def event(self) -> Event | None:
        """The next event; `None` if there is none yet. Raises `EOFError` after the last."""
        try:
            line = self._lines.get(timeout=POLL_SECONDS)
        except queue.Empty:
            return None
        if line is None:
            raise EOFError
        return decode(line)

    def interrupt(self) -> None:
        """Ask it to clean up and end."""
        with contextlib.suppress(ProcessLookupError):
            self._process.send_signal(signal.SIGINT)

    def kill(self) -> None:
        """End it at once, with every process that it started."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)

    def last_words(self) -> str:
        """How it ended, and the end of what it wrote to its standard error."""
        code = self._process.wait()
        how = f"was ended by signal {-code}" if code < 0 else f"ended with exit code {code}"
        self._errors.seek(max(0, self._errors.seek(0, os.SEEK_END) - LAST_WORDS_BYTES))
        words = self._errors.read().decode(errors="replace").strip() or "it wrote no error"
        return f"The measuring process {how} before it was done: {words}"

    def _read(self) -> None:
        assert self._process.stdout is not None
        with self._process.stdout as lines:
            for line in lines:
                self._lines.put(line)
        self._lines.put(None)


class Run:
    """Carries out an order, stores what comes and tells a listener of it.

    SIGINT and SIGTERM are handed on to the measuring process, which cleans up; the results that
    came are kept. A second one, or a clean-up that takes too long, kills it. `signal` is the
    number of the last, 0 without any.
    """

    def __init__(self, order: Order, listener: Listener) -> None:
        self.order = order
        self.listener = listener
        self.signal = 0
        self.problem = ""
        self._finished = self._complete = False
        self._planned = self._ended = 0
        self._test: TestStarted | None = None
        self._process: MeasuringProcess | None = None
        self._deadline = time.monotonic() + configuration.RUN_TIMEOUT_SECONDS

    @property
    def interrupted(self) -> bool:
        return self.signal > 0

    def execute(self) -> Report:
        """The report of the run, read back from the rows. `problem` says why it was aborted."""
        order = self.order
        environment = context.describe(order.server)
        started = time.monotonic()
        with self._signals():
            stored = store.start(order.label, order.parameters, environment)
            state = State.ABORTED
            try:
                state = self._measure(stored)
            finally:
                store.finish(stored, state, time.monotonic() - started)
        return store.load(stored)

    def _measure(self, stored: PerfRun) -> State:
        with MeasuringProcess(self.order) as process:
            self._process = process
            if self.interrupted:
                process.interrupt()
            with contextlib.suppress(EOFError):
                while True:
                    self._receive(process.event(), stored)
                    self._watch_the_clock(process)
            if not (self._finished or self.interrupted or self.problem):
                self._bury(stored, process.last_words())
        complete = self._complete and not (self.interrupted or self.problem)
        return State.FINISHED if complete else State.ABORTED

    def _receive(self, event: Event | None, stored: PerfRun) -> None:
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
                store.add(stored, result)
            case Finished(interrupted=cut_short):
                self._finished, self._complete = True, not cut_short
                if cut_short and self.order.fail_fast and not (self.interrupted or self.problem):
                    self.problem = self._stopped_at_a_failure()
        self.listener(event)

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

    def _bury(self, stored: PerfRun, last_words: str) -> None:
        """Store the end of a process that died, as the result of the test that it was in."""
        self.problem = last_words
        if (test := self._test) is not None:
            result = Result(
                test.test, test.suite, test.row, test.title, Outcome.ERROR, 0.0, detail=last_words
            )
            store.add(stored, result)
            self.listener(TestEnded(result))

    @contextlib.contextmanager
    def _signals(self) -> Iterator[None]:
        handled = (signal.SIGINT, signal.SIGTERM)
        previous = [signal.signal(number, self._interrupt) for number in handled]
        try:
            yield
        finally:
            for number, handler in zip(handled, previous, strict=True):
                signal.signal(number, handler)

    def _interrupt(self, number: int, frame: FrameType | None) -> None:
        again, self.signal = self.interrupted, number
        self._deadline = time.monotonic() + configuration.CLEANUP_TIMEOUT_SECONDS
        if self._process is not None:
            if again:
                self._process.kill()
            else:
                self._process.interrupt()
