"""Two ways to tell the sockets of an audience, and from which size on the other one is cheaper."""

import math
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from channels.layers import get_channel_layer
from django.conf import settings
from django.test import override_settings
from redis import Redis

from notifications.send import notify
from perftests.load.schedule.pacing import keep, moments_ns
from perftests.load.server.control import Control

from ..kit.clients import Clients
from ..kit.contenders import Ours, Users
from .case import MESSAGES_PER_SECOND

WAYS = {"hints": 1_000_000, "announcement": 0}
"""`FANOUT_LIMIT` of the sender that decides for each way."""

LEAST_SENT = 5
"""Notifications in one round."""

MOST_PER_SECOND = 200.0


@dataclass(frozen=True, slots=True)
class Spent:
    """On one `notify`: CPU time in µs, and the messages that Redis got.

    `bystander` is a further server process with as many users, of whom none is a recipient.
    """

    server: float
    sender: float
    redis: float
    bystander: float
    publishes: float

    def cpu(self, processes: int) -> float:
        """With so many server processes, all recipients being connected to one of them."""
        return self.server + self.sender + self.redis + (processes - 1) * self.bystander


class Audiences(Ours):
    """Connected users, of whom the first few get notifications by either way."""

    def __init__(self, clients: Clients, users: Users, bystander: Control, most_sent: int) -> None:
        """`most_sent` notifications in one round: fewer than may be unacknowledged."""
        super().__init__(clients, users)
        self._bystander = bystander
        self._most_sent = most_sent
        self._redis = redis_clients()

    def spend(self, way: str, size: int) -> Spent:
        """Notify the first `size` users some times; they acknowledge at no cost."""
        count = max(LEAST_SENT, min(self._most_sent, 1000 // size))
        rate = min(MOST_PER_SECOND, MESSAGES_PER_SECOND / size)
        bystander = self._bystander.cpu_seconds()
        with fanout_limit(WAYS[way]):
            redis, publishes = self._redis_seconds(), self._publishes()
            server = self.cost(lambda: self._notify(size, count, rate), count * size)
            redis, publishes = self._redis_seconds() - redis, self._publishes() - publishes
        self.acknowledge(count, size)
        return Spent(
            server * size,
            self._sender_seconds / count * 1e6,
            redis / count * 1e6,
            (self._bystander.cpu_seconds() - bystander) / count * 1e6,
            publishes / count,
        )

    def _notify(self, size: int, count: int, per_second: float) -> None:
        users = self.users[:size]
        self._sender_seconds = 0.0
        for _ in keep(moments_ns(count, per_second)):
            begun = time.thread_time()
            sent = notify(users, "Load")
            self._sender_seconds += time.thread_time() - begun
            for ids in self._ids[:size]:
                ids.append(sent.pk)

    def _publishes(self) -> int:
        stats = [client.info("commandstats") for client in self._redis]
        return sum(each.get("cmdstat_publish", {}).get("calls", 0) for each in stats)

    def _redis_seconds(self) -> float:
        cpu = [client.info("cpu") for client in self._redis]
        return float(sum(each["used_cpu_user"] + each["used_cpu_sys"] for each in cpu))


def redis_clients() -> list[Redis]:
    """One for each shard of the layer that is given by its address."""
    hosts = getattr(get_channel_layer(), "hosts", [])
    return [Redis.from_url(host["address"]) for host in hosts if "address" in host]


@contextmanager
def fanout_limit(recipients: int) -> Iterator[None]:
    """Let `notify` in this process decide by another limit."""
    given = getattr(settings, "NOTIFICATIONS", {})
    with override_settings(NOTIFICATIONS={**given, "FANOUT_LIMIT": recipients}):
        yield


def crossing(sizes: Sequence[int], rising: Sequence[float], flat: Sequence[float]) -> float:
    """The size from which on the cost of `rising` exceeds that of `flat`.

    Between the sizes that were measured, both are taken for straight lines over the logarithm of
    the size. The first size when it always exceeds, infinity when it does not at the last.
    """
    gaps = [above - below for above, below in zip(rising, flat, strict=True)]
    cheaper = [number for number, gap in enumerate(gaps) if gap < 0]
    if not cheaper:
        return sizes[0]
    last = cheaper[-1]
    if last == len(sizes) - 1:
        return math.inf
    share = gaps[last] / (gaps[last] - gaps[last + 1])
    low, high = math.log(sizes[last]), math.log(sizes[last + 1])
    return math.exp(low + share * (high - low))
