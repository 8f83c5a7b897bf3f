"""Measures now, and then again and again; tells what is news after each time."""

import time
from collections.abc import Callable

from django.db import Error, connections

from ..exceptions import PerftestsError
from .judging import judge, waiting
from .telling import Say, reason_of, tell, untold

RETRY_SECONDS = 60.0
"""Between two tries to tell what could not be told."""

Measure = Callable[[], bool]
"""It stores a run that is to be judged, and says whether that went well."""


class Watch:
    """What `perf watch` does; `say` and `complain` take a line each."""

    def __init__(self, measure: Measure, say: Say, complain: Say) -> None:
        self._measure, self._say, self._complain = measure, say, complain

    def once(self) -> bool:
        """Measure and tell; whether all went well. Raises `PerftestsError` where nothing can be."""
        self._catch_up()  # with what an earlier watch was ended before
        measured = self._measure()
        return self._catch_up() and measured

    def forever(self, every_seconds: float) -> None:
        """From the beginning of one time to that of the next; at once where one took longer."""
        due = time.monotonic()
        self.once()
        while True:
            due = max(due + every_seconds, time.monotonic())
            self._wait(due)
            try:
                self.once()
            except (PerftestsError, Error) as error:  # the next time may be better
                self._complain(reason_of(error))

    def _catch_up(self) -> bool:
        """Judge what has not been, and tell what has not been; whether both went well."""
        try:
            for run in waiting():
                judge(run)
            return tell(self._say, self._complain)
        except Error as error:
            self._complain(reason_of(error))
            return False

    def _wait(self, due: float) -> None:
        while (left := due - time.monotonic()) > 0:
            retries = self._is_behind()
            connections.close_all()  # no server keeps a connection that is idle for hours
            time.sleep(min(left, RETRY_SECONDS) if retries else left)
            if retries:
                self._catch_up()

    def _is_behind(self) -> bool:
        try:
            return waiting().exists() or untold()
        except Error:
            return True
