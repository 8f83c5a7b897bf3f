"""Two servers, of different makes, behind one Redis: what a site of several processes is."""

import json
import os
import signal
import time
from unittest import skipUnless

from django.contrib.auth.models import User
from django.test import TransactionTestCase, override_settings, tag

from notifications.send import notify
from notifications.tests.services import PrivateRedis, redis_is_installed
from notifications.tickets import make_ticket
from perftests.load.clients.swarm import Swarm
from perftests.load.server.control import Control
from perftests.load.server.process import ServerProcess
from perftests.suites.kit.queue import await_acks

# So long that what arrives in time has come over Redis and by no repair.
NO_REPAIR = {"SWEEP_SECONDS": 600, "WATCH_SECONDS": 100}
LIMIT_SECONDS = 60


@tag("slow")
@skipUnless(redis_is_installed(), "redis-server is not installed")
class SeveralServersTests(TransactionTestCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        redis = cls.enterClassContext(PrivateRedis())
        layers = {
            "default": {
                "BACKEND": "notifications.layers.RedisChannelLayer",
                "CONFIG": {"hosts": [redis.url], "prefix": f"test-{os.getpid()}"},
            }
        }
        cls.enterClassContext(override_settings(CHANNEL_LAYERS=layers))
        environment = {
            "PERF_CHANNEL_LAYERS": json.dumps(layers),
            "PERF_NOTIFICATIONS": json.dumps(NO_REPAIR),
        }
        cls.servers = [
            cls.enterClassContext(ServerProcess(make, environment=environment))
            for make in ("daphne", "uvicorn")
        ]

    def setUp(self):
        self.users = [User.objects.create(username=f"user {number}") for number in range(10)]
        self.swarms = []
        for server in self.servers:
            # No write of a server may meet the flush of the tables.
            self.addCleanup(Control(server.http_url).await_empty, LIMIT_SECONDS)
            swarm = self.enterContext(Swarm(server.websocket_url))
            # At once: what one device has acknowledged is not to be kept from the other.
            swarm.connect([make_ticket(user) for user in self.users], ack_delay_seconds=0)
            self.swarms.append(swarm)

    def wait_for(self, *notifications):
        ids = {notification.pk for notification in notifications}
        for swarm in self.swarms:
            swarm.wait_until(
                lambda swarm=swarm: all(ids <= set(c.arrived_ids) for c in swarm.clients),
                LIMIT_SECONDS,
                "the notifications on all sockets of a server",
            )

    def test_notify_in_a_third_process_reaches_the_sockets_of_both_servers(self):
        self.wait_for(notify(self.users, "to each user's group"))
        self.wait_for(notify(User.objects.all(), "announced to all hubs"))

    def test_a_read_mark_on_one_server_reaches_the_tab_on_the_other(self):
        notification = notify(self.users, "hello")
        self.wait_for(notification)
        here, there = (swarm.clients[0] for swarm in self.swarms)
        self.swarms[0].call(here.send, {"type": "read", "ids": [notification.pk]})
        self.swarms[1].wait_until(
            lambda: there.unread == 0 and there.frames > 2, LIMIT_SECONDS, "the other tab's count"
        )

    def test_no_device_misses_an_announcement_that_another_device_acknowledged_first(self):
        self.wait_for(*[notify(User.objects.all(), "announced") for _ in range(1000)])

    def test_a_server_that_was_paused_pushes_what_devices_of_the_other_have_acknowledged(self):
        os.kill(self.servers[1].pid, signal.SIGSTOP)
        try:
            sent = [notify(User.objects.all(), "announced") for _ in range(8)]
            await_acks(LIMIT_SECONDS)
            time.sleep(1.5)  # a process that stands still tells nobody how far it is behind
        finally:
            os.kill(self.servers[1].pid, signal.SIGCONT)
        self.wait_for(*sent)

    def test_the_tabs_on_both_servers_show_the_right_unread_count_in_the_end(self):
        sent = [notify(User.objects.all(), "announced") for _ in range(50)]
        here, there = (swarm.clients[0] for swarm in self.swarms)
        for notification in sent[:20]:
            self.swarms[0].call(here.send, {"type": "read", "ids": [notification.pk]})
        self.wait_for(*sent)
        for swarm, tab in zip(self.swarms, (here, there), strict=True):
            swarm.wait_until(lambda tab=tab: tab.unread == 30, LIMIT_SECONDS, "the count of a tab")
