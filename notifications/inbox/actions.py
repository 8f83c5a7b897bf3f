"""What the buttons of an inbox do, sent as a form."""

from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.http import QueryDict

from ..feed.changes import change
from ..feed.contract import VERBS
from ..feed.identity import Asker
from ..feed.input import read_id
from ..feed.problems import Refused
from ..store.database import database
from ..store.own.rows import own

READ_ALL = "read upto"
BUTTONS = ("read", "unread", "archive", "unarchive", "delete")


UNDONE = 100
"""Notifications that can be taken back together: their ids fit into an address."""


@dataclass(frozen=True, slots=True)
class Done:
    """How many have changed, and which of these can be taken back together.

    Written as `3` or `3-17-18-19`.
    """

    number: int
    ids: tuple[int, ...] = ()

    def __str__(self) -> str:
        return "-".join(map(str, (self.number, *self.ids)))


def done(text: str) -> Done | None:
    """What is written so, by us or by anybody."""
    try:
        number, *ids = text.split("-")
        return Done(int(number), tuple(map(read_id, ids[:UNDONE])))
    except (ValueError, Refused):
        return None


def act(asker: Asker, sent: QueryDict) -> Done:
    """Do what the button says to the notifications that are selected.

    A button is a verb for those, or a verb and an id for one alone; `READ_ALL` is about all that
    were in the list. Raises `Refused` for what is no button.
    """
    pressed = sent.get("do", "")
    verb, _, one = pressed.partition(" ")
    if verb not in BUTTONS:
        raise Refused("invalid", f"`do` is no button of an inbox; {', '.join(BUTTONS)} are.")
    if pressed == READ_ALL:
        ids = _unread_up_to(asker.pk, read_id(sent.get("upto", "")))
    else:
        ids = [read_id(text) for text in ([one] if one else sent.getlist("ids"))]
    with transaction.atomic(database()):
        number = change(VERBS[verb], asker.pk, ids, asker.trace)
    undone = ids if pressed == READ_ALL and len(ids) <= UNDONE else ()
    return Done(number, tuple(undone))


def _unread_up_to(pk: Any, upto: int) -> list[int]:
    """Also what no device has had: who says "all" of a list has all of it at hand."""
    unread = own(pk).unread().filter(notification_id__lte=upto).order_by()
    return list(unread.values_list("notification_id", flat=True))
