"""Deletes stored runs: in batches of SQL, none of them by halves."""

import sys
from collections.abc import Iterable, Sequence
from typing import Any

from django.db import models, transaction

from notifications.db.clock import days_ago

from .models import PerfAlert, PerfLive, PerfMetric, PerfResult, PerfRun, PerfWish

RUNS_AT_ONCE = 20
"""Each batch is a transaction of its own, and takes a tenth of a second of runs with 700 metrics:
whoever stores a run meanwhile does not wait for long."""


def prunable(keep: int, older_than: float) -> list[int]:
    """The numbers of the runs to delete, the oldest first.

    Beyond the newest `keep`, and older than so many days; pinned runs and those that go on do not
    count, and stay.
    """
    newest_first = PerfRun.objects.ended().filter(pinned=False).order_by("-started_at", "-pk")
    beyond = newest_first.values("pk")[min(keep, sys.maxsize) :]
    old = PerfRun.objects.filter(started_at__lt=days_ago(older_than), pk__in=beyond)
    return list(old.order_by("started_at", "pk").values_list("pk", flat=True))


def prune(runs: Sequence[int]) -> int:
    """Delete the runs of these numbers with all that belongs to them; how many there were.

    One that was pinned meanwhile stays. With the run that has ended it an alert goes, too, once
    that was told.
    """
    batches = (runs[at : at + RUNS_AT_ONCE] for at in range(0, len(runs), RUNS_AT_ONCE))
    deleted = sum(map(_delete, batches))
    over = PerfAlert.objects.filter(closed_by__isnull=False, told_over=True)
    _delete_rows(over.exclude(closed_by__in=PerfRun.objects.values("pk")))
    return deleted


def _delete(batch: Iterable[int]) -> int:
    with transaction.atomic():
        unpinned = PerfRun.objects.filter(pk__in=batch, pinned=False).order_by()
        locked = list(unpinned.select_for_update().values_list("pk", flat=True))
        _delete_rows(PerfMetric.objects.filter(result__run__in=locked))
        _delete_rows(PerfResult.objects.filter(run__in=locked))
        _delete_rows(PerfWish.objects.filter(run__in=locked))
        _delete_rows(PerfLive.objects.filter(run__in=locked))
        return _delete_rows(PerfRun.objects.filter(pk__in=locked))


def _delete_rows(rows: models.QuerySet[Any]) -> int:
    """By one statement: `delete` would load them all where anybody listens to signals."""
    number: int = rows.order_by()._raw_delete(rows.db)
    return number
