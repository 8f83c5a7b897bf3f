"""What a push costs the server's CPU, beside the least that an ASGI server can do for it."""

import random
import time
from collections.abc import Callable, Sequence
from functools import partial
from itertools import chain

from django.contrib.auth.base_user import AbstractBaseUser
from django.utils import timezone

from notifications.models import Delivery, Notification
from notifications.send import notify
from notifications.tickets import make_ticket
from perftests.load.pacing import keep, moments_ns

from .support import POLL_SECONDS, LoadTestCase

PER_SECOND = 10
"""Apart enough for each to be a frame of its own: the server looks for rows that other processes
wrote every 50 ms, and puts all it finds into one frame, which is cheaper."""

EVERYTHING_ROUNDS = 2

SHARED = 0.95
"""Frames for each message, below which too many shared one."""


class PushCost:
    """As many bare sockets as clients on one server. A round pushes `pushes` times to all of one
    kind and returns the microseconds of the server's CPU for each message that arrived.

    The clients acknowledge between the rounds: what is compared is the push alone.
    """

    def __init__(self, test: LoadTestCase, users: Sequence[AbstractBaseUser], pushes: int) -> None:
        self.sent_ids: list[int] = []
        self.clients = test.swarm.connect([make_ticket(user) for user in users], ack=False)
        self._test = test
        self._pks = [user.pk for user in users]
        self._pushes = pushes
        self._floor = test.swarm.connect_floor(len(users))
        test.assertEqual(len(self.clients) + len(self._floor), 2 * len(users), test.swarm.failures)

    def rounds(self, pairs: int) -> dict[str, list[float]]:
        """Pairs of `bare` and `push` in random order, then a few of `everything`; warm-up first."""
        kinds = {"bare": self.bare, "push": self.push}
        taken: dict[str, list[float]] = {"bare": [], "push": [], "everything": []}
        for warm_up in (self.bare, self.push, self.everything):
            warm_up()
        for _ in range(pairs):
            for name in random.sample(list(kinds), len(kinds)):
                taken[name].append(kinds[name]())
        taken["everything"] += [self.everything() for _ in range(EVERYTHING_ROUNDS)]
        return taken

    @property
    def doubt(self) -> str:
        """Why the two cannot be compared; empty when each notification was one frame."""
        greetings = len(self.clients)
        frames = sum(client.frames for client in self.clients) - greetings
        each = frames / (len(self.sent_ids) * len(self.clients))
        return "" if each >= SHARED else f"only {each:.2f} frames for each notification"

    def bare(self) -> float:
        """The floor: a bare ASGI application pushes a text of the same length."""
        text = Notification(pk=1, title="Load").frame(created_at=timezone.now())
        push = self._test.control.floor_push
        return self._cost(partial(push, text, count=self._pushes, per_second=PER_SECOND))

    def push(self) -> float:
        """This process stores the notifications; the server finds out and pushes them."""
        return self._acknowledged(self._cost(self._notify))

    def everything(self) -> float:
        """The server stores the notifications as well."""
        return self._acknowledged(self._cost(self._notify_inside))

    def _notify(self) -> None:
        for _ in keep(moments_ns(self._pushes, PER_SECOND)):
            self.sent_ids.append(notify(self._pks, "Load").pk)

    def _notify_inside(self) -> None:
        notify_inside = self._test.control.notify
        sent = notify_inside(self._pks, count=self._pushes, per_second=PER_SECOND)
        self.sent_ids += sent.ids

    def _cost(self, send: Callable[[], object]) -> float:
        messages = self._pushes * len(self._pks)
        wanted = self._arrived() + messages
        used = self._test.control.cpu_seconds()
        send()
        self._test.swarm.wait_until(
            lambda: self._arrived() >= wanted, self._test.timeout_seconds, "the end of a round"
        )
        return (self._test.control.cpu_seconds() - used) / messages * 1e6

    def _arrived(self) -> int:
        notifications = (len(client.arrived_ids) for client in self.clients)
        return sum(chain(notifications, (socket.frames for socket in self._floor)))

    def _acknowledged(self, cost: float) -> float:
        """Give the server back the credit of this round, and wait until it has written that."""
        self._test.swarm.call(self._acknowledge)
        deadline = time.monotonic() + self._test.timeout_seconds
        while Delivery.objects.queued().filter(recipient__in=self._pks).exists():
            if time.monotonic() > deadline:
                raise TimeoutError("The server did not write all acknowledgements of a round.")
            time.sleep(POLL_SECONDS)
        return cost

    def _acknowledge(self) -> None:
        for client in self.clients:
            client.send({"type": "ack", "ids": client.arrived_ids[-self._pushes :]})
