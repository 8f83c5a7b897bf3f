"""The public operations of notifications as the database sees them, with their budgets."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from django.contrib.auth.models import User

from notifications import offline
from notifications.models import Delivery
from notifications.pruning import prune
from notifications.send import notify
from notifications.stats import statistics

from .rows import as_queryset

PAGE = 50
WINDOW = 64
PRUNE_BATCH = 1_000_000


@dataclass(frozen=True, slots=True)
class Stock:
    """What operations work on: the `owner` of a long queue with `ids`, and many `users`."""

    owner: User
    ids: Sequence[int]
    users: Sequence[User]

    @property
    def pks(self) -> list[int]:
        return [user.pk for user in self.users]


def prune_all() -> int:
    """Delete all that is older than this moment, in one batch; the number of deliveries."""
    return prune(days=0, batch_size=PRUNE_BATCH, done=lambda number: None).deliveries


@dataclass(frozen=True, slots=True)
class Operation:
    """One public operation and its exact number of statements, BEGIN and COMMIT among them."""

    name: str
    statements: int
    run: Callable[[Stock], object]


def notify_queryset(stock: Stock) -> object:
    return notify(as_queryset(stock.users), "To a QuerySet")


def list_inbox(stock: Stock) -> object:
    """The newest page, with its contents."""
    inbox = Delivery.objects.filter(recipient=stock.owner).inbox()
    return list(inbox.select_related("notification")[:PAGE])


def count_unread(stock: Stock) -> int:
    return Delivery.objects.filter(recipient=stock.owner).unread().count()


def replay(stock: Stock) -> object:
    """The first window of the owner's queue, as frames."""
    return replay_of([stock.owner.pk])


def replay_all(stock: Stock) -> object:
    """The same for many users who connect at once."""
    return replay_of(stock.pks)


def replay_of(pks: Sequence[int]) -> object:
    pages = offline.replay([(pk, 0) for pk in pks], WINDOW)
    return offline.texts(set().union(*pages))


def acknowledge(stock: Stock) -> object:
    return offline.mark("delivered", {stock.owner.pk: stock.ids})


def read_all(stock: Stock) -> object:
    return offline.read_all(stock.owner.pk, max(stock.ids))


OPERATIONS = (
    Operation("notify a list of users", 4, lambda stock: notify(stock.users, "To users")),
    Operation("notify a list of primary keys", 5, lambda stock: notify(stock.pks, "To keys")),
    Operation("notify a QuerySet", 4, notify_queryset),
    Operation("notify with a key", 5, lambda stock: notify(stock.users, "Once", key="once")),
    Operation("count queued and unread", 2, lambda stock: offline.counts(stock.pks)),
    Operation("replay one queue", 2, replay),
    Operation("replay many queues", 2, replay_all),
    Operation("list an inbox", 1, list_inbox),
    Operation("count unread", 1, count_unread),
    Operation("acknowledge", 1, acknowledge),
    Operation("read all", 2, read_all),
    Operation("statistics", 2, lambda stock: statistics()),
    Operation("prune", 5, lambda stock: prune_all()),
)
"""In an order in which each has something to do."""
