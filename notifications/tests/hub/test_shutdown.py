import asyncio
import math
import random
import signal
import time
from collections import Counter
from contextlib import suppress

from django.contrib.auth.models import User
from django.test import SimpleTestCase, TransactionTestCase, tag
from picows import WSError
from uvicorn import Config, Server

from notifications.hub.shutdown import end_in_order
from notifications.tickets import make_ticket
from perftests.load.clients.client import ConnectFailed, NotificationClient
from perftests.load.clients.swarm import Swarm
from perftests.load.server.process import ServerProcess

SOCKETS = 100
TIMES = 3
LIMIT_SECONDS = 30
BREAKS_OFF_SECONDS = {"daphne": 1.0}
"""So long after its close frame Daphne waits for the client's, and the client sees 1006 then."""


class RestlessClient(NotificationClient):
    """Comes and goes; `codes` is how each of its greeted connections ended that it did not end."""

    def __init__(self, url, user):
        super().__init__(url)
        self.user = user
        self.codes = Counter()
        self.greeted = self.leaving = False

    async def come_and_go(self, leaves):
        while True:
            with suppress(ConnectFailed, WSError, OSError, TimeoutError):
                self.greeted = self.leaving = False
                self.ticket = make_ticket(self.user)
                await self.connect()
                self.greeted = True
                if leaves:
                    await asyncio.sleep(random.uniform(0, 1))
                    self.leaving = True
                    self.drop()
                await self._transport.wait_disconnected()
            await asyncio.sleep(random.uniform(0, 0.1))  # at no particular moment of the end

    def on_ws_disconnected(self, transport):
        super().on_ws_disconnected(transport)
        if self.greeted and not self.leaving:
            self.codes[self.close_code] += 1


@tag("alone", "slow")
class EndOfAServerTests(TransactionTestCase):
    """SIGTERM, while half of the clients stay and half come and go."""

    def setUp(self):
        self.ends_in_vain = 0
        self.users = [User.objects.create(username=f"user {n}") for n in range(SOCKETS)]

    def end(self, make):
        """The exit status, what was printed, how many connections ended with which code, and the
        seconds that all of it took."""
        server = self.enterContext(ServerProcess(make))
        with Swarm(server.websocket_url) as swarm:
            clients = [RestlessClient(server.websocket_url, user) for user in self.users]
            swarm.clients += clients
            tasks = swarm.call(self.start, clients)
            staying = clients[1::2]
            swarm.wait_until(
                lambda: (
                    all(client.greeted for client in staying)
                    and sum(client.greeted for client in clients) > SOCKETS * 0.6
                ),
                60,
                "those who stay, and some of those who come and go",
            )
            swarm.call(lambda: [client.codes.clear() for client in clients])
            process = server._process
            begun = time.monotonic()
            process.send_signal(signal.SIGTERM)
            status = process.wait(LIMIT_SECONDS)
            seconds = time.monotonic() - begun
            swarm.run(self.cancel(tasks))
            codes = sum((client.codes for client in clients), Counter())
        return status, server.stderr(), codes, seconds

    @staticmethod
    async def cancel(tasks):
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    @staticmethod
    def start(clients):
        return [
            asyncio.ensure_future(client.come_and_go(leaves=number % 2 == 0))
            for number, client in enumerate(clients)
        ]

    def assert_ends_in_order(self, make, code):
        told = 0
        while told < TIMES:
            status, printed, codes, seconds = self.end(make)
            self.assertEqual(status, 0, printed)
            self.assertEqual(printed, "")
            if 1006 in codes and self.may_have_broken_off(make, seconds):
                continue
            self.assertEqual(set(codes), {code})
            self.assertGreaterEqual(codes[code], SOCKETS // 2)
            told += 1

    def may_have_broken_off(self, make, seconds):
        """On a machine that was too busy for the end to tell of anything; not again and again."""
        self.ends_in_vain += 1
        return seconds > BREAKS_OFF_SECONDS.get(make, math.inf) and self.ends_in_vain <= 2 * TIMES

    def test_daphne_closes_every_socket_with_4503_and_exits_with_0(self):
        self.assert_ends_in_order("daphne", 4503)

    def test_uvicorn_closes_every_socket_with_1012_and_exits_with_0(self):
        self.assert_ends_in_order("uvicorn", 1012)


class SignalOfUvicornTests(SimpleTestCase):
    def setUp(self):
        self.heard = []
        self.handle(signal.SIG_DFL)
        self.server = Server(Config("nothing:at_all"))

    def handle(self, handler):
        before = signal.signal(signal.SIGTERM, handler)
        self.addCleanup(signal.signal, signal.SIGTERM, before)

    def serve(self):
        with self.server.capture_signals():
            end_in_order()
            signal.raise_signal(signal.SIGTERM)

    def test_a_process_that_only_loads_the_application_keeps_its_way_to_end(self):
        end_in_order()
        self.assertIs(signal.getsignal(signal.SIGTERM), signal.SIG_DFL)

    def test_uvicorn_that_has_loaded_the_application_exits_with_0_and_leaves_no_handler(self):
        end_in_order()
        with self.assertRaises(SystemExit) as ended, self.server.capture_signals():
            signal.raise_signal(signal.SIGTERM)
        self.assertEqual(ended.exception.code, 0)
        self.assertIs(signal.getsignal(signal.SIGTERM), signal.SIG_DFL)

    def test_a_worker_of_uvicorn_that_loads_the_application_ends_without_a_signal(self):
        self.serve()
        self.assertTrue(self.server.should_exit)

    def test_the_handler_of_a_site_hears_of_the_end_of_uvicorn(self):
        self.handle(lambda number, _: self.heard.append(number))
        end_in_order()
        with self.server.capture_signals():
            signal.raise_signal(signal.SIGTERM)
        self.assertEqual(self.heard, [signal.SIGTERM])
