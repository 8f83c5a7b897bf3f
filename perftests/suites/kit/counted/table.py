"""The counts of each row, which decide it: a count that is not measured fails the row, too."""

from collections.abc import Callable
from typing import Any

from perftests import testcases

DELIVERED = ("missing", "unexpected", "reach")
"""What accounting finds in any case."""

ONCE_IN_ORDER = (*DELIVERED, "sent twice", "out of order")
"""Where no connection is cut, and all notifications of a user come from one sender."""

UNREAD = "tabs with a wrong unread count"

SETTLED = ("still queued at the end", UNREAD)
"""What clients and rows have to agree on at the end."""

SENT = ("notify success", "database is locked")

WIRE = ("frames for a notification", "bytes for a notification")

LEFT = (
    "live consumers after close",
    "live sockets after close",
    "live users after close",
    "more threads after close",
    "more files after close",
)

LOOKED_UP = (
    "list an inbox",
    "count unread",
    "replay a queue",
    "count queued and unread",
    "find what is overdue",
    "find recipients",
    "acknowledge",
    "mark as read",
    "read all",
    "read a page of the list",
    "count what is new",
    "take marks back",
    "delete",
    "find holders",
    "find what was edited",
    "keep the limits",
    "prune",
)

WRITTEN = ("notify one", "insert", "acknowledge", "read all", "prune")

WRITTEN_FULL = ("notify many", "notify one", "acks together", "ack by itself")

COUNTS: dict[str, tuple[str, ...]] = {
    "N1": (*ONCE_IN_ORDER, *SENT, "to many: missing", "to many: more queries than to one"),
    "N2": (*ONCE_IN_ORDER, *SETTLED, *SENT, "users connected"),
    "N3": (
        *ONCE_IN_ORDER,
        "few connected",
        "many connected",
        "mock: calls for a message",
        "mock: calls, many to few",
    ),
    "N4": (*ONCE_IN_ORDER, *SETTLED, "queued"),
    "N5": (*ONCE_IN_ORDER, "delivered"),
    "N6": ("counted", "more queries for more rows"),
    "N7": (*ONCE_IN_ORDER, *SETTLED, *WIRE, "overtaken by later ones"),
    "N8": ONCE_IN_ORDER,
    "N9": (*ONCE_IN_ORDER, *SETTLED),
    "W1": (*ONCE_IN_ORDER, *SETTLED, "connected", "statements while idle"),
    "W2": (*ONCE_IN_ORDER, *SETTLED, "read marks lost", "refused frames"),
    "W3": (*DELIVERED, UNREAD, "shown twice"),
    "W4": (*ONCE_IN_ORDER, "series recorded", "most file descriptors"),
    "W5": (*ONCE_IN_ORDER, *SETTLED, "queries per broadcast"),
    "W6": (*ONCE_IN_ORDER, UNREAD, "back", "queries for each batch"),
    "W7": (*DELIVERED, *LEFT),
    "W8": (
        *ONCE_IN_ORDER,
        "most sent without an ack",
        "silent clients that were not closed",
        "closed with code 4408",
    ),
    "M1": ("retained per notification",),
    "M2": (*ONCE_IN_ORDER, "traced peak per queued notification"),
    "M3": (*DELIVERED, "sent twice", "kept of each delivery"),
    "M4": (*ONCE_IN_ORDER, "missing of those who came and went", "kept of each delivery"),
    "M5": (
        "recovered",
        "dropped objects alive",
        "consumers that outlive their socket",
        "sockets that outlive their socket",
        "users that outlive their socket",
        "layer groups that outlive their socket",
    ),
    "M6": (
        "consumers alive after close",
        "sockets alive after close",
        "users alive after close",
        "kept of each connect",
        "kept of each refused client",
        "kept of each message",
    ),
    "D2": tuple(f"{lookup}, without its index" for lookup in LOOKED_UP),
    "D3": (
        *(f"{write}, statements" for write in WRITTEN),
        *(f"{write}, growth of what is written" for write in WRITTEN_FULL),
    ),
    "D4": (
        "failed writes",
        "lost updates",
        "rows marked twice",
        "deliveries lost",
        "keys that were sent twice",
    ),
    "C1": ONCE_IN_ORDER,
    "C2": (*DELIVERED, "connections cut", "still queued at the end"),
    "C3": (
        *DELIVERED,
        "closed during a short stall",
        "frozen and never closed",
        "still queued at the end",
    ),
}


def row(name: str) -> Callable[[Any], Any]:
    """Mark a test as a row of ours, which has the counts of this table."""
    return testcases.row(name, counts=COUNTS.get(name, ()))
