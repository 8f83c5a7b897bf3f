"""More and more connections, and what each of them weighs."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.contrib.auth.base_user import AbstractBaseUser

from notifications.tickets import make_ticket
from perftests.load.clients.client import NotificationClient
from perftests.measure.stats import slope

from .clients import Clients
from .contexts import Pacing


@dataclass(frozen=True, slots=True)
class Step:
    """From one number of connections to `level`; `connect_ns` has one entry for each success."""

    level: int
    tried: int
    connect_ns: list[int]
    memory_kilobytes: float


def connect_in_steps(
    pacing: Pacing, clients: Clients, users: Sequence[AbstractBaseUser], levels: Sequence[int]
) -> tuple[tuple[list[NotificationClient], list[Step]], str]:
    """Connect up to each level in turn, on a server that has just started and warmed up.

    Whoever was connected before is cut. Also why not to trust the times.
    """
    server, swarm = clients.server, clients.swarm
    clients.cut(swarm.clients)
    server.restart()
    clients.cut(clients.connect(users[: levels[0]]))
    connected: list[NotificationClient] = []
    steps = []
    with swarm.watch() as watch:
        for level in levels:
            pacing.progress(f"connecting {level} clients")
            swarm.connect_ns.clear()
            new = users[len(connected) : level]
            connected += swarm.connect(map(make_ticket, new))
            memory = server.collected_uss_kilobytes()
            steps.append(Step(level, len(new), list(swarm.connect_ns), memory))
    return (connected, steps), watch.doubt


def connect_one_by_one(clients: Clients, users: Sequence[AbstractBaseUser]) -> list[int]:
    """How long each connect takes, in nanoseconds, when nobody else connects."""
    clients.swarm.connect_ns.clear()
    for user in users:
        clients.connect([user])
    return list(clients.swarm.connect_ns)


def kilobytes_each(steps: Sequence[Step]) -> float:
    """What one more connection adds to the memory of the server's process."""
    return slope([step.level for step in steps], [step.memory_kilobytes for step in steps])
