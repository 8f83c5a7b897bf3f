"""The public operations of notifications as the database sees them, with their budgets."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from asgiref.sync import async_to_sync
from django.conf import settings
from django.contrib.auth.models import Group, User
from django.contrib.contenttypes.models import ContentType
from django.db import transaction
from django.test import Client

from notifications.access.authentication import Admission, Credentials, authenticate, endings
from notifications.fanout import signed_out
from notifications.feed import changes
from notifications.feed.contract import ListQuery
from notifications.feed.reading import read_latest, read_page
from notifications.models import Delivery
from notifications.send import anotify, edit, notify, recall
from notifications.sending.fanout import state_changed
from notifications.states import Change
from notifications.store import marking, queue
from notifications.store.counting import count
from notifications.store.frames import read_frames
from notifications.store.limits import drop_excess_of_all
from notifications.store.pruning import prunable, prune
from notifications.store.recipients import recipients_among
from notifications.store.stats import statistics
from notifications.tickets import make_ticket

from ..kit.rows import PAGE, as_queryset, queue_for, read_inbox

WINDOW = 64
FEW = 5
SESSIONS = 5
PRUNE_BATCH = 1_000_000


@dataclass(frozen=True, slots=True)
class Stock:
    """What operations work on: the `owner` of a long queue with `ids`, and many `users`.

    All are in the `group`, and some show the cookie of a session.
    """

    owner: User
    ids: Sequence[int]
    users: Sequence[User]
    group: Group = field(default_factory=Group)
    by_session: Sequence[Credentials] = ()

    @property
    def pks(self) -> list[int]:
        return [user.pk for user in self.users]


def make_stock(users: Sequence[User]) -> Stock:
    """The first of them has a queue as long as the others are many, who have two in each."""
    owner, *others = users
    queue_for(others, 2)
    ContentType.objects.get_for_model(owner)  # which Django remembers
    group = Group.objects.create(name=f"{len(others)} members")
    group.user_set.add(*others)
    sessions = [Credentials(session_key=session_key(user)) for user in others[:SESSIONS]]
    return Stock(owner, queue_for([owner], len(others))[0], others, group, sessions)


def session_key(user: User) -> str:
    """That of a browser in which `user` is signed in."""
    browser = Client()
    browser.force_login(user)
    return browser.cookies[settings.SESSION_COOKIE_NAME].value


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
    return read_inbox(stock.owner.pk)


def count_unread(stock: Stock) -> int:
    return Delivery.objects.filter(recipient=stock.owner).unread().count()


def change_in_list(kind: changes.Kind, stock: Stock) -> object:
    """What the owner does in a list: on a page, or over HTTP."""
    with transaction.atomic():
        return changes.change(kind, stock.owner.pk, stock.ids[:FEW])


def notify_about(stock: Stock) -> object:
    return notify(stock.owner, "About", actor=stock.users[0], target=stock.users[-1])


def admit_by_tickets(stock: Stock) -> object:
    return authenticate([Credentials(ticket=make_ticket(user)) for user in stock.users])


def look_at_sessions(stock: Stock) -> object:
    """As the hub does for those who are connected."""
    admitted = authenticate(stock.by_session)
    return endings([one for one in admitted if isinstance(one, Admission)])


def change(kind: Change, stock: Stock) -> object:
    """What a device of the owner asks for: the ids that change go to the other tabs."""
    ids = marking.change(kind, {stock.owner.pk: stock.ids[:FEW]})
    for pk, changed in ids.items():
        state_changed(pk, kind, changed)
    return ids


def replay(stock: Stock) -> object:
    """The first window of the owner's queue, as frames."""
    return replay_of([stock.owner.pk])


def replay_all(stock: Stock) -> object:
    """The same for many users who connect at once."""
    return replay_of(stock.pks)


def replay_of(pks: Sequence[int]) -> object:
    pages = queue.replay([(pk, 0) for pk in pks], WINDOW)
    return read_frames(set().union(*pages))


def acknowledge(stock: Stock) -> object:
    return marking.mark("delivered", {stock.owner.pk: stock.ids})


def read_all(stock: Stock) -> object:
    return marking.read_all(stock.owner.pk, max(stock.ids))


OPERATIONS = (
    Operation("notify one user", 4, lambda stock: notify(stock.owner, "To one")),
    Operation("notify one user, async", 4, lambda s: async_to_sync(anotify)(s.owner, "To one")),
    Operation("notify one primary key", 5, lambda stock: notify([stock.owner.pk], "To one")),
    Operation("notify one user with a key", 5, lambda s: notify(s.owner, "Once", key="one")),
    Operation("notify one user with actor and target", 4, notify_about),
    Operation("notify a group", 4, lambda stock: notify(stock.group, "To a group")),
    Operation("notify a list of users", 4, lambda stock: notify(stock.users, "To users")),
    Operation("notify a list of primary keys", 5, lambda stock: notify(stock.pks, "To keys")),
    Operation("notify a QuerySet", 4, notify_queryset),
    Operation("notify with a key", 5, lambda stock: notify(stock.users, "Once", key="once")),
    Operation("notify with the same key", 5, lambda s: notify(s.users, "Once", key="once")),
    Operation("make a ticket", 0, lambda stock: make_ticket(stock.owner)),
    Operation("admit by tickets", 1, admit_by_tickets),
    Operation("admit by sessions", 3, lambda stock: authenticate(stock.by_session)),
    Operation("look whether sessions have ended", 6, look_at_sessions),
    Operation("count queued and unread", 1, lambda stock: count(stock.pks)),
    Operation("replay one queue", 2, replay),
    Operation("replay many queues", 2, replay_all),
    Operation("find recipients", 1, lambda s: recipients_among(s.ids[:FEW], [*s.pks, s.owner.pk])),
    Operation("find what is overdue", 2, lambda stock: queue.overdue(stock.pks, 0, WINDOW)),
    Operation("list an inbox", 1, list_inbox),
    Operation("count unread", 1, count_unread),
    Operation("read a page of the list", 2, lambda s: read_page(s.owner.pk, ListQuery())),
    Operation("read the newest and the counts", 3, lambda s: read_latest(s.owner.pk, PAGE)),
    Operation("acknowledge", 1, acknowledge),
    Operation("mark as seen", 1, lambda stock: change("seen", stock)),
    Operation("mark as read", 1, lambda stock: change("read", stock)),
    Operation("mark as archived", 1, lambda stock: change("archived", stock)),
    Operation("read all", 2, read_all),
    Operation(
        "mark a QuerySet", 1, lambda s: Delivery.objects.filter(recipient=s.owner).mark_read()
    ),
    Operation("mark as unread", 3, lambda stock: change_in_list("marked_unread", stock)),
    Operation("unarchive", 3, lambda stock: change_in_list("unarchived", stock)),
    Operation("delete", 3, lambda stock: change_in_list("deleted", stock)),
    Operation("edit", 3, lambda stock: edit(stock.ids[-1], title="Edited")),
    Operation("recall", 1, lambda stock: recall(stock.ids[-1])),
    Operation("sign out", 0, lambda stock: signed_out(stock.owner)),
    Operation("statistics", 2, lambda stock: statistics()),
    Operation("keep the limits", 3, lambda stock: drop_excess_of_all()),
    Operation("drop queues", 1, lambda stock: Delivery.objects.drop()),
    Operation("count what to prune", 3, lambda stock: prunable(0)),
    Operation("prune", 6, lambda stock: prune_all()),
)
"""In an order in which each has something to do."""
