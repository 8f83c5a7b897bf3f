"""Of which notifications hints were heard: those need not be looked for in the database."""

from collections import OrderedDict
from collections.abc import Iterable
from typing import Any

MAX_REMEMBERED = 10_000
"""Ids of recent hints."""

_NOBODY: set[Any] = set()


class HeardHints:
    """A hint is for all recipients, or for one of several: those for the others may be lost."""

    def __init__(self) -> None:
        # A plain dict would look for its first key among those that were deleted before.
        # `None` where all recipients have been told, else for whom a hint was heard.
        self._heard: OrderedDict[int, set[Any] | None] = OrderedDict()

    def __contains__(self, notification_id: int) -> bool:
        return notification_id in self._heard

    def add(self, notification_id: int) -> None:
        """All of its recipients here have been told."""
        self._heard[notification_id] = None
        if len(self._heard) > MAX_REMEMBERED:
            self._heard.popitem(last=False)

    def add_for(self, pk: Any, notification_id: int) -> None:
        """One of its recipients has been told."""
        known = self._heard.get(notification_id, _NOBODY)
        if known is _NOBODY:
            self.add(notification_id)
            self._heard[notification_id] = {pk}
        elif known is not None:
            known.add(pk)

    def incomplete(self, notification_ids: Iterable[int]) -> list[int]:
        """Those of which hints may have been lost, as far as it is remembered."""
        return [n for n in notification_ids if self._heard.get(n, _NOBODY) is not None]

    def untold(self, notification_id: int, pks: Iterable[Any]) -> list[Any]:
        """Those of `pks` for whom no hint of it was heard."""
        heard = self._heard.get(notification_id, _NOBODY)
        return [] if heard is None else [pk for pk in pks if pk not in heard]

    def forget(self) -> None:
        """The ids may stand for others now."""
        self._heard.clear()
