"""A comparison as a stored run from its beginning: whoever follows it sees how far it is."""

import os
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from django.db import Error

from .. import store
from ..conf import configuration
from ..exceptions import UnusableDatabase
from ..measure.stats import median
from ..models import PerfRun
from ..records.events import Event, Figure, Progress, TestStarted
from ..records.results import COMPARED, COUNTS, Report, Result, State
from ..run.following import Following
from ..run.manager import rescue
from ..run.recorder import Recorder
from .experiment import Ratios
from .reporting import COUNTED, PAIRED


class Here:
    """This process, which says what it has to say on the terminal; what it starts measures."""

    def __init__(self) -> None:
        self.pid = os.getpid()

    def new_lines(self) -> Sequence[str]:
        return ()


class Recording:
    """Tells where a comparison is, and stores what it comes to."""

    def __init__(self, run: PerfRun) -> None:
        self._begun = time.monotonic()
        self._following = Following()
        self._following.watch(Here())
        self._recorder = Recorder(run, self._following.live)

    def counting(self, title: str) -> None:
        """What both sides do is counted."""
        self._tell(TestStarted(COUNTED, COUNTS, "", f"Counted: {title}"))

    def pairing(self, title: str) -> None:
        """Pairs are measured from now on."""
        self._tell(TestStarted(PAIRED, COMPARED, "", f"CPU and time: {title}, in pairs"))

    def pair(self, done: int, most: int, ratios: Ratios) -> None:
        """A pair begins, in which both sides take turns several times a second."""
        for name, values in ratios.items():
            if values:
                self._tell(Figure(name, round(median(values), 3), "×"))
        self._tell(Progress(f"pair {done + 1} of at most {most}", done, most))

    def profiling(self) -> None:
        """It is sampled where the time of what is slower goes."""
        self._tell(Progress("sampling where the time of what is slower goes"))

    def finish(self, results: Iterable[Result]) -> Report:
        """The report, read back from the rows; raises `UnusableDatabase` where it is in none."""
        for result in results:
            self._recorder.add(result)
        if (report := self._end(State.FINISHED)) is not None:
            return report
        trouble = self._recorder.trouble or "it does not answer"
        report = self._recorder.unstored_report(State.FINISHED, self._seconds)
        raise UnusableDatabase(f"The database of the results failed ({trouble}); {rescue(report)}")

    def abort(self, ending: str) -> None:
        """It ends early, and why."""
        self._following.end(ending)
        self._end(State.ABORTED)

    def _end(self, state: State) -> Report | None:
        self._following.leave()
        patience = configuration.CLEANUP_TIMEOUT_SECONDS
        return self._recorder.finish(state, self._seconds, patience)

    @property
    def _seconds(self) -> float:
        return time.monotonic() - self._begun

    def _tell(self, event: Event) -> None:
        self._following(event)


@contextmanager
def recorded(
    label: str, parameters: dict[str, Any], environment: dict[str, Any], *, watched: bool
) -> Iterator[Recording]:
    """Store a run while the block measures, which an error aborts; to be finished after it.

    Raises `UnusableDatabase` where that cannot store anything.
    """
    try:
        run = store.start(label, parameters, environment, to_judge=watched)
    except Error as error:
        reason = " ".join(str(error).split())
        raise UnusableDatabase(
            f"The comparison cannot be stored, so nothing was measured: {reason}"
        ) from error
    recording = Recording(run)
    try:
        yield recording
    except BaseException as error:
        recording.abort(str(error) or type(error).__name__)
        raise
