from types import SimpleNamespace

from django.contrib.auth.models import User
from django.test import SimpleTestCase

from perftests.load.clients.swarm import Swarm
from perftests.processes.system import HOST
from perftests.suites.kit.clients import Clients


class ConnectTests(SimpleTestCase):
    def test_clients_that_cannot_connect_fail_the_test_with_their_number_and_the_reason(self):
        url = f"ws://{HOST}:1"  # which only an administrator may open
        server = SimpleNamespace(websocket_url=url, timeout_seconds=5)
        clients = Clients(server, self.enterContext(Swarm(url)))
        with self.assertRaisesRegex(AssertionError, "2 of 2 did not connect: .*Connect call"):
            clients.connect([User(pk=1), User(pk=2)])
