"""Pieces of work of the database's side that can be done again and again, each time the same."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib.auth.models import User

from notifications.models import Delivery
from notifications.send import notify
from notifications.store import marking

from ...suites.database.operations import prune_all, replay_of
from ...suites.kit.rows import queue_for, read_inbox

QUEUED = 10


def nothing() -> None:
    """No preparation."""


@dataclass(frozen=True, slots=True)
class Work:
    """A piece of work; what `prepare` returns is what `run` is given, and is not measured."""

    name: str
    run: Callable[[Any], object]
    prepare: Callable[[], Any] = nothing


def sending(user: User, users: Sequence[User]) -> list[Work]:
    """Notifications to one and to many."""
    return [
        Work("notify one user", lambda _: notify(user, "To one")),
        Work("notify many users", lambda _: notify(users, "To many")),
    ]


def reading(user: User, users: Sequence[User]) -> list[Work]:
    """What is read of a queue and of an inbox that have something in them."""
    queue_for([user, *users], QUEUED)
    pks = [one.pk for one in users]
    return [
        Work("replay many queues", lambda _: replay_of(pks)),
        Work("list an inbox", lambda _: read_inbox(user.pk)),
    ]


def acknowledging(users: Sequence[User]) -> Work:
    """One ack from each of many, written together."""

    def prepare() -> dict[Any, list[int]]:
        sent = notify(users, "To be acknowledged")
        return {user.pk: [sent.pk] for user in users}

    return Work("acknowledge", lambda acks: marking.mark("delivered", acks), prepare)


def reading_all(user: User, count: int) -> Work:
    """So many deliveries of one user, marked as read."""

    def prepare() -> int:
        [queue] = queue_for([user], count)
        Delivery.objects.filter(recipient=user).mark_delivered()
        return max(queue)

    return Work("read all", lambda newest: marking.read_all(user.pk, newest), prepare)


def pruning(users: Sequence[User]) -> Work:
    """A notification to many, deleted with all that there is; nothing else is there."""

    def prepare() -> None:
        prune_all()
        notify(users, "To be pruned")

    return Work("prune", lambda _: prune_all(), prepare)
