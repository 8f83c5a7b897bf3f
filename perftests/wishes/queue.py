"""The rows of wishes, and the only module that writes them.

Whoever carries wishes out gives signs of life in the wish that is carried out, or that waits for
its turn: so every process of a site knows whether anybody does. That one goes on at a time is a
constraint of the table.
"""

from collections.abc import Sequence
from datetime import datetime

from django.db import IntegrityError, transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from ..models import SILENCE_LIMIT, PerfRun, PerfWish, WishState
from ..records.storable import plain

KEPT = 50
"""Wishes that are over; older ones are deleted."""

MOST_QUEUED = 10
LONGEST_SAID = 4000
"""Characters, which are the last ones."""


def ask(arguments: Sequence[str], asked_by: str) -> PerfWish | None:
    """Queue a run of `perf` with these arguments; `None` where too many wait already."""
    if waiting().count() >= MOST_QUEUED:
        return None
    over = PerfWish.objects.exclude(state__in=(WishState.QUEUED, WishState.RUNNING))
    kept = over.order_by("-pk").values_list("pk", flat=True)[:KEPT]
    over.exclude(pk__in=list(kept)).delete()
    return PerfWish.objects.create(arguments=list(arguments), asked_by=plain(asked_by))


def is_attended(wish: PerfWish) -> bool:
    """Whether a process is there already that will come to this one."""
    others = PerfWish.objects.exclude(pk=wish.pk)
    open_ones = others.filter(state__in=(WishState.QUEUED, WishState.RUNNING))
    return open_ones.filter(heard_at__gte=_silent_since()).exists()


def waiting() -> QuerySet[PerfWish]:
    """Those that nobody has begun with, in their order."""
    return PerfWish.objects.filter(state=WishState.QUEUED).order_by("pk")


def claim() -> PerfWish | None:
    """The next wish, which is the caller's now; `None` where there is none, or another run goes on
    that both would disturb."""
    close_lost()
    wish = waiting().first()
    if wish is None:
        return None
    _hear_of(wish)
    busy = PerfRun.objects.running().filter(heard_at__gte=_silent_since())
    if busy.exists():
        return None
    mine = PerfWish.objects.filter(pk=wish.pk, state=WishState.QUEUED)
    try:
        with transaction.atomic():
            claimed = mine.update(state=WishState.RUNNING)
    except IntegrityError:  # another one goes on
        return None
    return wish if claimed else None


def give_a_sign_of_life(wish: PerfWish, said: str) -> bool:
    """Store what the run has said at last; whether it is to be cancelled."""
    _hear_of(wish, said)
    return PerfWish.objects.filter(pk=wish.pk, cancel_asked=True).exists()


def lead_to(number: int, run: PerfRun) -> None:
    """From now on it is known which run the wish has led to."""
    PerfWish.objects.filter(pk=number).update(run=run)


def end(wish: PerfWish, said: str) -> None:
    """The run of the wish is over."""
    _hear_of(wish, said)
    running = PerfWish.objects.filter(pk=wish.pk, state=WishState.RUNNING)
    if not running.filter(cancel_asked=True).update(state=WishState.CANCELLED):
        running.update(state=WishState.ENDED)


def cancel(number: int) -> bool:
    """Take a wish back, or ask who carries it out to end it; false where it is over."""
    wish = PerfWish.objects.filter(pk=number)
    queued = wish.filter(state=WishState.QUEUED)
    return bool(
        queued.update(state=WishState.CANCELLED, cancel_asked=True)
        or wish.filter(state=WishState.RUNNING).update(cancel_asked=True)
    )


def close_lost() -> None:
    """Whoever carried these out has died; their runs were interrupted with that."""
    silent = Q(heard_at__lt=_silent_since()) | Q(heard_at=None)
    PerfWish.objects.filter(silent, state=WishState.RUNNING).update(state=WishState.LOST)


def _hear_of(wish: PerfWish, said: str = "") -> None:
    PerfWish.objects.filter(pk=wish.pk).update(
        heard_at=timezone.now(), said=plain(said[-LONGEST_SAID:])
    )


def _silent_since() -> datetime:
    return timezone.now() - SILENCE_LIMIT
