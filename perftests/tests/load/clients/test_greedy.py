"""A user who asks for as much as the limits allow, on a real server."""

import asyncio
import itertools
import time

from django.contrib.auth.models import User
from django.test import TransactionTestCase, tag

from notifications.models import Delivery, Notification
from notifications.send import notify
from notifications.tickets import make_ticket
from perftests.load.clients.swarm import Swarm
from perftests.load.server.control import Control
from perftests.load.server.process import ServerProcess

HISTORY = 10_000
FRAMES_PER_SECOND = 50
SECONDS = 3
"""At least: on a busy machine the frames take longer, and the server tells more meanwhile."""
TABS = 20
LIMIT_SECONDS = 30
SERVED_SECONDS = 1
"""Sooner than any sweep: others do not wait for what a greedy user asks."""

MOST_STATEMENTS = 120
"""A second, all kinds of wishes together. Each frame once cost two at least, 1,000 a second."""

MOST_STATES = 11
"""A second and tab."""


@tag("slow")
class GreedyUserTests(TransactionTestCase):
    def setUp(self):
        self.greedy, self.other = (User.objects.create_user(name) for name in ("greedy", "other"))
        rows = Notification.objects.bulk_create(Notification(title="n") for _ in range(HISTORY))
        self.ids = [row.pk for row in rows]
        Delivery.objects.bulk_create(
            Delivery(recipient=self.greedy, notification=row) for row in rows
        )
        Delivery.objects.all().mark_delivered()
        self.server = self.enterContext(ServerProcess())
        self.control = Control(self.server.http_url)
        self.swarm = self.enterContext(Swarm(self.server.websocket_url))
        self.tabs = self.swarm.connect([make_ticket(self.greedy)] * TABS)

    def frames(self):
        """Wishes of which none is as the one before."""
        parts = itertools.cycle(self.ids[start : start + 800] for start in range(0, 8000, 800))
        for number, part in zip(itertools.count(), parts, strict=False):
            yield {"type": "read_all", "upto": self.ids[number % HISTORY]}
            yield {"type": "seen", "ids": part}
            yield {"type": "read", "ids": part[:1]}

    async def ask(self):
        """How many seconds it took."""
        frames, begun = self.frames(), time.monotonic()
        for _ in range(SECONDS * FRAMES_PER_SECOND):
            for tab in self.tabs:
                tab.send(next(frames))
            await asyncio.sleep(1 / FRAMES_PER_SECOND)  # the pace is the load
        return time.monotonic() - begun

    def test_a_greedy_user_costs_a_bounded_number_of_statements_and_frames(self):
        statements = self.control.queries().total()
        frames = sum(tab.frames for tab in self.tabs)
        seconds = self.swarm.run(self.ask())
        statements = self.control.queries().total() - statements
        told = sum(tab.frames for tab in self.tabs) - frames
        errors = {error for tab in self.tabs for error in tab.errors}
        self.assertEqual((errors, [tab.connected for tab in self.tabs]), (set(), [True] * TABS))
        self.assertLess(statements / seconds, MOST_STATEMENTS)
        self.assertLess(told / TABS / seconds, MOST_STATES)

    def test_a_greedy_user_has_everything_read_in_the_end_and_others_are_served(self):
        [quiet] = self.swarm.connect([make_ticket(self.other)])
        self.swarm.run(self.ask())
        self.swarm.call(self.tabs[0].send, {"type": "read_all", "upto": self.ids[-1]})
        self.swarm.wait_until(
            lambda: {tab.unread for tab in self.tabs} == {0}, LIMIT_SECONDS, "the count in all tabs"
        )
        self.assertFalse(Delivery.objects.unread().exists())
        sent = notify([self.other], "for somebody else")
        self.swarm.wait_until(lambda: quiet.arrived_ids == [sent.pk], SERVED_SECONDS, "the other's")
