"""The frames of notifications by id, without those that cannot be read."""

import logging
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from django.db import DatabaseError, DataError

from ..db.fields import UNREADABLE
from ..models import WIRE, Notification, frame_of
from .database import database
from .ids import with_ids

logger = logging.getLogger(__name__)

T = TypeVar("T")

LeftOut = Callable[[int, object], None]
"""Is told the id of a notification, and why it cannot be read."""

_READ = (*WIRE.values(), "expires_at")


def read_frames(
    notification_ids: Iterable[int], left_out: LeftOut | None = None
) -> dict[int, tuple[str, bool]]:
    """The frames of those notifications that exist, have not expired and can be read.

    Each with whether it stays good: one that will expire has to be asked for again. `left_out` is
    told the id of each that cannot be read, and why; else it is logged.
    """
    left_out = left_out or _log
    found = {}
    for number, (content, stays) in read_contents(notification_ids, left_out).items():
        try:
            text = frame_of(content)
        except (TypeError, ValueError, RecursionError) as error:
            left_out(number, error)
        else:
            found[number] = text, stays
    return found


def read_contents(
    notification_ids: Iterable[int], left_out: LeftOut | None = None
) -> dict[int, tuple[dict[str, Any], bool]]:
    """As `read_frames`, what the frames are made of."""
    left_out = left_out or _log
    found = {}
    # Plain values: building an object for each row would take most of the time.
    for row in read_in_parts(_read, list(notification_ids), left_out):
        if UNREADABLE in row:
            left_out(row[0], f"{_READ[row.index(UNREADABLE)]} {UNREADABLE}")
        else:
            found[row[0]] = dict(zip(WIRE, row, strict=False)), row[-1] is None
    return found


def _log(notification_id: int, why: object) -> None:
    logger.error("Notification %s is left out: %s", notification_id, why)


def _read(ids: list[int]) -> list[tuple[Any, ...]]:
    found = Notification.objects.using(database()).current().filter(with_ids("pk", ids))
    return list(found.order_by().values_list(*_READ))


def read_in_parts(
    ask: Callable[[list[int]], list[T]], ids: list[int], left_out: LeftOut | None = None
) -> list[T]:
    """What `ask` reads of these, without those whose values the driver does not take.

    They are found by halving, and told as to `read_frames`.
    """
    try:
        return ask(ids)
    except DatabaseError as error:
        # Text that is no UTF-8 is an OperationalError on SQLite, as a lost connection is.
        if not (isinstance(error, DataError) or "decode" in str(error)):
            raise
        if len(ids) == 1:
            (left_out or _log)(ids[0], error)
            return []
    half = len(ids) // 2
    return read_in_parts(ask, ids[:half], left_out) + read_in_parts(ask, ids[half:], left_out)
