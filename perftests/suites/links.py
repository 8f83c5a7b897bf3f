"""Users behind links that delay, break or freeze."""

import asyncio
import functools
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from django.contrib.auth.base_user import AbstractBaseUser

from notifications.models import Delivery
from notifications.tickets import make_ticket
from perftests.load.network import Link
from perftests.load.returning import ReturningClient
from perftests.load.shaping import UNSHAPED, LinkProfile

from .support import POLL_SECONDS, LoadTestCase


def open_link(test: LoadTestCase, profile: LinkProfile = UNSHAPED) -> Link:
    """A link to the test's server, on the loop of its swarm; closed with the test."""
    assert test.server.port is not None
    link = test.swarm.run(Link(test.server.port, profile).open())
    test.addCleanup(lambda: test.swarm.run(link.close()))
    return link


def returning_clients(
    link: Link, users: Sequence[AbstractBaseUser], *, ack_delay_seconds: float = 1.0
) -> list[ReturningClient]:
    """A client for each user, not connected yet."""
    return [
        ReturningClient(
            link.websocket_url,
            functools.partial(make_ticket, user),
            ack_delay_seconds=ack_delay_seconds,
        )
        for user in users
    ]


@contextmanager
def staying(test: LoadTestCase, clients: Sequence[ReturningClient]) -> Iterator[None]:
    """Keep clients connected while the block runs; it begins when all are.

    Raises `TimeoutError` when one of them does not connect.
    """
    test.swarm.clients += clients
    tasks = test.swarm.call(lambda: [asyncio.ensure_future(c.stay()) for c in clients])
    try:
        test.swarm.wait_until(
            lambda: all(client.connects for client in clients),
            test.timeout_seconds,
            "all clients to connect",
        )
        yield
    finally:
        test.swarm.call(lambda: [task.cancel() for task in tasks])


def count_queued(test: LoadTestCase, users: Sequence[AbstractBaseUser]) -> int:
    """How many notifications still wait, once all acks are written or time is up."""
    queued = Delivery.objects.queued().filter(recipient__in=[user.pk for user in users])
    deadline = time.monotonic() + test.timeout_seconds
    while (left := queued.count()) and time.monotonic() < deadline:
        time.sleep(POLL_SECONDS)
    return left
