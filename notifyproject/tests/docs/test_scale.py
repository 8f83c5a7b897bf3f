"""docs/how-to/scale.md against the code."""

import re
import shlex

from django.test import SimpleTestCase

from notifications.conf import get_settings
from notifications.layers import RedisChannelLayer
from perftests.load.server.process import command
from perftests.load.services.nginx import CONFIGURATION
from perftests.suites.scale.nginx import served

from .pages import blocks, commands, page

SCALING = page("how-to/scale")


class ScalingTests(SimpleTestCase):
    def test_the_server_commands_of_the_page_on_scaling_are_those_that_are_measured(self):
        for server in ("daphne", "uvicorn"):
            quoted = commands(SCALING, [server])
            application = "notifyproject.asgi:application"
            self.assertEqual(quoted, [command(server, p, application) for p in (8001, 8002)])

    def test_the_systemd_unit_of_the_page_on_scaling_starts_the_command_that_is_measured(self):
        [unit] = blocks(SCALING, "ini")
        started = re.search(r"ExecStart=/srv/notify/venv/bin/(.*)", unit)[1]
        quoted = commands(SCALING, ["daphne"])[0]
        self.assertEqual(shlex.split(started.replace("%i", "8001")), quoted)

    def test_the_proxy_that_is_measured_is_that_of_the_page_on_scaling(self):
        [documented] = blocks(SCALING, "nginx")
        directives = r"(?:least_conn|proxy_(?:read|send)_timeout \S+|proxy_http_version \S+);"
        measured = re.findall(directives, served(8000, []))
        self.assertEqual(len(measured), 4)
        for directive in measured:
            with self.subTest(directive):
                self.assertIn(directive, documented)

    def test_the_page_has_the_limits_of_the_proxy_that_is_tested(self):
        [documented] = blocks(SCALING, "nginx")
        for directive in ("worker_rlimit_nofile 65536;", "worker_connections 32768;"):
            self.assertIn(directive, documented)
            self.assertIn(directive, CONFIGURATION)

    def test_nginx_waits_longer_for_a_client_than_the_server_does(self):
        for seconds in re.findall(r"proxy_(?:read|send)_timeout (\d+)s;", SCALING):
            self.assertGreater(int(seconds), get_settings().HEARTBEAT_TIMEOUT_SECONDS)

    def test_the_layers_of_the_page_on_scaling_can_be_made(self):
        made = []
        for example in blocks(SCALING, "python"):
            names = {}
            exec(example, names)
            if "CHANNEL_LAYERS" in names:
                made.append(RedisChannelLayer(**names["CHANNEL_LAYERS"]["default"]["CONFIG"]))
        self.assertEqual([len(layer.hosts) for layer in made], [1, 2])
