"""Many clients lose their connection at one moment and all come back at another."""

import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median_low

from django.contrib.auth.base_user import AbstractBaseUser

from perftests.load.clients.client import NotificationClient

from ..kit.arrivals import last_arrival_ns
from ..kit.clients import Clients, renew_tickets


@dataclass(frozen=True, slots=True)
class Storm:
    """How one storm went.

    `back` clients came back and `ids` waited for each; `seconds` is the time until the last of
    them had everything. All but the first came in so many `batches`, for each of which the server
    asked so many `queries`.
    """

    clients: list[NotificationClient]
    ids: list[int]
    back: int
    seconds: float
    batches: int
    queries: int


def strike(clients: Clients, users: Sequence[AbstractBaseUser], queued: int) -> Storm:
    """Connect, cut all connections, queue notifications, let everybody come back at once.

    One comes just before the others: what the server asks once, such as the texts, it asks then.
    """
    control = clients.server.control
    struck = clients.connect(users)
    clients.cut(struck)
    ids = control.notify([user.pk for user in users], count=queued).ids
    renew_tickets(struck, users)
    back, of_one = _come_back(clients, struck[:1], ids)
    begun_ns = time.perf_counter_ns()
    others, queries = _come_back(clients, struck[1:], ids)
    last_ns = last_arrival_ns(struck)
    clients.cut(struck)
    seconds = (last_ns - begun_ns) / 1e9
    return Storm(struck, ids, back + others, seconds, *count_reads(queries, of_one))


def _come_back(
    clients: Clients, struck: Sequence[NotificationClient], ids: list[int]
) -> tuple[int, Counter[str]]:
    """How many came back, and the queries until they had everything."""
    before = clients.server.control.queries()
    back = clients.swarm.connect_clients(struck, concurrency=len(struck))
    clients.await_arrival([(ids, client) for client in struck])
    return len(back), clients.server.control.queries() - before


def count_reads(queries: Counter[str], of_one: Counter[str]) -> tuple[int, int]:
    """The number of batches of newcomers, and of queries for each of them.

    There were as many batches as most of the queries were asked. Only what reads counts: when acks
    are written is a matter of time, not of newcomers. What was asked once, and not `of_one` who
    came before, is no query for a newcomer: a sweep has asked it meanwhile.
    """
    read = [
        n
        for sql, n in queries.items()
        if sql.lstrip().startswith(("SELECT", "WITH")) and (n > 1 or sql in of_one)
    ]
    batches = median_low(read) if read else 0
    return batches, sum(n // batches for n in read)
