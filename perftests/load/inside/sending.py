"""Sending inside the server under load: a schedule that can be told to stop."""

import threading
import time
from collections.abc import Sequence
from typing import Any

from django.db import transaction

from notifications.send import notify

from ..schedule.pacing import from_now_ns, keep, moments_ns

_under_way: set[threading.Event] = set()


def notify_all(
    audiences: Sequence[Sequence[Any]], schedule_ns: Sequence[int] | None, content: dict[str, Any]
) -> dict[str, Any]:
    """Send to each audience in turn, until told to stop; what was sent, as in `Sent`."""
    ids, due, committed = [], [], []
    stopped = threading.Event()
    _under_way.add(stopped)
    try:
        count = len(audiences)
        moments = moments_ns(count, None) if schedule_ns is None else from_now_ns(schedule_ns)
        for audience, moment_ns in zip(audiences, keep(moments), strict=True):
            if stopped.is_set():
                break
            due.append(moment_ns)
            with transaction.atomic():
                # Registered first, so it runs before anything is published.
                transaction.on_commit(lambda: committed.append(time.perf_counter_ns()))
                ids.append(notify(audience, **content).pk)
    finally:
        _under_way.discard(stopped)
    return {"ids": ids, "due_ns": due, "committed_ns": committed}


def stop() -> None:
    """Let whatever is being sent end with the notification it is at."""
    for stopped in tuple(_under_way):
        stopped.set()
