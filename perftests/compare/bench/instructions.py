"""Instructions of each piece of work, as the processor counts them outside of the kernel."""

import gc
from collections.abc import Iterator, Sequence

from django.contrib.auth.models import User

from ...measure.instructions import EventCounter
from ...measure.stats import median
from ...users import create_users
from ..counts import Count
from .works import Work, acknowledging, pruning, reading, reading_all, sending

MANY = 30
WARM_UP = 2
ROUNDS = 5

TOLERANCE = 0.03
"""As a share. Which one is trustworthy is measured by `perftests.tests.compare.instructions`."""


def count_instructions(counter: EventCounter) -> Iterator[Count]:
    """Instructions of this thread for each; raises `Uncountable`."""
    one, *many = create_users(1 + MANY)
    for work in all_works(one, many):
        number = median(_rounds(counter, work)[WARM_UP:])
        yield Count(work.name, "instructions", number, tolerance=number * TOLERANCE)


def all_works(one: User, many: Sequence[User]) -> Iterator[Work]:
    """In an order in which none changes what another one finds: the last deletes everything."""
    yield from sending(one, many)
    yield acknowledging(many)
    yield reading_all(one, MANY)
    yield from reading(one, many)
    yield pruning(many)


def _rounds(counter: EventCounter, work: Work) -> list[int]:
    """Without garbage collections, whose moment depends on all that was allocated before."""
    gc.collect()
    gc.disable()
    try:
        return [_count(counter, work) for _ in range(WARM_UP + ROUNDS)]
    finally:
        gc.enable()


def _count(counter: EventCounter, work: Work) -> int:
    prepared = work.prepare()
    return counter.count(lambda: work.run(prepared))
