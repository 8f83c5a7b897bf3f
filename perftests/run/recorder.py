"""Stores a run while it goes on, whatever becomes of the database meanwhile."""

import contextlib
import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path

from django.db import Error, OperationalError, connections, router
from django.db.backends.base.base import BaseDatabaseWrapper
from django.utils import timezone

from .. import store
from ..models import HEARTBEAT_SECONDS, PerfRun
from ..records.live import Live
from ..records.results import Report, Result, State
from ..records.storable import storable, stored_name

RETRY_SECONDS = 1.0


class Recorder:
    """Writes the results of a run in a thread of its own, with a sign of life every second: what
    `live` says that the run is doing.

    All results are kept in memory as well. What the database does not take is tried again; where
    the run is not in it any more, it is stored once more. A database that hangs keeps the thread
    alone. `trouble` says what went wrong at last; it is empty if nothing ever did.
    """

    def __init__(self, run: PerfRun, live: Callable[[], Live] = Live) -> None:
        self.run = run
        self._live = live
        self.results: list[Result] = []
        self.trouble = ""
        self._stored = 0
        self._end: tuple[State, float] | None = None
        self._report: Report | None = None
        self._failing = False
        self._database = connections[router.db_for_write(PerfRun)]
        self._file = self._identity()
        self._news = threading.Condition()
        self._thread = threading.Thread(target=self._keep_storing, daemon=True)
        self._thread.start()

    def add(self, result: Result) -> None:
        """Store a result soon."""
        with self._news:
            self.results.append(storable(result))
            self._news.notify()

    def without_result(self, tests: Iterable[str]) -> list[str]:
        """Those of `tests` that have none yet."""
        have = {result.test for result in self.results}
        return [test for test in tests if stored_name(test) not in have]

    def finish(self, state: State, seconds: float, patience_seconds: float) -> Report | None:
        """Close the run; its report, read back from the rows, or `None` where it could not be
        stored within that patience.
        """
        with self._news:
            self._end = state, seconds
            self._news.notify()
        self._thread.join(patience_seconds)
        return self._report

    def unstored_report(self, state: State, seconds: float) -> Report:
        """The report of a run that could not be stored, which has no number."""
        report = store.report(self.run, self.results)
        return replace(report, run=None, state=state, seconds=seconds)

    def _keep_storing(self) -> None:
        with self._connection_of_this_thread():
            while self._report is None:
                with self._news:
                    self._news.wait_for(self._is_due, self._pause())
                try:
                    self._store()
                except Exception as error:  # whatever it is, it must not end in silence
                    self._fail(error)

    @contextlib.contextmanager
    def _connection_of_this_thread(self) -> Iterator[None]:
        caller, alias = self._database, self._database.alias
        if _is_in_memory(caller):  # no other connection sees what is in it
            caller.inc_thread_sharing()
            connections[alias] = caller
        self._database = connections[alias]
        try:
            yield
        finally:
            if self._database is caller:
                caller.dec_thread_sharing()
            else:
                self._database.close()

    def _is_due(self) -> bool:
        news = self._end is not None or self._stored < len(self.results)
        return news and not self._failing

    def _pause(self) -> float:
        return RETRY_SECONDS if self._failing else HEARTBEAT_SECONDS

    def _fail(self, error: Exception) -> None:
        self.trouble = " ".join(str(error).split()) or type(error).__name__
        self._failing = True
        with contextlib.suppress(Error):  # it is lost anyway
            self._database.close()

    def _store(self) -> None:
        if self._failing:
            self._begin_again()
        end = self._end  # before what is told, which says why once it has ended
        self._require_the_same_file()
        self._give_a_sign_of_life()
        try:
            self._write(end)
        except Error:
            self._give_a_sign_of_life()  # which says so if the run was deleted a moment ago
            raise

    def _write(self, end: tuple[State, float] | None) -> None:
        while self._stored < len(self.results):
            store.add(self.run, self.results[self._stored])
            self._stored += 1
        store.tell(self.run, self._live())
        if end is not None:
            self._report = store.finish(self.run, *end)

    def _begin_again(self) -> None:
        """Find out what the database has of the run, after it could not be used."""
        # It may be an empty one.
        store.prepare(self._database.alias)
        self._file = self._identity()
        if not PerfRun.objects.filter(pk=self.run.pk, started_at=self.run.started_at).exists():
            self.run.pk = None
            self.run.save(force_insert=True)
        # One that failed may have been stored all the same, if its confirmation was lost.
        self._stored = self.run.results.count()
        self._failing = False

    def _give_a_sign_of_life(self) -> None:
        # Running, even if another run has taken it for dead meanwhile.
        alive = {"heard_at": timezone.now(), "state": State.RUNNING}
        if not PerfRun.objects.filter(pk=self.run.pk).update(**alive):
            raise OperationalError("the run was deleted")

    def _require_the_same_file(self) -> None:
        # A file that was deleted or replaced can be written to as if nothing were.
        if self._identity() != self._file:
            raise OperationalError("the file of the database was deleted or replaced")

    def _identity(self) -> tuple[int, int] | None:
        """What the system knows the file of the database by; `None` where there is none."""
        if self._database.vendor != "sqlite":
            return None
        try:
            status = Path(self._database.settings_dict["NAME"]).stat()
        except OSError:
            return None
        return status.st_dev, status.st_ino


def _is_in_memory(database: BaseDatabaseWrapper) -> bool:
    return database.vendor == "sqlite" and database.is_in_memory_db()  # type: ignore[attr-defined]  # SQLite's
