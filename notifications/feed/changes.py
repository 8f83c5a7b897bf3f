"""What users do to their notifications, told to their other tabs when it is committed."""

from collections.abc import Collection
from typing import Any, Literal

from ..sending import fanout
from ..signals import MARKED, Marking
from ..states import News
from ..store import marking
from ..store.database import database
from ..store.own.changing import delete, take_back

Kind = Literal["delivered"] | News

AT_ONCE = 500
"""Notifications of one statement, and of one hint."""


def change(kind: Kind, pk: Any, ids: Collection[int], trace: int = 0) -> int:
    """Do it to these of the user's, in the caller's transaction; how many have changed.

    `trace` tells who has asked, for those marks that a row keeps it of.
    """
    # Everybody begins with the oldest row of a user, so that no two wait for each other.
    oldest_first = sorted(set(ids))
    starts = range(0, len(oldest_first), AT_ONCE)
    return sum(_change(kind, pk, oldest_first[at : at + AT_ONCE], trace) for at in starts)


def _change(kind: Kind, pk: Any, ids: Collection[int], trace: int) -> int:
    changed = _changed(kind, pk, ids, trace)
    if changed and kind != "delivered":
        fanout.state_changed_on_commit(pk, kind, changed, database())
    if changed and kind in MARKED:
        fanout.tell_on_commit(MARKED[kind], Marking(pk, changed), database())
    return len(changed)


def _changed(kind: Kind, pk: Any, ids: Collection[int], trace: int) -> list[int]:
    if kind == "deleted":
        return delete(pk, ids)
    if kind == "marked_unread" or kind == "unarchived":
        return take_back(kind, pk, ids)
    return sorted(marking.change(kind, {pk: dict.fromkeys(ids, trace)}).get(pk, ()))
