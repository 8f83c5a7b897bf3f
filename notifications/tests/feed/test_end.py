"""The end of a server on which somebody waits for news."""

import asyncio
import signal
from urllib.parse import urlsplit

from django.test import TransactionTestCase, tag

from notifications.tickets import make_ticket
from perftests.load.server.control import Control
from perftests.load.server.process import ServerProcess
from perftests.processes.waiting import settle

from ..users import make_user
from .test_many_polls import Poll, request

LIMIT_SECONDS = 30
"""A process that ends in order takes one or two."""

ASYNC_SITE = {"PERF_SETTINGS_MODULE": "notifications.tests.feed.async_site"}


@tag("slow")
class EndOfServerTests(TransactionTestCase):
    """SIGTERM while a poll waits, on a site whose middleware is synchronous in part, and on one
    where it is not."""

    def assert_a_poll_is_answered(self, make):
        ticket = make_ticket(make_user("ada"))
        for environment in ({}, ASYNC_SITE):
            server = self.enterContext(ServerProcess(make, environment=environment))
            status = asyncio.run(self.end(server, ticket))
            self.assertEqual(server._process.wait(LIMIT_SECONDS), 0)
            self.assertEqual((status, server.stderr()), (304, ""))

    async def end(self, server, ticket):
        """How the poll was answered."""
        address, control = urlsplit(server.http_url), Control(server.http_url)
        _, fields, _ = await (await Poll().begin(address, request(ticket))).answer()
        poll = await Poll().begin(address, request(ticket, fields["etag"]))
        await asyncio.to_thread(
            settle, lambda: control.live()["users"], LIMIT_SECONDS, settled=(1).__eq__
        )
        server._process.send_signal(signal.SIGTERM)
        async with asyncio.timeout(LIMIT_SECONDS):
            status, _, _ = await poll.answer()
        return status

    def test_uvicorn_answers_who_waits_before_it_ends(self):
        self.assert_a_poll_is_answered("uvicorn")

    def test_daphne_answers_who_waits_before_it_ends(self):
        self.assert_a_poll_is_answered("daphne")
