"""What users do to their notifications, told to their other tabs when it is committed."""

from collections.abc import Collection
from typing import Any, Literal

from ..sending import fanout
from ..signals import MARKED, Marking
from ..states import News
from ..store import marking
from ..store.database import database
from ..store.own.changing import delete, take_back, up_to

Kind = Literal["delivered"] | News

AT_ONCE = 500
"""Rows of one statement of "all up to an id": others, who want to write, wait for it."""


def change(kind: Kind, pk: Any, ids: Collection[int]) -> int:
    """Do it to these of the user's; how many have changed."""
    changed = _changed(kind, pk, ids)
    if changed and kind != "delivered":
        fanout.state_changed_on_commit(pk, kind, changed, database())
    if changed and kind in MARKED:
        fanout.tell_on_commit(MARKED[kind], Marking(pk, changed), database())
    return len(changed)


def change_up_to(kind: News, pk: Any, upto: int) -> int:
    """Do it to all that was delivered and is not newer; how many have changed."""
    number = 0
    while True:
        ids = up_to(kind, pk, upto, AT_ONCE)
        number += change(kind, pk, ids)
        if len(ids) < AT_ONCE:
            return number


def _changed(kind: Kind, pk: Any, ids: Collection[int]) -> list[int]:
    if kind == "deleted":
        return delete(pk, ids)
    if kind == "marked_unread" or kind == "unarchived":
        return take_back(kind, pk, ids)
    return sorted(marking.change(kind, {pk: set(ids)}).get(pk, ()))
