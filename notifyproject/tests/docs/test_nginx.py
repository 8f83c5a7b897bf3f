"""The deployment of docs/how-to/scale.md, as it is written there."""

import asyncio
import re
from collections import Counter
from unittest import skipUnless

from django.contrib.auth.models import User
from django.test import TransactionTestCase, tag
from picows import WSError

from notifications.tickets import make_ticket
from perftests.load.clients.client import ConnectFailed, NotificationClient
from perftests.load.clients.swarm import Swarm
from perftests.load.server.process import ServerProcess
from perftests.load.services.programs import find_program, has_program
from perftests.load.services.service import PrivateService

from .pages import blocks, page

CLIENTS = 150
LIMIT_SECONDS = 30
RETRY_SECONDS = 0.1


def nginx_block():
    """The configuration of the page."""
    (found,) = blocks(page("how-to/scale"), "nginx")
    return found


class Nginx(PrivateService):
    """The configuration of the page in front of these ports, without its certificate."""

    def __init__(self, ports):
        super().__init__()
        text = nginx_block().replace("listen 443 ssl;", f"listen 127.0.0.1:{self.port};")
        text = re.sub(r"\n\s*ssl_certificate.*?;", "", text)
        for documented, port in zip((8001, 8002), ports, strict=True):
            text = text.replace(f"127.0.0.1:{documented}", f"127.0.0.1:{port}")
        (self.folder / "nginx.conf").write_text(
            f"daemon off; pid {self.folder}/pid; error_log stderr;\n"
            + text.replace("http {", "http { access_log off;", 1)
        )

    def command(self):
        program, configuration = find_program("nginx"), str(self.folder / "nginx.conf")
        return [program, "-p", str(self.folder), "-c", configuration]


class PatientClient(NotificationClient):
    """Stays connected; `failures` counts why it could not connect."""

    def __init__(self, url, user):
        super().__init__(url)
        self.user = user
        self.failures = Counter()
        self.connects = 0

    async def stay(self):
        while True:
            try:
                self.ticket = make_ticket(self.user)
                await self.connect()
            except (ConnectFailed, WSError, OSError) as error:
                self.failures[str(error)] += 1
            else:
                self.connects += 1
                await self._transport.wait_disconnected()
            await asyncio.sleep(RETRY_SECONDS)


@tag("alone", "slow")
@skipUnless(has_program("nginx"), "nginx is not installed")
class RollingRestartTests(TransactionTestCase):
    def setUp(self):
        self.users = [User.objects.create(username=f"user {n}") for n in range(CLIENTS)]

    def assert_nobody_gets_an_http_error(self, make):
        servers = [self.enterContext(ServerProcess(make)) for _ in range(2)]
        nginx = self.enterContext(Nginx([server.port for server in servers]))
        with Swarm("") as swarm:
            url = f"ws://127.0.0.1:{nginx.port}"
            clients = swarm.clients = [PatientClient(url, user) for user in self.users]
            tasks = swarm.call(lambda: [asyncio.ensure_future(c.stay()) for c in clients])
            try:
                self.await_everybody(swarm, clients)
                for server in servers:
                    server.stop()
                    server.start()
                    self.await_everybody(swarm, clients)
            finally:
                swarm.call(lambda: [task.cancel() for task in tasks])
        failures = sum((client.failures for client in clients), Counter())
        self.assertGreater(sum(client.connects for client in clients), CLIENTS)
        self.assertEqual({text for text in failures if "received" in text}, set(), nginx.log())

    def await_everybody(self, swarm, clients):
        def all_connected():
            return all(client.connected for client in clients)

        swarm.wait_until(all_connected, LIMIT_SECONDS, "all clients")

    def test_behind_nginx_a_rolling_restart_of_daphne_shows_nobody_an_http_error(self):
        self.assert_nobody_gets_an_http_error("daphne")

    def test_behind_nginx_a_rolling_restart_of_uvicorn_shows_nobody_an_http_error(self):
        self.assert_nobody_gets_an_http_error("uvicorn")
