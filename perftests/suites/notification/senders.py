"""Senders outside the server under load, as web workers and tasks are."""

import threading
import time
from collections import defaultdict
from collections.abc import Callable, Hashable, Sequence

from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import Group
from django.db import connection, transaction

from notifications.send import notify
from perftests.load.schedule.pacing import seconds_until
from perftests.load.schedule.shapes import Shape, due_ns
from perftests.measure.metrics import PerformanceMetrics

from ..kit.contexts import Recorder

Recipient = AbstractBaseUser | Group


class Sendings:
    """What was sent: the `ids` for each recipient, and when each was due (`perf_counter_ns`).

    `metrics` times each `notify`; one that fails is counted there and raises nothing.
    """

    def __init__(self) -> None:
        self.ids: dict[Hashable, list[int]] = defaultdict(list)
        self.due_ns: dict[int, int] = {}
        self.metrics = PerformanceMetrics()

    def send(self, recipient: Recipient, moment_ns: int) -> None:
        """Send one notification now, which was due at `moment_ns`."""
        try:
            with self.metrics.time():
                id_ = notify(recipient, "Load").pk
        except Exception:
            return  # counted by the timer
        self.ids[recipient].append(id_)
        self.due_ns[id_] = moment_ns


def send_in_turn(sendings: Sendings, users: Sequence[AbstractBaseUser], count: int) -> float:
    """Send `count` notifications, each to the next user; returns how many it were per second."""
    begun_ns = time.perf_counter_ns()
    for number in range(count):
        sendings.send(users[number % len(users)], time.perf_counter_ns())
    return count / (time.perf_counter_ns() - begun_ns) * 1e9


def send_to_each(users: Sequence[AbstractBaseUser], count: int, *, threads: int) -> Sendings:
    """Send `count` notifications to each user, as fast as `threads` senders can together."""
    sendings = Sendings()
    for user in users:
        sendings.ids[user] = []  # here, as the threads must not resize the dictionary

    def work(mine: Sequence[AbstractBaseUser]) -> None:
        for _ in range(count):
            for user in mine:
                sendings.send(user, time.perf_counter_ns())

    with sendings.metrics:
        run_in_threads(work, [users[number::threads] for number in range(threads)])
    return sendings


def send_on_schedule(recipient: Recipient, shape: Shape) -> Sendings:
    """Send as the shape of the load says, whatever comes of it: an open loop.

    A sender that has fallen behind sends all that is due in one transaction.
    """
    sendings = Sendings()
    due = due_ns(shape, time.perf_counter_ns())
    with sendings.metrics:
        while due:
            time.sleep(seconds_until(due[0]))
            now_ns = time.perf_counter_ns()
            late = [moment_ns for moment_ns in due if moment_ns <= now_ns]
            send_together(sendings, recipient, late)
            del due[: len(late)]
    return sendings


def send_together(sendings: Sendings, recipient: Recipient, moments_ns: Sequence[int]) -> None:
    """Send a notification for each of the moments they were due at, all in one transaction."""
    with transaction.atomic():
        for moment_ns in moments_ns:
            sendings.send(recipient, moment_ns)


def run_in_threads(
    work: Callable[[Sequence[AbstractBaseUser]], None],
    shares: Sequence[Sequence[AbstractBaseUser]],
    *,
    timeout_seconds: float = 120,
) -> None:
    """Give each share to a thread with a database connection of its own.

    Raises `TimeoutError` when they take too long.
    """

    def run(share: Sequence[AbstractBaseUser]) -> None:
        try:
            work(share)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=[share], daemon=True) for share in shares]
    for thread in threads:
        thread.start()
    deadline = time.monotonic() + timeout_seconds
    for thread in threads:
        thread.join(max(0.0, deadline - time.monotonic()))
    if any(thread.is_alive() for thread in threads):
        raise TimeoutError(f"The senders were not done after {timeout_seconds:g} seconds.")


def measure_senders(
    recorder: Recorder, metrics: PerformanceMetrics, *, required_mean: str = "", goal: str = ""
) -> None:
    """Record what the callers of `notify` saw.

    Of callers that wait for each other the mean is their number by the rate, whose limit is enough.
    """
    recorder.measure(
        "notify rate", metrics.throughput, "notifications/s", required="> 100", goal=goal
    )
    mean = metrics.summary().mean
    recorder.measure("notify mean", mean, "ms", better="lower", required=required_mean)
    recorder.measure("notify success", metrics.success_rate, "%", required="== 100")
    locked = sum("locked" in error for error in metrics.errors)
    recorder.measure("database is locked", locked, "errors", required="== 0")
    recorder.record_histogram("notify", metrics.histogram())
