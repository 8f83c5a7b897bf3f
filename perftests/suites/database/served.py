"""What the server does for its clients, as the database sees it: counted inside, where it is."""

import json
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib.auth.models import User

from perftests.load.clients.client import NotificationClient

from ..kit.clients import Clients
from ..kit.rows import queue_for
from .operations import WINDOW

NEWCOMERS = 4
TABS = 3
TEXTS = 20
FEW = 5
MARKED = 3
LONG = 200
ACK_SECONDS = 0.01
UPTO = 2**53 - 1

SETTINGS = {"SWEEP_SECONDS": 3600, "WATCH_SECONDS": 3600, "FANOUT_LIMIT": FEW}
"""The server does nothing but what is asked for, and announces what goes to more than a few."""

ENVIRONMENT = {"PERF_NOTIFICATIONS": json.dumps(SETTINGS)}

QUIET_SECONDS = 0.7
"""Longer than anything waits: half a second until a count is made again that may be wrong."""

QUIET_LOOKS = 10
"""In that time. Each is answered: a server that got no CPU for as long has not been quiet."""


class Guests:
    """A crowd that is connected, and newcomers who are not yet. They acknowledge when told to."""

    def __init__(self, clients: Clients, crowd: Sequence[User], newcomers: Sequence[User]) -> None:
        self.pks = [user.pk for user in crowd]
        self.control = clients.server.control
        self._clients = clients
        self._newcomers = list(newcomers)
        self._same: list[NotificationClient] = []
        self.tabs = clients.connect(crowd, ack=False)
        self.push(self.pks, TEXTS)
        self.rest()

    def count(self, operation: "Served") -> int:
        """How many statements the server runs for it, until it rests again."""
        return operation.counted(self.statements(operation))

    def statements(self, operation: "Served") -> Counter[str]:
        """Those statements, and how often each of them is run."""
        before = self.control.queries()
        operation.run(self)
        self.rest()
        return self.control.queries() - before

    def rest(self) -> None:
        """Wait until the server has run no statement for a while."""
        seen, quiet = -1, 0
        while quiet < QUIET_LOOKS:
            time.sleep(QUIET_SECONDS / QUIET_LOOKS)
            now = self.control.queries().total()
            seen, quiet = now, quiet + 1 if now == seen else 0

    def arrive(self, number: int, texts: int) -> None:
        """So many newcomers connect at once, for each of whom a queue of `texts` waits."""
        users = [self._newcomers.pop() for _ in range(number)]
        queues = queue_for(users, texts)
        clients = self._clients.connect(users, concurrency=number, ack=False)
        self._clients.await_arrival(list(zip(queues, clients, strict=True)))

    def open_tabs(self) -> None:
        """A newcomer opens several tabs, one after the other."""
        self._user_of_tabs = self._newcomers.pop()
        for _ in range(TABS):
            self._same += self._clients.connect([self._user_of_tabs], ack=False)

    def push_to_tabs(self) -> None:
        """The user of several tabs is notified."""
        ids = self.control.notify([self._user_of_tabs.pk]).ids
        self._clients.await_arrival([(ids, tab) for tab in self._same])

    def read_in_one(self) -> None:
        """The user of several tabs acknowledges and reads in one of them."""
        self.send(self._same[:1], type="read")

    def take_long_queue(self) -> None:
        """A newcomer has more than a window queued, and acknowledges each by itself."""
        user = self._newcomers.pop()
        [queue] = queue_for([user], LONG)
        [client] = self._clients.connect([user], ack=False)
        self._clients.await_arrival([(queue[:WINDOW], client)])
        for first in range(WINDOW // 2):
            self.send([client], type="ack", ids=[queue[first]])
            time.sleep(ACK_SECONDS)  # so that the server sees them one after the other

    def push(self, pks: Sequence[Any], count: int = 1) -> None:
        """Notify these users of the crowd from inside the server."""
        before = [len(tab.arrived_ids) for tab in self.tabs]
        self.control.notify(pks, count=count)
        expected = zip(self.tabs[: len(pks)], before, strict=False)
        self._clients.wait_until(
            lambda: all(len(tab.arrived_ids) >= known + count for tab, known in expected), "a push"
        )

    def send(self, tabs: Sequence[NotificationClient], **frame: Any) -> None:
        """Let each of these tabs send a frame about what arrived last."""

        def send() -> None:
            for tab in tabs:
                tab.send({"ids": tab.arrived_ids[-MARKED:], **frame})

        self._clients.swarm.call(send)

    def ping_and_leave(self) -> None:
        """All tabs say that they are there, and one is closed."""
        self.send(self.tabs, type="ping")
        self._clients.swarm.leave([self.tabs.pop()])


def count_without_begin(statements: Counter[str]) -> int:
    """How many there are that both databases see: SQLite alone is told of a beginning."""
    return sum(n for sql, n in statements.items() if not sql.startswith("BEGIN"))


def count_reads(statements: Counter[str]) -> int:
    """How many only read: how often acks are written is a matter of time."""
    return sum(n for sql, n in statements.items() if sql.lstrip().startswith(("SELECT", "WITH")))


@dataclass(frozen=True, slots=True)
class Served:
    """Something that clients or a sender want of the server, and the statements that it takes."""

    name: str
    statements: int
    run: Callable[[Guests], object]
    counted: Callable[[Counter[str]], int] = count_without_begin


SERVED = (
    Served("a newcomer", 3, lambda g: g.arrive(1, 0)),
    Served("a newcomer with a queue", 6, lambda g: g.arrive(1, TEXTS)),
    Served("a push to one", 3, lambda g: g.push(g.pks[:1])),
    Served("a push to a few", 3, lambda g: g.push(g.pks[:FEW])),
    Served("an announcement", 4, lambda g: g.push(g.pks)),
    Served("ack frame", 1, lambda g: g.send(g.tabs[:1], type="ack")),
    Served("seen frame", 3, lambda g: g.send(g.tabs[:1], type="seen")),
    Served("read frame", 3, lambda g: g.send(g.tabs[:1], type="read")),
    Served("archive frame", 3, lambda g: g.send(g.tabs[:1], type="archive")),
    Served("read_all frame", 5, lambda g: g.send(g.tabs[:1], type="read_all", upto=UPTO)),
    Served("several tabs, one after the other", 3 * TABS, Guests.open_tabs),
    Served("a push to several tabs", 3, Guests.push_to_tabs),
    Served("read frame of one of several tabs", 4, Guests.read_in_one),
    Served("ping frames, and a client that leaves", 0, Guests.ping_and_leave),
)
"""In an order in which each has something to do."""

TOGETHER = (
    Served("ack frames of a crowd", 5, lambda g: g.send(g.tabs, type="ack")),
    Served("a long queue, acknowledged one by one", 20, Guests.take_long_queue, count_reads),
    Served("read frames of a crowd", 10, lambda g: g.send(g.tabs, type="read")),
)
"""What is done together for as many as come while it waits: at most so many statements."""
