"""Marks that are taken back: what was said last need not be what was done last.

Hints of two processes may come in another order than their commits. Marks alone do not mind, as
none is ever lost; where one was taken back lately, the rows say how it is.
"""

from collections.abc import Mapping
from typing import Any, cast

from notifications.states import UNDONE, Change, News, Undo
from notifications.store.own.rows import states_of

Changes = dict[str, dict[int, None]]
"""The ids of each change, each once, in the order in which they came."""

TOO_MANY = 0
"""Stands for ids that are too many to name."""

DOUBTFUL_SECONDS = 60.0
"""A hint that is later than others by more than this was lost: far longer than any takes."""

_FINAL = {*UNDONE, "deleted"}


class Undone:
    """Which users have lately taken something back."""

    def __init__(self) -> None:
        self._users: dict[Any, float] = {}

    def heard(self, pk: Any, change: News, now: float) -> None:
        """A hint says that a state of this user's has changed."""
        if change in _FINAL:
            self._users.pop(pk, None)
            self._users[pk] = now
        while self._users and now - next(iter(self._users.values())) > DOUBTFUL_SECONDS:
            del self._users[next(iter(self._users))]

    def among(self, changes: Mapping[Any, Changes], now: float) -> dict[Any, Changes]:
        """Those of these changes that are to be looked up."""
        return {
            pk: its
            for pk, its in changes.items()
            if its and pk in self._users and now - self._users[pk] <= DOUBTFUL_SECONDS
        }


def corrected(pk: Any, changes: Changes) -> Changes:
    """The same ids, each with what it is by its row. In the database thread."""
    ids = {number for numbers in changes.values() for number in numbers} - {TOO_MANY}
    rows = states_of(pk, ids)
    rights: Changes = {}
    for change, numbers in changes.items():
        for number in numbers:
            if number == TOO_MANY:
                right: str | None = change
            else:
                right = _right(cast(News, change), rows.get(number))
            if right is not None:
                rights.setdefault(right, {})[number] = None
    return rights


def _right(change: News, marks: frozenset[Change] | None) -> News | None:
    """What is to be said instead; `None` for nothing."""
    if marks is None or change == "deleted":
        return "deleted" if marks is None else None
    mark = UNDONE.get(cast(Undo, change), cast(Change, change))
    if mark in marks:
        return mark
    return next((undo for undo, undone in UNDONE.items() if undone == mark), None)
