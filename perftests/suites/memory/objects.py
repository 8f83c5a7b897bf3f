"""How many objects of each type the server has for a connect, and has left when it is over."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from operator import sub

from django.contrib.auth.models import User

from perftests.measure.stats import median
from perftests.processes.waiting import settle

from ..kit.clients import Clients

ROUNDS = 3

BY_TIME = {
    "_contextvars.Context",
    "asyncio.events.TimerHandle",
    "builtins.builtin_function_or_method",
    "builtins.method",
    "twisted.internet.base.DelayedCall",
    "urllib.parse.SplitResult",
    "weakref.ReferenceType",
}
"""Types of which some are kept for a while by timers and caches, so that their number depends on
the moment. Those of all others were the same in each of 24 rounds, in six servers of two kinds."""


@dataclass(frozen=True, slots=True)
class Alive:
    """Objects by type for each connect: `while_connected`, and `when_over`."""

    while_connected: Mapping[str, int]
    when_over: Mapping[str, int]


def objects_of_connects(clients: Clients, some: Sequence[User], others: Sequence[User]) -> Alive:
    """Count while `others` come and go several times; `some` stay, so that the hub stays, too.

    The server has to be empty before.
    """
    staying = clients.connect(some)
    control = clients.server.control
    clients.drop(clients.connect(others))  # the first ones find caches empty
    seen = [_after_leaving(clients, len(some))]
    for _ in range(ROUNDS):
        connected = clients.connect(others)
        seen.append(control.objects())
        clients.drop(connected)
        seen.append(_after_leaving(clients, len(some)))
    clients.cut(staying)
    before, meanwhile, after = seen[:-1:2], seen[1::2], seen[2::2]
    return Alive(
        each_has(list(map(sub, meanwhile, before)), len(others)),
        each_has(list(map(sub, after, before)), len(others)),
    )


def _after_leaving(clients: Clients, staying: int) -> Counter[str]:
    """The objects that are alive when so many are connected again."""
    control = clients.server.control
    settle(control.connected, clients.timeout_seconds, settled=lambda left: left <= staying)
    return control.objects()


def each_has(rounds: Sequence[Counter[str]], users: int) -> dict[str, int]:
    """What the median round has for each user, in whole objects."""
    known = set().union(*rounds) - BY_TIME
    numbers = {name: round(median([found[name] / users for found in rounds])) for name in known}
    return {name: number for name, number in numbers.items() if number}
