"""Clients of a server that is not there."""

import asyncio

from django.test import SimpleTestCase

from perftests.load.clients.returning import ReturningClient
from perftests.load.clients.swarm import Swarm

NOBODY = "ws://127.0.0.1:1"
"""A port that only an administrator may open, and nobody does."""

SECONDS = 30


class NobodyAnswersTests(SimpleTestCase):
    def setUp(self):
        self.swarm = self.enterContext(Swarm(NOBODY))

    def test_a_swarm_counts_why_its_clients_were_not_let_in(self):
        self.assertEqual(self.swarm.connect(["one", "two"]), [])
        self.assertEqual(sum(self.swarm.failures.values()), 2)

    def test_a_swarm_says_what_it_waited_for_in_vain_and_how_far_it_came(self):
        self.swarm.connect_floor(1)
        with self.assertRaisesRegex(TimeoutError, "for all clients: 0 of 1 clients are connected"):
            self.swarm.wait_until(lambda: False, 0.01, "all clients")

    def test_a_returning_client_tries_again_with_a_new_ticket(self):
        tickets = []

        def make_ticket():
            tickets.append("a ticket")
            return tickets[-1]

        client = ReturningClient(NOBODY, make_ticket)
        staying = self.swarm.call(lambda: asyncio.ensure_future(client.stay()))
        self.swarm.wait_until(lambda: len(tickets) > 1, SECONDS, "a second ticket")
        self.swarm.call(staying.cancel)
        self.assertEqual(client.connects, 0)
