"""What is looked for in tables that grow, and the index that it is found by."""

from collections.abc import Callable
from dataclasses import dataclass

from notifications.feed.contract import ListQuery
from notifications.feed.reading import read_page
from notifications.hub.delivery.edits import LATELY
from notifications.store import marking, queue
from notifications.store.counting import count
from notifications.store.ids import edited_lately, newest_older_than
from notifications.store.own.changing import delete, take_back
from notifications.store.own.listing import count_new
from notifications.store.pruning import prune
from notifications.store.recipients import holders_among, recipients_among

from .operations import FEW, WINDOW, Stock, acknowledge, count_unread, list_inbox, read_all, replay
from .plans import Plan

OF_A_USER = "deliveries_of_a_user"
QUEUED = "queued_and_unread"
ONE_EACH = "one_delivery_per_recipient"
EDITED = "notifications_edited"
CREATED = "durable_notifications_notification_created_at_1af61fac"

DAYS = 300
"""Older than anything, so that nothing is pruned."""


@dataclass(frozen=True, slots=True)
class Lookup:
    """One way to look; so many `statements` find it by one of `indexes`, whichever the database
    prefers."""

    name: str
    indexes: frozenset[str]
    run: Callable[[Stock], object]
    statements: int = 1

    def lacking(self, plan: Plan) -> int:
        """How many statements of the plan lack its index."""
        found = sum(not self.indexes.isdisjoint(used) for used in plan.statements)
        return max(0, self.statements - found)


def lookup(name: str, run: Callable[[Stock], object], *indexes: str, statements: int = 1) -> Lookup:
    return Lookup(name, frozenset(indexes), run, statements)


READS = (
    lookup("list an inbox", list_inbox, OF_A_USER),
    lookup("count unread", count_unread, QUEUED),
    lookup("replay a queue", replay, QUEUED),
)

LOOKUPS = (
    *READS,
    lookup("count queued and unread", lambda stock: count(stock.pks), QUEUED),
    lookup("find what is overdue", lambda s: queue.overdue(s.pks, 0, WINDOW), QUEUED),
    lookup("find recipients", lambda s: recipients_among(s.ids[:FEW], s.pks), ONE_EACH),
    lookup("acknowledge", acknowledge, ONE_EACH, OF_A_USER),
    lookup(
        "mark as read", lambda s: marking.change("read", {s.owner.pk: s.ids}), ONE_EACH, OF_A_USER
    ),
    lookup("read all", read_all, OF_A_USER, QUEUED),
    lookup("read a page of the list", lambda s: read_page(s.owner.pk, ListQuery()), OF_A_USER),
    lookup("count what is new", lambda stock: count_new(stock.owner.pk), QUEUED),
    lookup(
        "take marks back",
        lambda s: take_back("marked_unread", s.owner.pk, s.ids[:FEW]),
        ONE_EACH,
        OF_A_USER,
    ),
    lookup("delete", lambda stock: delete(stock.owner.pk, stock.ids[:FEW]), ONE_EACH, OF_A_USER),
    lookup("find holders", lambda s: holders_among(s.ids[:FEW], s.pks), ONE_EACH, OF_A_USER),
    lookup("find what was edited", lambda _: edited_lately(LATELY), EDITED),
    lookup("keep the limits", lambda stock: newest_older_than(DAYS), CREATED),
)

PRUNING = lookup(
    "prune", lambda _: prune(DAYS, batch_size=FEW, done=lambda _: None), CREATED, statements=3
)
"""Old deliveries, old notifications, and those of nobody. It also looks for deliveries of nobody,
which takes as long as there are rows."""
