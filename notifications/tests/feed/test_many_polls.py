"""Many who poll the feed of one uvicorn process at once: what each costs, and that all are told."""

import asyncio
import json
from urllib.parse import urlsplit

import psutil
from django.test import TransactionTestCase, tag

from notifications.send import notify
from notifications.tickets import make_ticket
from perftests.load.server.control import Control
from perftests.load.server.process import ServerProcess
from perftests.processes.waiting import settle

from ..users import make_users

POLLS = 100
AT_ONCE = 20
MOST_BYTES = 200_000
MOST_THREADS = 60


def request(ticket, etag=""):
    lines = [
        "GET /notifications/poll/?wait=60 HTTP/1.1",
        "Host: localhost",
        f"Authorization: Bearer {ticket}",
        *([f"If-None-Match: {etag}"] if etag else []),
    ]
    return "\r\n".join([*lines, "", ""]).encode()


class Poll:
    """One client that waits for news."""

    async def begin(self, address, sent):
        self.reader, self.writer = await asyncio.open_connection(address.hostname, address.port)
        self.writer.write(sent)
        return self

    async def answer(self):
        head = (await self.reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        fields = {name.lower(): value for name, value in (x.split(": ", 1) for x in head[1:] if x)}
        body = await self.reader.readexactly(int(fields.get("content-length", 0)))
        self.writer.close()
        return int(head[0].split()[1]), fields, body


@tag("slow")
class ManyPollsTests(TransactionTestCase):
    def setUp(self):
        environment = {
            "PERF_NOTIFICATIONS": json.dumps({"POLL_SECONDS": 60}),
            "PERF_SETTINGS_MODULE": "notifications.tests.feed.async_site",
        }
        server = self.server = self.enterContext(ServerProcess("uvicorn", environment=environment))
        self.address = urlsplit(server.http_url)
        self.control = Control(server.http_url)
        self.process = psutil.Process(server.pid)
        self.users = make_users(POLLS)

    def test_long_polls_keep_no_thread_and_little_memory_and_are_all_told(self):
        before = asyncio.run(self.get_known())
        polls, threads, after, answers = asyncio.run(self.poll_and_tell())
        self.assertEqual(
            {(status, b"for all" in body) for status, _, body in answers}, {(200, True)}
        )
        self.assertEqual(len(answers), POLLS)
        self.assertLess(threads, MOST_THREADS)
        self.assertLess((after - before) / polls, MOST_BYTES)

    def begin(self, ticket, etag=""):
        return Poll().begin(self.address, request(ticket, etag))

    async def get_known(self):
        """What the first ones cost once is not what each costs."""
        self.tickets = [make_ticket(user) for user in await asyncio.to_thread(list, self.users)]
        for ticket in self.tickets[:AT_ONCE]:
            _, fields, _ = await (await self.begin(ticket)).answer()
        self.etag = fields["etag"]
        await asyncio.to_thread(self.control.live)
        return self.process.memory_full_info().uss

    async def poll_and_tell(self):
        polls = []
        for start in range(0, POLLS, AT_ONCE):
            for ticket in self.tickets[start : start + AT_ONCE]:
                polls.append(await self.begin(ticket, self.etag))
            await asyncio.to_thread(self.until_waiting, len(polls))
        threads, memory = self.process.num_threads(), self.process.memory_full_info().uss
        await asyncio.to_thread(notify, self.users, "for all")
        return len(polls), threads, memory, [await poll.answer() for poll in polls]

    def until_waiting(self, number):
        def waiting():
            return self.control.live()["users"]

        found = settle(waiting, 30, settled=number.__eq__)
        self.assertEqual(found, number, self.server.stderr())
