"""Many clients lose their connection at one moment and all come back at another."""

import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from django.contrib.auth import get_user_model
from django.contrib.auth.base_user import AbstractBaseUser

from notifications.tickets import make_ticket
from perftests.load.client import NotificationClient

from .support import LoadTestCase


@dataclass(frozen=True, slots=True)
class Storm:
    """How one storm went.

    `back` clients came back and `ids` waited for each; `seconds` is the time until the last of
    them had everything, and `batches` how many groups of newcomers cost the server `queries`.
    """

    clients: list[NotificationClient]
    ids: list[int]
    back: int
    seconds: float
    batches: int
    queries: int

    @property
    def queries_per_batch(self) -> float:
        return self.queries / self.batches


def strike(test: LoadTestCase, users: Sequence[AbstractBaseUser], queued: int) -> Storm:
    """Connect, cut all connections, queue notifications, let everybody come back at once."""
    clients = test.connect(users)
    cut(test, clients)
    ids = test.control.notify([user.pk for user in users], count=queued).ids
    for client, user in zip(clients, users, strict=True):
        client.ticket = make_ticket(user)
    before, begun_ns = test.control.queries(), time.perf_counter_ns()
    back = test.swarm.connect_clients(clients, concurrency=len(clients))
    test.await_arrival([(ids, client) for client in clients])
    last_ns = max(arrived_ns for client in clients for arrived_ns in client.arrived_ns)
    queries = test.control.queries() - before
    cut(test, clients)
    seconds = (last_ns - begun_ns) / 1e9
    return Storm(clients, ids, len(back), seconds, batches(queries), reads(queries))


def cut(test: LoadTestCase, clients: Sequence[NotificationClient]) -> None:
    """Cut all connections without a word, and wait until the server has noticed."""
    for client in clients:
        test.swarm.call(client.drop)
    test.wait_until_server_is_empty()


def reads(queries: Counter[str]) -> int:
    """How many only read: when acks are written is a matter of time, not of newcomers."""
    return sum(n for sql, n in queries.items() if sql.lstrip().startswith(("SELECT", "WITH")))


def batches(queries: Counter[str]) -> int:
    """How many batches of newcomers there were: each is looked up among the users once."""
    table = f'FROM "{get_user_model()._meta.db_table}"'
    return sum(n for sql, n in queries.items() if table in sql)
