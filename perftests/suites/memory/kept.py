"""What the server keeps of each connect and of each message, byte by byte: a pass of its own.

Memory that is traced is counted, where resident memory is read: it moves in steps and by chance.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from django.contrib.auth.models import User

from perftests.load.clients.client import NotificationClient
from perftests.load.server.control import Control
from perftests.records.targets import Verdict

from ..kit.clients import Clients
from ..kit.contexts import Recorder
from ..kit.queue import await_acks
from ..kit.rows import queue_for
from ..kit.server import ServerUnderLoad

KEPT_OF_A_CONNECT = "< 500"
"""Bytes. A server keeps some of the last hundred connections for a while."""

KEPT_OF_A_MESSAGE = "< 100"

KEPT_OF_A_DELIVERY = "< 500"
"""Bytes, while users stay: of so many notifications the hub knows whom it has told of them."""

TRACED_CONNECTS = 3
TRACED_CYCLES = 2
TABS = 5
MESSAGES_EACH = 25
"""As many are queued, and as many pushed: a client may send a hundred frames at once."""


Keepers = dict[str, list[str]]
"""`lines` of code and `types` of objects, the worst first."""


@contextmanager
def tracing(control: Control) -> Iterator[Keepers]:
    """Let the server trace its memory while the block runs.

    After it is known of what there is more than at the last `control.trace()`.
    """
    keepers: Keepers = {}
    control.trace()
    try:
        yield keepers
    finally:
        keepers.update(control.grown())


def measure_kept(recorder: Recorder, kind: str, each: float, required: str) -> bool:
    """Record how many bytes are kept of each of a kind; whether that is too much."""
    metric = recorder.measure(f"kept of each {kind}", each, "B", required=required)
    return metric.required_verdict is Verdict.FAIL


def measure_kept_of_deliveries(
    recorder: Recorder,
    server: ServerUnderLoad,
    work: Callable[[], object],
    deliveries: int,
    *,
    suspect: bool,
) -> None:
    """Record what is kept of each of so many deliveries, which are one `work`.

    And by whom, if too much or `suspect`.
    """
    control = server.control

    def work_often() -> None:
        repeat(work, TRACED_CYCLES)
        await_acks(server.timeout_seconds)

    with tracing(control) as keepers:
        work_often()
        control.trace()
        before = control.traced_bytes()
        work_often()
        kept = control.traced_bytes() - before
    each = kept / (TRACED_CYCLES * deliveries)
    if measure_kept(recorder, "delivery", each, KEPT_OF_A_DELIVERY) or suspect:
        note_keepers(recorder, keepers)


@dataclass(frozen=True, slots=True)
class Kept:
    """Bytes that are kept of each connect, each client that was refused and each message that is
    over, and what keeps them."""

    of_a_connect: float
    of_a_refusal: float
    of_a_message: float
    keepers: Keepers


def kept_of_visits(visits: "Visits") -> Kept:
    """What the server keeps of visits; its memory is traced meanwhile, which takes long."""
    control = visits.control
    with tracing(control) as keepers:
        visits.take_messages()
        repeat(visits.connect_only, TRACED_CONNECTS)
        repeat(visits.be_refused, TRACED_CONNECTS)
        control.trace()
        held = [control.traced_bytes()]
        for work, times in (
            (visits.connect_only, TRACED_CONNECTS),
            (visits.be_refused, TRACED_CONNECTS),
            (visits.take_messages, TRACED_CYCLES),
        ):
            repeat(work, times)
            held.append(control.traced_bytes())
    of_connects, of_refusals, of_messages = (after - before for before, after in pairwise(held))
    connects, messages = TRACED_CONNECTS * visits.connects, TRACED_CYCLES * visits.messages
    return Kept(of_connects / connects, of_refusals / connects, of_messages / messages, keepers)


def measure_kept_of_visits(recorder: Recorder, visits: "Visits", *, suspect: bool) -> None:
    """Record what is kept of each connect, refused or not, and of each message.

    And by whom, if too much or `suspect`.
    """
    kept = kept_of_visits(visits)
    missed = [
        measure_kept(recorder, "connect", kept.of_a_connect, KEPT_OF_A_CONNECT),
        measure_kept(recorder, "refused client", kept.of_a_refusal, KEPT_OF_A_CONNECT),
        measure_kept(recorder, "message", kept.of_a_message, KEPT_OF_A_MESSAGE),
    ]
    if suspect or any(missed):
        note_keepers(recorder, kept.keepers)


def note_keepers(recorder: Recorder, keepers: Keepers) -> None:
    """Tell which lines of code hold what is left, and of which types it is."""
    types = ", ".join(keepers["types"]) or "none that the garbage collector knows"
    held = ", ".join(keepers["lines"])
    recorder.note(f"What is left is held by {held}. Objects that are left: {types}.")


class Visits:
    """Users who come and go, so that nothing is left of the hub when the server is looked at."""

    def __init__(self, clients: Clients, users: Sequence[User]) -> None:
        self.control = clients.server.control
        self._clients = clients
        self._users = list(users)

    @property
    def connects(self) -> int:
        """In one of `connect_only`, and of `be_refused`."""
        return TABS * len(self._users)

    @property
    def messages(self) -> int:
        """In one of `take_messages`."""
        return 2 * MESSAGES_EACH * len(self._users)

    def connect_only(self) -> None:
        """Every user opens some tabs, and closes them."""
        self._leave(self._clients.connect(self._users * TABS))

    def be_refused(self) -> None:
        """As many clients come with a ticket that is none."""
        swarm = self._clients.swarm
        refused = [NotificationClient(swarm.websocket_url, "wrong") for _ in range(self.connects)]
        if swarm.connect_clients(refused):
            raise AssertionError("A client was admitted with a ticket that is none.")
        self._clients.server.await_empty()

    def take_messages(self) -> None:
        """Every user gets a queue, as much again live, and acknowledges one after the other."""
        queues = queue_for(self._users, MESSAGES_EACH)
        clients = self._clients.connect(self._users, ack=False)
        pks = [user.pk for user in self._users]
        sent = self.control.notify(pks, count=MESSAGES_EACH).ids
        self._clients.await_arrival(
            [([*queue, *sent], client) for queue, client in zip(queues, clients, strict=True)]
        )
        self._clients.swarm.call(acknowledge_each, clients)
        await_acks(self._clients.timeout_seconds)
        self._leave(clients)

    def _leave(self, clients: Sequence[NotificationClient]) -> None:
        self._clients.swarm.leave(clients)
        self._clients.server.await_empty()


def acknowledge_each(clients: Sequence[NotificationClient]) -> None:
    """One frame for each notification."""
    for client in clients:
        for number in client.arrived_ids:
            client.send({"type": "ack", "ids": [number]})


def repeat(work: Callable[[], Any], times: int) -> None:
    for _ in range(times):
        work()
