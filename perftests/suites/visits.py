"""Users who come, read and go while notifications are sent to them."""

import asyncio
import functools
import time
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import cycle
from typing import Any

from django.contrib.auth.base_user import AbstractBaseUser

from notifications.models import Delivery
from notifications.tickets import make_ticket
from perftests.load.behaviour import Profile, Visitor
from perftests.load.control import Sent
from perftests.load.shapes import Shape, duration

from .support import POLL_SECONDS, LoadTestCase


@dataclass(frozen=True, slots=True)
class Visit:
    """One user, what was sent to that user, and how it went."""

    user: AbstractBaseUser
    visitor: Visitor
    expected: list[int]


def act_out(
    test: LoadTestCase,
    profiles: Iterable[Profile],
    *,
    count: int,
    shape: Shape,
) -> list[Visit]:
    """Let `count` users visit, of all profiles in turn, while all are notified as `shape` says.

    Returns when everybody is back and has everything, or when time is up.
    """
    users = test.create_users(count)
    visitors = [
        Visitor(profile, test.server.websocket_url, functools.partial(make_ticket, user))
        for profile, user in zip(cycle(profiles), users, strict=False)
    ]
    for visitor in visitors:
        test.swarm.clients += visitor.tabs
    with traffic(test, [user.pk for user in users], shape) as sent:
        test.swarm.run(_visit_all(visitors, duration(shape), test.timeout_seconds))
    ids = sent[0].ids
    test.await_arrival([(ids, visitor) for visitor in visitors])
    return [Visit(u, v, ids) for u, v in zip(users, visitors, strict=True)]


async def _visit_all(visitors: Sequence[Visitor], seconds: float, timeout_seconds: float) -> None:
    async with asyncio.timeout(seconds + timeout_seconds), asyncio.TaskGroup() as visits:
        for number, visitor in enumerate(visitors):
            late = seconds / 4 * number / len(visitors)
            visits.create_task(visitor.visit(seconds, late=late))


@contextmanager
def traffic(
    test: LoadTestCase, pks: Sequence[Any], shape: Shape, **content: Any
) -> Iterator[list[Sent]]:
    """Send on schedule while the block runs; the list holds what was sent, after the block."""
    sent: list[Sent] = []
    with ThreadPoolExecutor(1) as sender:
        sending = sender.submit(test.control.notify, pks, shape=shape, **content)
        try:
            yield sent
        except BaseException:
            test.stop_sending()  # or its thread would be waited for
            raise
        sent.append(sending.result())


def tabs_that_disagree(test: LoadTestCase, visits: Sequence[Visit]) -> int:
    """How many tabs show another number of unread notifications than the database has.

    Every user looks at the page, which makes the server count for all tabs of the user.
    """
    for visit in visits:
        test.swarm.call(visit.visitor.look)
    deadline = time.monotonic() + test.timeout_seconds
    while (disagreeing := _count_disagreeing(visits)) and time.monotonic() < deadline:
        time.sleep(POLL_SECONDS)
    return disagreeing


def _count_disagreeing(visits: Sequence[Visit]) -> int:
    unread = Delivery.objects.unread()
    disagreeing = 0
    for visit in visits:
        truth = unread.filter(recipient_id=visit.user.pk).count()
        disagreeing += sum(tab.unread != truth for tab in visit.visitor.tabs)
    return disagreeing
