"""Samples with a server and sockets, for the tests of what a run leaves behind."""

import os
import threading
import time
from pathlib import Path

from perftests.load.web import Site
from perftests.suites.kit.case import LoadTestCase
from perftests.testcases import PerformanceTestCase, row

from .samples import mark
from .waiting import wait_for_file

LIMIT_SECONDS = 300


class LiveSample(LoadTestCase):
    suite = "websocket"

    def connect_and_mark(self):
        """Connect some users; the file `connected` then has the server's port."""
        users = self.create_users(5)
        clients = self.clients.connect(users)
        mark("connected", self.process.port)
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
            notify = self.server.control.notify
            ids += notify([user.pk for user in users], count=10, per_second=100).ids
            self.clients.await_arrival([(ids, client) for client in clients])


class Loaded(LiveSample):
    """A row with load, and one that has a server and makes none."""

    @row("S16")
    def test_1_messages_arrive_for_seconds(self):
        users = self.create_users(5)
        clients = self.clients.connect(users)
        sent = self.server.control.notify([user.pk for user in users], count=70, per_second=20)
        self.clients.await_arrival([(sent.ids, client) for client in clients])
        self.measure("sent", len(sent.ids), "notifications")

    @row("S17")
    def test_2_a_row_without_load_takes_as_long(self):
        threading.Event().wait(2.5)
        self.measure("rate", 200, "/s")


class Visited(PerformanceTestCase):
    suite = "web"

    @row("S18")
    def test_views_answer_for_seconds(self):
        with Site() as site:
            answers = site.get("/mine/", per_second=20, seconds=3.5, status=302)
        self.measure("answers", answers.metrics.succeeded, "answers", required="== 70")


class Halfway(PerformanceTestCase):
    """Waits between its tests until the file `go` is there."""

    suite = "websocket"

    @row("S14")
    def test_1_before(self):
        self.measure("rate", 200, "/s", required="> 100")

    @row("S15")
    def test_2_after(self):
        marks = Path(os.environ["SAMPLE_MARKS"])
        mark("waiting")
        wait_for_file(marks / "go", LIMIT_SECONDS)
        self.measure("rate", 200, "/s", required="> 100")
