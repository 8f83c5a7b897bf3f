"""Two servers, of different makes, behind one Redis: what a site of several processes is."""

import json
import os
from unittest import skipUnless

from django.contrib.auth.models import User
from django.test import TransactionTestCase, override_settings

from notifications.send import notify
from notifications.tests.services import PrivateRedis, redis_is_installed
from notifications.tickets import make_ticket
from perftests.load.server import ServerProcess
from perftests.load.swarm import Swarm

# So long that what arrives in time has come over Redis and by no repair.
NO_REPAIR = {"SWEEP_SECONDS": 60, "WATCH_SECONDS": 10}
LIMIT_SECONDS = 5


@skipUnless(redis_is_installed(), "redis-server is not installed")
class SeveralServersTests(TransactionTestCase):
    def setUp(self):
        self.redis = self.enterContext(PrivateRedis())
        layers = {
            "default": {
                "BACKEND": "notifications.layers.RedisChannelLayer",
                "CONFIG": {"hosts": [self.redis.url], "prefix": f"test-{os.getpid()}"},
            }
        }
        self.enterContext(override_settings(CHANNEL_LAYERS=layers))
        environment = {
            "PERF_CHANNEL_LAYERS": json.dumps(layers),
            "PERF_NOTIFICATIONS": json.dumps(NO_REPAIR),
        }
        self.users = [User.objects.create(username=f"user {number}") for number in range(10)]
        self.swarms = []
        for make in ("daphne", "uvicorn"):
            server = self.enterContext(ServerProcess(make, environment=environment))
            swarm = self.enterContext(Swarm(server.websocket_url))
            swarm.connect([make_ticket(user) for user in self.users])
            self.swarms.append(swarm)

    def wait_for(self, notification):
        for swarm in self.swarms:
            swarm.wait_until(
                lambda swarm=swarm: all(notification.pk in c.arrived_ids for c in swarm.clients),
                LIMIT_SECONDS,
                "the notification on all sockets of a server",
            )

    def test_notify_in_a_third_process_reaches_the_sockets_of_both(self):
        self.wait_for(notify(self.users, "to each user's group"))
        self.wait_for(notify(User.objects.all(), "announced to all hubs"))

    def test_reading_on_one_server_reaches_the_tab_on_the_other(self):
        notification = notify(self.users, "hello")
        self.wait_for(notification)
        here, there = (swarm.clients[0] for swarm in self.swarms)
        self.swarms[0].call(here.send, {"type": "read", "ids": [notification.pk]})
        self.swarms[1].wait_until(
            lambda: there.unread == 0 and there.frames > 2, LIMIT_SECONDS, "the other tab's count"
        )
