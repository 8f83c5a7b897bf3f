"""What the feed takes and gives. The structs validate, encode, and make the OpenAPI document."""

from datetime import datetime
from typing import Annotated, Any, ClassVar, Literal

import msgspec
from msgspec import Meta

from ..states import News
from ..wire.protocol import Id, Ids

MAX_ITEMS = 100
"""Of one page."""

MAX_NAMED = 20
"""Categories or levels that one request may ask for."""

Time = Annotated[datetime, Meta(tz=True)]
Number = Annotated[int, Meta(ge=0)]
Level = Literal["info", "success", "warning", "error"]
Category = Annotated[str, Meta(max_length=50, pattern=r"^[^\x00]*$")]
Limit = Annotated[int, Meta(ge=1, le=MAX_ITEMS, description="How many at most.")]
Target = Annotated[
    str,
    Meta(
        pattern=r"^[A-Za-z_][A-Za-z0-9_]{0,99}\.[A-Za-z_][A-Za-z0-9_]{0,99}:[^\x00]{1,64}$",
        description="What it is about: app label, model and primary key, as `shop.order:17`.",
        examples=["shop.order:17"],
    ),
]
Cursor = Annotated[
    str,
    Meta(pattern=r"^[1-9][0-9]{0,18}$", description="`next` of the page before."),
]

VERBS: dict[str, Literal["delivered"] | News] = {
    "ack": "delivered",
    "seen": "seen",
    "read": "read",
    "unread": "marked_unread",
    "archive": "archived",
    "unarchive": "unarchived",
    "delete": "deleted",
}
"""What can be done to notifications, and what that makes of them."""


class Item(msgspec.Struct, kw_only=True):
    """A notification of the user's, and when it reached which state; null: not yet.

    None of its texts is HTML.
    """

    id: int
    level: Level
    category: str
    title: str
    body: str
    url: str
    actor: str
    target: str
    data: dict[str, Any]
    created_at: Time
    edited_at: Time | None
    delivered_at: Time | None
    seen_at: Time | None
    read_at: Time | None
    archived_at: Time | None


class Page(msgspec.Struct):
    """A part of the list, newest first. `next` is the cursor of what follows, null at the end."""

    items: list[Item]
    next: str | None


class Counts(msgspec.Struct):
    """Of what is in the list: not read, and not seen."""

    unread: Number
    unseen: Number


class Latest(msgspec.Struct):
    """The first page and the counts, of one moment."""

    counts: Counts
    items: list[Item]
    next: str | None


class Done(msgspec.Struct):
    """How many notifications have changed, and the counts behind that."""

    changed: Number
    counts: Counts


class Ticket(msgspec.Struct):
    """Opens a WebSocket, or stands in `Authorization: Bearer`, for so many seconds."""

    ticket: str
    seconds: Number


class ByIds(msgspec.Struct, forbid_unknown_fields=True):
    """These notifications. Ids that are not the user's change nothing."""

    ids: Ids


class UpTo(msgspec.Struct, forbid_unknown_fields=True):
    """All that has been delivered and has no higher id than this."""

    upto: Id


class ListQuery(msgspec.Struct, forbid_unknown_fields=True):
    """Which notifications a page shows."""

    TEXTS: ClassVar = frozenset({"cursor", "since", "target"})

    limit: Limit = 50
    cursor: Cursor | msgspec.UnsetType = msgspec.UNSET
    archived: Annotated[bool, Meta(description="The archive instead of the list.")] = False
    unread: bool | msgspec.UnsetType = msgspec.UNSET
    unseen: bool | msgspec.UnsetType = msgspec.UNSET
    category: Annotated[list[Category], Meta(max_length=MAX_NAMED)] = []
    level: Annotated[list[Level], Meta(max_length=MAX_NAMED)] = []
    since: Time | msgspec.UnsetType = msgspec.UNSET
    target: Target | msgspec.UnsetType = msgspec.UNSET


class PollQuery(msgspec.Struct, forbid_unknown_fields=True):
    """How long to wait for a change, at most `POLL_SECONDS`."""

    TEXTS: ClassVar = frozenset[str]()

    limit: Limit = 50
    wait: Annotated[int, Meta(ge=0, le=60, description="Seconds.")] = 60


class NoQuery(msgspec.Struct, forbid_unknown_fields=True):
    """Nothing may stand behind the path."""

    TEXTS: ClassVar = frozenset[str]()


class Problem(msgspec.Struct, kw_only=True):
    """What is wrong and what to do, as RFC 9457 has it. `type` stays, texts may change."""

    type: str
    title: str
    status: int
    detail: str
