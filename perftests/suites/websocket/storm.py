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

TEXT = '"title"'
"""What only a query of texts reads."""


@dataclass(frozen=True, slots=True)
class Storm:
    """How one storm went.

    `back` clients came back and `ids` waited for each; `seconds` is the time until the last of
    them had everything. Newcomers came in so many `batches`, for each of which the server asked so
    many `queries`.
    """

    clients: list[NotificationClient]
    ids: list[int]
    back: int
    seconds: float
    batches: int
    queries: int


def strike(clients: Clients, users: Sequence[AbstractBaseUser], queued: int) -> Storm:
    """Connect, cut all connections, queue notifications, let everybody come back at once."""
    control = clients.server.control
    struck = clients.connect(users)
    clients.cut(struck)
    ids = control.notify([user.pk for user in users], count=queued).ids
    renew_tickets(struck, users)
    before, begun_ns = control.queries(), time.perf_counter_ns()
    back = clients.swarm.connect_clients(struck, concurrency=len(struck))
    clients.await_arrival([(ids, client) for client in struck])
    last_ns = last_arrival_ns(struck)
    queries = control.queries() - before
    clients.cut(struck)
    seconds = (last_ns - begun_ns) / 1e9
    return Storm(struck, ids, len(back), seconds, *count_reads(queries))


def count_reads(queries: Counter[str]) -> tuple[int, int]:
    """The number of batches of newcomers, and of queries for each of them.

    There were as many batches as most of the queries were asked. What is asked once for all, such
    as the texts, or once more by a sweep meanwhile, is no query for each. Only what reads counts:
    when acks are written is a matter of time, not of newcomers. Where all came in one batch, each
    query was asked once, and only the texts are known not to be for each.
    """
    read = {sql: n for sql, n in queries.items() if sql.lstrip().startswith(("SELECT", "WITH"))}
    repeated = [n for n in read.values() if n > 1]
    if not repeated:
        return 1, sum(TEXT not in sql for sql in read)
    batches = median_low(repeated)
    return batches, sum(n // batches for n in repeated)
