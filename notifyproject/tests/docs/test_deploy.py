"""docs/how-to/deploy.md against the code, and as processes."""

import shlex
from contextlib import ExitStack
from functools import partial
from unittest import skipUnless
from urllib.request import urlopen

from django.contrib.auth.models import User
from django.test import SimpleTestCase, override_settings, tag

from notifications.conf import get_settings
from notifications.tickets import make_ticket
from perftests.load.clients.accounting import account
from perftests.load.server.process import command
from perftests.load.services.programs import has_program

from ..deployment import COMPOSE, DEPLOY, SERVERS, Deployment, port_of, variables
from ..patient import crowd
from ..stopwatch import timed
from .pages import blocks

CLIENTS = 200
MOST_SECONDS = 120
PROGRAMS = ("nginx", "postgres", "redis-server")


class DeployPageTests(SimpleTestCase):
    def test_the_servers_of_compose_and_systemd_are_started_as_they_are_measured(self):
        application = "notifyproject.asgi:application"
        measured = [command("uvicorn", port, application) for port in (8001, 8002)]
        self.assertEqual(SERVERS, measured)
        unit = next(unit for unit in blocks(DEPLOY, "ini") if "@.service" in unit)
        started = unit.split("ExecStart=/srv/notify/venv/bin/")[1].splitlines()[0]
        self.assertEqual(shlex.split(started.replace("%i", "8001")), measured[0])

    def test_each_server_of_compose_is_asked_for_its_health_on_its_own_port(self):
        for name, service in COMPOSE["services"].items():
            if name.startswith("server"):
                port = port_of(shlex.split(service["command"]))
                self.assertIn(f"'127.0.0.1', {port})", service["healthcheck"]["test"][-1])

    def test_the_variables_of_the_page_are_those_of_the_services_of_compose(self):
        database = COMPOSE["services"]["db"]["environment"]
        url = "postgres://{POSTGRES_USER}:{POSTGRES_PASSWORD}@db:5432/{POSTGRES_DB}"
        self.assertEqual(variables()["DATABASE_URL"], url.format(**database))
        self.assertIn("@db:", variables()["DATABASE_URL"])
        self.assertEqual(variables()["REDIS_URL"], "redis://redis:6379/0")
        self.assertLessEqual({"db", "redis"}, set(COMPOSE["services"]))


@tag("alone", "slow")
@skipUnless(all(map(has_program, PROGRAMS)), "nginx, PostgreSQL or Redis is not installed")
class DeploymentTests(SimpleTestCase):
    def test_a_rolling_restart_of_the_documented_site_loses_nothing_and_shows_no_http_error(self):
        with timed(self, "From no server to the documented topology", MOST_SECONDS):
            site = self.enterContext(Deployment())
        self.assert_serves_the_client(site.proxy.port)
        self.enterContext(override_settings(SECRET_KEY=site.variables["SECRET_KEY"]))
        sender = site.sender(CLIENTS)
        with ExitStack() as everything:
            with sender:
                tickets = [partial(make_ticket, User(pk=key)) for key in sender.keys]
                everybody = everything.enter_context(crowd(site.proxy.websocket_url, tickets))
                everybody.await_all(lambda client: client.connects)
                site.restart()
                everybody.await_all(lambda client: client.connected and client.away)
            everybody.await_all(lambda client: len(client.arrived_ids) >= len(sender.ids))
        self.assert_whole(everybody, sender.ids)
        self.assert_spread(everybody.clients)
        self.assertNotIn("Traceback", "".join(server.log() for server in site.servers))

    def assert_serves_the_client(self, port):
        address = f"http://127.0.0.1:{port}/static/notifications/notifications.js"
        with urlopen(address, timeout=10) as answer:  # which raises for anything but success
            self.assertIn(b"export", answer.read())

    def assert_whole(self, everybody, ids):
        self.assertGreater(len(ids), 10)
        counted = account((ids, client) for client in everybody.clients)
        self.assertEqual((counted.missing, counted.unexpected), (0, 0))
        self.assertEqual(everybody.http_errors, set())

    def assert_spread(self, clients):
        """Nobody is back before the shortest time of `RETRY_SECONDS`, and not all at once."""
        away = sorted(client.away[0] for client in clients)
        shortest, longest = get_settings().RETRY_SECONDS
        self.assertGreaterEqual(away[0], shortest)
        middle = away[len(away) // 4], away[3 * len(away) // 4]
        self.assertGreater(middle[1] - middle[0], (longest - shortest) / 4)
