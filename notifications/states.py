"""The states of a delivery in one table: every query, mark, count and page is made of it."""

from dataclasses import dataclass
from typing import Any, Literal, get_args

Change = Literal["seen", "read", "archived"]
"""A mark that a user sets, and other tabs hear of."""

Mark = Literal["delivered", Change]

Undo = Literal["marked_unread", "unarchived"]
"""What takes a mark back."""

News = Literal[Change, Undo, "deleted"]
"""Whatever other tabs hear of."""

State = Literal[
    "queued",
    "unread",
    "unseen",
    "inbox",
    "delivered",
    "seen",
    "read",
    "archived",
    "dropped",
    "expired",
]

CHANGES: tuple[Change, ...] = get_args(Change)

IMPLIED: dict[Mark, tuple[str, ...]] = {
    "delivered": ("delivered_at",),
    "seen": ("delivered_at", "seen_at"),
    "read": ("delivered_at", "seen_at", "read_at"),
    "archived": ("delivered_at", "archived_at"),
}
"""The columns that each mark fills; the last one decides whether there is anything to do."""

UNDONE: dict[Undo, Change] = {"marked_unread": "read", "unarchived": "archived"}
"""The mark that each takes back. What has been seen or has arrived stays so."""


@dataclass(frozen=True, slots=True)
class Condition:
    """Which columns are filled and which are null; `expired` is `None` where it does not matter.

    All that a partial index is made of have to be named, or a planner does not see that it fits.
    """

    filled: tuple[str, ...] = ()
    null: tuple[str, ...] = ()
    expired: bool | None = None

    def lookups(self) -> dict[str, Any]:
        """For `filter` and `Q`: all but whether it has expired."""
        filled = {f"{column}__isnull": False for column in self.filled}
        return filled | dict.fromkeys(self.null)

    def sql(self, alias: str) -> str:
        """The same for a statement that calls the table `alias`."""
        filled = [f"{alias}.{column} IS NOT NULL" for column in self.filled]
        return " AND ".join([*filled, *(f"{alias}.{column} IS NULL" for column in self.null)])

    def fits(self, row: object) -> bool:
        """The same for a row that was read."""
        return all(getattr(row, column) is not None for column in self.filled) and all(
            getattr(row, column) is None for column in self.null
        )


STATES: dict[State, Condition] = {
    "queued": Condition(null=("delivered_at", "read_at", "archived_at"), expired=False),
    "unread": Condition(null=("read_at", "archived_at"), expired=False),
    "unseen": Condition(null=("seen_at", "read_at", "archived_at"), expired=False),
    "inbox": Condition(null=("archived_at",), expired=False),
    "delivered": Condition(filled=("delivered_at",)),
    "seen": Condition(filled=("seen_at",)),
    "read": Condition(filled=("read_at",)),
    "archived": Condition(filled=("archived_at",)),
    "dropped": Condition(filled=("archived_at",), null=("delivered_at",)),
    "expired": Condition(expired=True),
}

FURTHEST: tuple[State, ...] = (
    "dropped",
    "archived",
    "read",
    "expired",
    "seen",
    "delivered",
    "queued",
)
"""The first of these that a delivery is in is the state that is shown of it."""
