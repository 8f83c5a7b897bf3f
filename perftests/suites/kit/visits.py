"""Users who come, read and go while notifications are sent to them."""

import asyncio
import functools
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import cycle
from typing import Any

from django.contrib.auth.base_user import AbstractBaseUser

from notifications.tickets import make_ticket
from perftests.load.clients.behaviour import Profile, Visitor
from perftests.load.schedule.shapes import Shape, duration
from perftests.load.server.control import Sent

from .clients import Clients
from .counted.settled import Tab
from .server import ServerUnderLoad


@dataclass(frozen=True, slots=True)
class Visit:
    """One user, what was sent to that user, and how it went."""

    user: AbstractBaseUser
    visitor: Visitor
    expected: list[int]


def act_out(
    clients: Clients,
    users: Sequence[AbstractBaseUser],
    profiles: Iterable[Profile],
    shape: Shape,
) -> list[Visit]:
    """Let users visit, of all profiles in turn, while all are notified as `shape` says.

    Returns when everybody is back and has everything, or when time is up.
    """
    visitors = [
        Visitor(profile, clients.server.websocket_url, functools.partial(make_ticket, user))
        for profile, user in zip(cycle(profiles), users, strict=False)
    ]
    for visitor in visitors:
        clients.swarm.clients += visitor.tabs
    with traffic(clients.server, [user.pk for user in users], shape) as sent:
        clients.swarm.run(_visit_all(visitors, duration(shape), clients.timeout_seconds))
    ids = sent[0].ids
    clients.await_arrival([(ids, visitor) for visitor in visitors])
    return [Visit(u, v, ids) for u, v in zip(users, visitors, strict=True)]


async def _visit_all(visitors: Sequence[Visitor], seconds: float, timeout_seconds: float) -> None:
    async with asyncio.timeout(seconds + timeout_seconds), asyncio.TaskGroup() as visits:
        for number, visitor in enumerate(visitors):
            late = seconds / 4 * number / len(visitors)
            visits.create_task(visitor.visit(seconds, late=late))


@contextmanager
def traffic(
    server: ServerUnderLoad, pks: Sequence[Any], shape: Shape, **content: Any
) -> Iterator[list[Sent]]:
    """Send on schedule while the block runs; the list holds what was sent, after the block."""
    sent: list[Sent] = []
    with ThreadPoolExecutor(1) as sender:
        sending = sender.submit(server.control.notify, pks, shape=shape, **content)
        try:
            yield sent
        except BaseException:
            server.stop_sending()  # or its thread would be waited for
            raise
        sent.append(sending.result())


def tabs_of(visits: Iterable[Visit]) -> list[Tab]:
    """All tabs of the users who visited."""
    return [(visit.user.pk, tab) for visit in visits for tab in visit.visitor.tabs]
