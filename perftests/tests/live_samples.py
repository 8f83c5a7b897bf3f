"""Samples with a server and sockets, for the tests of what a run leaves behind."""

import os
import time
from pathlib import Path

from perftests.suites.support import LoadTestCase

LIMIT_SECONDS = 60


class LiveSample(LoadTestCase):
    suite = "websocket"

    def connect_and_mark(self):
        """Connect some users; the file `connected` then has the server's port."""
        users = self.create_users(5)
        clients = self.connect(users)
        Path(os.environ["SAMPLE_MARKS"], "connected").write_text(str(self.server.port))
        return users, clients


class Failing(LiveSample):
    def test_it_fails_while_sockets_are_connected(self):
        self.connect_and_mark()
        self.fail("It fails on purpose.")


class Busy(LiveSample):
    def test_it_sends_until_it_is_interrupted(self):
        users, clients = self.connect_and_mark()
        ids = []
        deadline = time.monotonic() + LIMIT_SECONDS
        while time.monotonic() < deadline:
            ids += self.control.notify([user.pk for user in users], count=10, per_second=100).ids
            self.await_arrival([(ids, client) for client in clients])
