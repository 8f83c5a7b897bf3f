"""A crash in the middle: what was published, and what has not arrived when all is over."""

import asyncio
import random
import threading
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http.client import HTTPException

from django.db import connections
from picows import WSError

from perftests.load.clients.client import ConnectFailed, NotificationClient
from perftests.load.clients.swarm import Swarm
from perftests.load.schedule.pacing import keep, moments_ns
from perftests.processes.waiting import POLL_SECONDS

from .alternative import Alternative

RETRY_SECONDS = 0.05
COME_BACK_SECONDS = (0.1, 0.4)
"""Between two attempts to connect."""


@dataclass(frozen=True, slots=True)
class Loss:
    """Messages that were taken and not brought, over all clients, and those that came again."""

    expected: int
    lost: int
    repeated: int


def crash(alternative: Alternative, swarm: Swarm, clients: int, count: int, rate: float) -> Loss:
    """Publish `count` messages; half-way the server is killed and started again.

    The publisher tries again until a message is taken, the clients until they are back.
    """
    alternative.clients = alternative.make_clients(clients, ack=True)
    with staying(alternative, swarm):
        alternative.await_connected()
        with ThreadPoolExecutor(1) as publisher:
            half = threading.Event()
            published = publisher.submit(_publish, alternative, count, rate, half)
            half.wait(alternative.timeout_seconds)
            alternative.kill()
            alternative.start()
            ids = published.result()
        alternative.await_connected()
        alternative.await_arrival(len(ids) * clients)
    return _loss(alternative.clients, ids)


@contextmanager
def staying(alternative: Alternative, swarm: Swarm) -> Iterator[None]:
    """Its clients connect, and again whenever their connection has ended, until the block ends."""
    swarm.clients += alternative.clients

    async def begin() -> list[asyncio.Task[None]]:
        return [asyncio.ensure_future(_stay(alternative, c)) for c in alternative.clients]

    tasks = swarm.run(begin())
    try:
        yield
    finally:
        for task in tasks:
            swarm.call(task.cancel)
        swarm.leave(alternative.clients)


async def _stay(alternative: Alternative, client: NotificationClient) -> None:
    while True:
        with suppress(ConnectFailed, WSError, OSError, TimeoutError):
            alternative.renew(client)
            await client.connect()
            while client.connected:  # noqa: ASYNC110 - not all clients have an event for it
                await asyncio.sleep(POLL_SECONDS)
        await asyncio.sleep(random.uniform(*COME_BACK_SECONDS))


def _publish(alternative: Alternative, count: int, rate: float, half: threading.Event) -> list[int]:
    ids = []
    try:
        for number, _ in enumerate(keep(moments_ns(count, rate))):
            ids.append(_insist(alternative))
            if number == count // 2:
                half.set()
    finally:
        half.set()
        connections.close_all()
    return ids


def _insist(alternative: Alternative) -> int:
    """As a site does that must not lose a message: again until it is taken."""
    deadline = time.monotonic() + alternative.timeout_seconds
    while True:
        try:
            return alternative.publish()
        except (OSError, HTTPException):
            if time.monotonic() > deadline:
                raise
            time.sleep(RETRY_SECONDS)


def _loss(clients: Iterable[NotificationClient], ids: list[int]) -> Loss:
    wanted, clients = set(ids), list(clients)
    lost = sum(len(wanted.difference(client.arrived_ids)) for client in clients)
    return Loss(len(ids) * len(clients), lost, sum(client.duplicates for client in clients))
