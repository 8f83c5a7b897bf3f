"""The proxy of docs/how-to/scale.md, as it is written there, in front of Daphne.

The same with uvicorn, PostgreSQL and Redis is in `test_deploy`.
"""

from functools import partial
from unittest import skipUnless

from django.contrib.auth.models import User
from django.test import TransactionTestCase, tag

from notifications.tickets import make_ticket
from perftests.load.server.process import ServerProcess
from perftests.load.services.programs import has_program

from ..deployment import DocumentedNginx
from ..patient import crowd

CLIENTS = 150
RETRY_SECONDS = (0.1, 0.1)


@tag("alone", "slow")
@skipUnless(has_program("nginx"), "nginx is not installed")
class RollingRestartTests(TransactionTestCase):
    def test_behind_nginx_a_rolling_restart_of_daphne_shows_nobody_an_http_error(self):
        users = [User.objects.create(username=f"user {n}") for n in range(CLIENTS)]
        servers = [self.enterContext(ServerProcess("daphne")) for _ in range(2)]
        nginx = self.enterContext(DocumentedNginx([server.port for server in servers]))
        tickets = [partial(make_ticket, user) for user in users]
        with crowd(nginx.websocket_url, tickets, RETRY_SECONDS) as everybody:
            everybody.await_all()
            for server in servers:
                server.stop()
                server.start()
                everybody.await_all()
        self.assertGreater(sum(client.connects for client in everybody.clients), CLIENTS)
        self.assertEqual(everybody.http_errors, set(), nginx.log())
