"""More and more connections, and what each of them weighs."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.contrib.auth.base_user import AbstractBaseUser

from notifications.tickets import make_ticket
from perftests.load.client import NotificationClient
from perftests.measure.resources import uss_bytes
from perftests.measure.stats import slope
from perftests.measure.units import kilobytes

from .storm import cut
from .support import LoadTestCase


@dataclass(frozen=True, slots=True)
class Step:
    """From one number of connections to `level`; `connect_ns` has one entry for each success."""

    level: int
    tried: int
    connect_ns: list[int]
    memory_kilobytes: float


def connect_in_steps(
    test: LoadTestCase, users: Sequence[AbstractBaseUser], levels: Sequence[int]
) -> tuple[list[NotificationClient], list[Step]]:
    """Connect up to each level in turn, on a server that has just started and warmed up.

    One that has held more sockets before would use the memory that it kept from them.
    """
    test.server.stop()
    test.server.start()
    cut(test, test.connect(users[: levels[0]]))
    clients: list[NotificationClient] = []
    steps = []
    for level in levels:
        test.progress(f"connecting {level} clients")
        test.swarm.connect_ns.clear()
        new = users[len(clients) : level]
        clients += test.swarm.connect([make_ticket(user) for user in new])
        test.control.collect()
        memory = kilobytes(uss_bytes(test.server.pid))
        steps.append(Step(level, len(new), list(test.swarm.connect_ns), memory))
    return clients, steps


def kilobytes_each(steps: Sequence[Step]) -> float:
    """What one more connection adds to the memory of the server's process."""
    return slope([step.level for step in steps], [step.memory_kilobytes for step in steps])
