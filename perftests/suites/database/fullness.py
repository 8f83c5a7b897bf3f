"""What one more row costs in tables that are full: bytes written, and CPU of the sender."""

import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from django.contrib.auth.models import User
from django.db import connection
from django.db.models import Max, QuerySet

from notifications.models import Delivery, Notification
from notifications.send import notify
from notifications.store import marking
from perftests.measure.resources import cpu_seconds

from ..kit.contexts import Pacing, Recorder
from ..kit.rows import as_queryset, gather_statistics

MOST_USERS = 1_000
TIMES_MANY = 12
TIMES_ONE = 200
TIMES_COUNTED = 5

GOAL = "<= 2"
MOST_GROWN: dict[str, dict[str, str]] = {
    "sqlite": {"notify many": "< 150", "acks together": "< 20"},
    "postgresql": {},
}
"""What is written for one row by the full table, to what is by the empty one; else 2.

On SQLite each recipient has a leaf page of the own in the indexes that begin with the recipient,
once those are long: docs/explanation/rejected.md has what was tried.
"""
MOST_CPU = "< 50"
LOCAL = {"", "localhost", "127.0.0.1"}

_TABLE = Delivery._meta.db_table


@dataclass(frozen=True, slots=True)
class Cost:
    """Of one delivery: bytes that go to the log of the database, and µs of CPU."""

    written: float
    cpu: float


@dataclass(frozen=True, slots=True)
class Write:
    """One way to write so many `rows`; `run` does it once more."""

    name: str
    rows: int
    times: int
    run: Callable[[], object]

    def cost(self) -> Cost:
        """The bytes are the fewest of a few times: others may write to the same PostgreSQL."""
        written = [bytes_written(self.run) for _ in range(TIMES_COUNTED)]
        begun = _cpu_seconds()
        for _ in range(self.times):
            self.run()
        used = _cpu_seconds() - begun
        return Cost(min(written) / self.rows, used / self.times / self.rows * 1e6)


def measure_fullness(
    recorder: Recorder, lab: Pacing, users: Sequence[User], levels: Sequence[int]
) -> None:
    """Record what each way to write costs at so many stored rows, and how much more in the end."""
    costs: list[dict[str, Cost]] = []
    for stored in levels:
        lab.progress(f"{stored:,} deliveries are stored")
        fill(as_queryset(users), stored)
        costs.append({write.name: write.cost() for write in writes(users)})
        for name, cost in costs[-1].items():
            of = f"{name}, {stored:,} stored"
            recorder.measure(f"{of}, written", cost.written, "bytes", better="lower")
            recorder.measure(f"{of}, CPU", cost.cpu, "µs", better="lower")
    most = MOST_GROWN[connection.vendor]
    for name, empty in costs[0].items():
        full = costs[-1][name]
        grown, limit = full.written / empty.written, most.get(name, GOAL)
        of = f"{name}, growth of what is written"
        recorder.measure(of, grown, "×", required=limit, goal=GOAL)
        of = f"{name}, growth of its CPU"
        recorder.measure(of, full.cpu / empty.cpu, "×", required=MOST_CPU, goal=GOAL)


def writes(users: Sequence[User]) -> tuple[Write, ...]:
    """Sending to all of them and to one, and the acks for it, together and one by one."""
    crowd, pks = as_queryset(users), [user.pk for user in users]
    sent_to_all: list[int] = []
    sent_to_one: list[tuple[int, int]] = []

    def to_many() -> None:
        sent_to_all.append(notify(crowd, "To everybody").pk)

    def to_one() -> None:
        user = users[len(sent_to_one) * 7 % len(users)]
        sent_to_one.append((user.pk, notify(user, "To one").pk))

    def acks() -> None:
        id_ = sent_to_all.pop(0)
        marking.mark("delivered", {pk: [id_] for pk in pks})

    def ack() -> None:
        pk, id_ = sent_to_one.pop(0)
        marking.mark("delivered", {pk: [id_]})

    return (
        Write("notify many", len(users), TIMES_MANY, to_many),
        Write("notify one", 1, TIMES_ONE, to_one),
        Write("acks together", len(users), TIMES_MANY, acks),
        Write("ack by itself", 1, TIMES_ONE, ack),
    )


def fill(users: QuerySet[User], rows: int) -> None:
    """Add notifications to all of them, by SQL, until there are so many `rows`.

    All are acknowledged and seen, and every other one is read.
    """
    missing = (rows - Delivery.objects.count()) // users.count()
    if missing > 0:
        newest = Notification.objects.aggregate(newest=Max("pk"))["newest"] or 0
        Notification.objects.bulk_create(
            (Notification(title="Stored") for _ in range(missing)), batch_size=5_000
        )
        with _without_indexes():
            _deliver(users, newest)
    gather_statistics()


def _deliver(users: QuerySet[User], newest: int) -> None:
    chosen, params = users.values("pk").query.sql_with_params()
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {_TABLE} (recipient_id, notification_id, delivered_at, seen_at, read_at)"  # noqa: S608 - own names
            " SELECT u.pk, n.id, n.created_at, n.created_at,"
            " CASE WHEN MOD(n.id, 2) = 0 THEN n.created_at END"
            f" FROM {Notification._meta.db_table} n CROSS JOIN ({chosen}) u WHERE n.id > %s"
            " ORDER BY n.id, u.pk",
            [*params, newest],
        )


@contextmanager
def _without_indexes() -> Iterator[None]:
    """Made anew at the end, which takes a tenth of the time that it takes to keep them."""
    with connection.schema_editor() as editor:
        for index in Delivery._meta.indexes:
            editor.remove_index(Delivery, index)
    try:
        yield
    finally:
        with connection.schema_editor() as editor:
            for index in Delivery._meta.indexes:
                editor.add_index(Delivery, index)


def bytes_written(write: Callable[[], object]) -> int:
    """How much longer the log of the database gets, which has each page that is changed."""
    if connection.vendor == "sqlite":
        return _wal_grown(write)
    before = _value("SELECT pg_current_wal_insert_lsn()::text")
    write()
    return int(_value("SELECT pg_current_wal_insert_lsn() - %s::pg_lsn", before))


def _wal_grown(write: Callable[[], object]) -> int:
    log = f"{connection.settings_dict['NAME']}-wal"
    pages = _value("PRAGMA wal_autocheckpoint")
    _value("PRAGMA wal_autocheckpoint=0")
    try:
        _value("PRAGMA wal_checkpoint(TRUNCATE)")
        write()
        return os.path.getsize(log)
    finally:
        _value(f"PRAGMA wal_autocheckpoint={pages}")


def _cpu_seconds() -> float:
    """Of this process, and of PostgreSQL's for it where that is on this machine."""
    own = time.process_time()
    if connection.vendor == "sqlite" or connection.settings_dict["HOST"] not in LOCAL:
        return own
    return own + cpu_seconds(int(_value("SELECT pg_backend_pid()")), tree=False)


def _value(statement: str, *params: str) -> str:
    """The first column of the only row."""
    with connection.cursor() as cursor:
        cursor.execute(statement, params or None)
        return str(cursor.fetchone()[0])
