"""Several processes that write the same rows at the same time.

What needs models is imported late: a new process has no Django yet when it loads this module.
"""

import multiprocessing
import random
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from threading import Barrier
from typing import TYPE_CHECKING, TypeVar

from perftests.load.server.beside import join_site
from perftests.load.server.process import server_environment

if TYPE_CHECKING:
    from notifications.states import Mark

T = TypeVar("T")

STATEMENTS_PER_MARK = 4

_starting_line: Barrier
"""Of this process, when it is a writer."""


@dataclass(frozen=True, slots=True)
class Orders:
    """What one writer does, in an order that depends on `seed`.

    It notifies all of `pks`, once for each of `keys`, which other writers use as well, and as
    often without a key. When all have done so, it sets `marks` on the deliveries of `ids`.
    """

    seed: int
    pks: Sequence[int]
    ids: Sequence[int]
    keys: Sequence[str]
    marks: Sequence["Mark"]


@dataclass(slots=True)
class Done:
    """What one writer did: the rows that each mark changed, and what failed."""

    changed: Counter[str] = field(default_factory=Counter)
    errors: list[str] = field(default_factory=list)

    def attempt(self, operation: Callable[[], T]) -> T | None:
        """What the operation returns; a failure is noted."""
        try:
            return operation()
        except Exception as error:
            self.errors.append(f"{type(error).__name__}: {error}")
            return None


def write_together(orders: Sequence[Orders], timeout_seconds: float) -> list[Done]:
    """Let a process of its own carry out each of `orders`, all beginning at the same time.

    Raises `multiprocessing.TimeoutError`; no process is left behind.
    """
    context = multiprocessing.get_context("spawn")
    start = context.Barrier(len(orders))
    with context.Pool(len(orders), _set_up, (server_environment(), start)) as writers:
        return writers.map_async(_write, orders, chunksize=1).get(timeout_seconds)


def _set_up(environment: Mapping[str, str], start: Barrier) -> None:
    """Become a process like a server's, on the database of the running tests."""
    join_site(environment)
    global _starting_line
    _starting_line = start


def _write(orders: Orders) -> Done:
    from notifications.send import notify
    from notifications.store.marking import mark

    done = Done()
    chance = random.Random(orders.seed)
    _starting_line.wait()
    for key in orders.keys:
        for shared in (key, None):
            done.attempt(partial(notify, orders.pks, "Written", key=shared))
    _starting_line.wait()  # whoever gets the lock more often is done with sending long before
    for kind in orders.marks:
        pks = chance.sample(orders.pks, len(orders.pks))
        for first in range(STATEMENTS_PER_MARK):
            marked = dict.fromkeys(pks[first::STATEMENTS_PER_MARK], orders.ids)
            done.changed[kind] += done.attempt(partial(mark, kind, marked)) or 0
    return done
