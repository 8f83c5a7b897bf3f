"""Users behind links that delay, break or freeze."""

import asyncio
import functools
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from django.contrib.auth.base_user import AbstractBaseUser

from notifications.tickets import make_ticket
from perftests.load.clients.returning import ReturningClient
from perftests.load.network.link import Link
from perftests.load.network.shaping import UNSHAPED, LinkProfile

from .clients import Clients


@contextmanager
def open_link(clients: Clients, profile: LinkProfile = UNSHAPED) -> Iterator[Link]:
    """A link to the server of these clients, on their loop; closed at the end of the block."""
    port = clients.server.process.port
    assert port is not None
    link = clients.swarm.run(Link(port, profile).open())
    try:
        yield link
    finally:
        clients.swarm.run(link.close())


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
def staying(clients: Clients, returning: Sequence[ReturningClient]) -> Iterator[None]:
    """Keep those connected while the block runs; it begins when all are.

    Raises `TimeoutError` when one of them does not connect.
    """
    swarm = clients.swarm
    swarm.clients += returning
    tasks = swarm.call(lambda: [asyncio.ensure_future(c.stay()) for c in returning])
    try:
        clients.wait_until(
            lambda: all(client.connects for client in returning), "all clients to connect"
        )
        yield
    finally:
        swarm.call(lambda: [task.cancel() for task in tasks])
