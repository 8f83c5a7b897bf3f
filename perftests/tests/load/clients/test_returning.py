import asyncio

from django.test import SimpleTestCase, tag
from picows import WSListener, WSMsgType, ws_create_server

from notifications.wire import protocol
from perftests.load.clients.returning import ReturningClient
from perftests.load.clients.swarm import Swarm

HELLO = protocol.hello(unread=0, queued=0, dropped=0, window=8, retry=(1, 5))
SECONDS = 30


class Greeter(WSListener):
    def on_ws_connected(self, transport):
        self.transport = transport
        transport.send(WSMsgType.TEXT, HELLO.encode())


@tag("slow")
class ReturningClientTests(SimpleTestCase):
    """A server that greets, or hangs up on the first few who come."""

    def setUp(self):
        self.swarm = Swarm("")
        self.addCleanup(self.swarm.close)
        self.greeters, self.paths = [], []
        self.refusals = 0
        server = self.swarm.run(ws_create_server(self.accept, "127.0.0.1", 0))
        self.addCleanup(self.swarm.call, server.close)
        port = server.sockets[0].getsockname()[1]
        tickets = iter(range(100))
        self.client = ReturningClient(f"ws://127.0.0.1:{port}", lambda: f"number-{next(tickets)}")
        self.swarm.clients.append(self.client)

    def accept(self, request):
        self.paths.append(request.path.decode())
        if self.refusals:
            self.refusals -= 1
            return None
        self.greeters.append(Greeter())
        return self.greeters[-1]

    def stay(self):
        task = self.swarm.call(lambda: asyncio.ensure_future(self.client.stay()))
        self.addCleanup(self.swarm.call, task.cancel)
        return task

    def wait_for_connects(self, count):
        self.swarm.wait_until(lambda: self.client.connects == count, SECONDS, "the client")

    def test_a_returning_client_comes_back_whenever_its_connection_ends(self):
        self.stay()
        for count in (1, 2, 3):
            self.wait_for_connects(count)
            self.swarm.call(self.greeters[-1].transport.disconnect)

    def test_a_returning_client_asks_for_another_ticket_each_time(self):
        self.stay()
        self.wait_for_connects(1)
        self.swarm.call(self.greeters[-1].transport.disconnect)
        self.wait_for_connects(2)
        self.assertIn("ticket=number-0", self.paths[0])
        self.assertIn("ticket=number-1", self.paths[1])

    def test_a_returning_client_tries_until_a_server_takes_it(self):
        self.refusals = 2
        self.stay()
        self.wait_for_connects(1)
        self.assertEqual(len(self.paths), 3)

    def test_a_returning_client_that_is_stopped_stays_until_the_end_and_never_returns(self):
        task = self.stay()
        self.wait_for_connects(1)
        self.swarm.call(task.cancel)
        self.swarm.wait_until(task.done, SECONDS, "the end of the task")
        self.assertTrue(self.client.connected)
        self.swarm.call(self.greeters[-1].transport.disconnect)
        self.swarm.wait_until(lambda: not self.client.connected, SECONDS, "the end")
        self.assertEqual(self.client.connects, 1)
