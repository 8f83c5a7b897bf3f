"""What the buttons of an inbox do, sent as a form."""

from typing import Any

from django.db import transaction
from django.http import QueryDict

from ..feed.changes import change
from ..feed.contract import VERBS
from ..feed.input import read_id
from ..feed.problems import Refused
from ..store.database import database
from ..store.own.rows import own

READ_ALL = "read upto"
BUTTONS = ("read", "unread", "archive", "unarchive", "delete")


def act(pk: Any, sent: QueryDict) -> int:
    """Do what the button says to the notifications that are selected; how many have changed.

    A button is a verb for those, or a verb and an id for one alone; `READ_ALL` is about all that
    were in the list. Raises `Refused` for what is no button.
    """
    pressed = sent.get("do", "")
    verb, _, one = pressed.partition(" ")
    if verb not in BUTTONS:
        raise Refused("invalid", f"`do` is no button of an inbox; {', '.join(BUTTONS)} are.")
    if pressed == READ_ALL:
        ids = _unread_up_to(pk, read_id(sent.get("upto", "")))
    else:
        ids = [read_id(text) for text in ([one] if one else sent.getlist("ids"))]
    with transaction.atomic(database()):
        return change(VERBS[verb], pk, ids)


def _unread_up_to(pk: Any, upto: int) -> list[int]:
    """Also what no device has had: who says "all" of a list has all of it at hand."""
    unread = own(pk).unread().filter(notification_id__lte=upto).order_by()
    return list(unread.values_list("notification_id", flat=True))
