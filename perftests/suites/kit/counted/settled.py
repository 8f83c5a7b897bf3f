"""Once everything has arrived and is acknowledged, clients and rows have to agree."""

from collections.abc import Collection, Iterable
from typing import Any

from django.db.models import Count

from notifications.models import Delivery
from perftests.load.clients.client import NotificationClient
from perftests.processes.waiting import settle

from ..contexts import Recorder
from ..queue import count_queued

Tab = tuple[Any, NotificationClient]
"""The primary key of a user and a client of that user's."""


def measure_settled(
    recorder: Recorder, tabs: Collection[Tab], timeout_seconds: float, prefix: str = ""
) -> None:
    """Record that no ack was lost and that all unread counts are right, once both have settled.

    They have so long for it. Accounting comes after it: a lost ack shows there, as what a sweep
    sends again.
    """
    queued = count_queued(timeout_seconds, {pk for pk, _ in tabs})
    recorder.measure(f"{prefix}still queued at the end", queued, "deliveries", required="== 0")
    measure_unread(recorder, tabs, timeout_seconds, prefix)


def measure_unread(
    recorder: Recorder, tabs: Collection[Tab], timeout_seconds: float, prefix: str = ""
) -> None:
    """Record how many tabs show another number of unread notifications than the database has.

    They have so long to be told of it.
    """
    wrong = settle(lambda: _disagreeing(tabs), timeout_seconds)
    recorder.measure(f"{prefix}tabs with a wrong unread count", wrong, "tabs", required="== 0")


def _disagreeing(tabs: Iterable[Tab]) -> int:
    counted = Delivery.objects.unread().values_list("recipient").annotate(Count("pk"))
    truth = dict(counted.order_by())
    return sum(tab.unread != truth.get(pk, 0) for pk, tab in tabs)
