import asyncio
import json
from unittest import skipUnless

from django.contrib.auth.models import User
from django.test import SimpleTestCase, TransactionTestCase, override_settings, tag

from notifications.tests.services import PrivateRedis, redis_is_installed
from notifications.tickets import make_ticket
from perftests.load.clients.connection import Connection
from perftests.load.clients.swarm import Swarm
from perftests.load.inside import rivals
from perftests.load.inside.rivals import rival_layers
from perftests.load.server.control import Control
from perftests.load.server.process import ServerProcess
from perftests.tests.waiting import wait_until


class RivalLayersTests(SimpleTestCase):
    def test_the_layer_in_memory_is_the_only_rival_without_a_redis(self):
        self.assertEqual(
            rival_layers([], "x"),
            {"rival-memory": {"BACKEND": "channels.layers.InMemoryChannelLayer"}},
        )

    def test_each_rival_layer_on_redis_has_a_prefix_of_its_own(self):
        layers = rival_layers(["redis://somewhere"], "x")

        self.assertEqual(
            {
                name: layer["CONFIG"]["prefix"]
                for name, layer in layers.items()
                if "CONFIG" in layer
            },
            {"rival-core": "x-core", "rival-pubsub": "x-pubsub"},
        )

    def test_rival_layers_wait_for_messages_without_a_timeout_on_any_kind_of_host(self):
        for host in ("redis://somewhere", ("somewhere", 6379), {"address": "redis://somewhere"}):
            with self.subTest(host):
                [patient] = rival_layers([host], "x")["rival-core"]["CONFIG"]["hosts"]
                self.assertIsNone(patient["socket_timeout"])

    def test_rival_layers_keep_the_timeout_that_a_host_sets_itself(self):
        host = {"address": "redis://somewhere", "socket_timeout": 3}
        [kept] = rival_layers([host], "x")["rival-pubsub"]["CONFIG"]["hosts"]
        self.assertEqual(kept["socket_timeout"], 3)


class Listener(Connection):
    """Keeps what it gets."""

    def __init__(self, url):
        super().__init__(url)
        self.received = []

    def receive(self, frame):
        self.received.append(json.loads(frame.get_payload_as_bytes()))


class Rivalry:
    """A server with rivals, for two users."""

    @classmethod
    def start(cls, hosts=()):
        layers = rival_layers(hosts, "test-rivals")
        cls.enterClassContext(override_settings(CHANNEL_LAYERS=layers))
        environment = {"PERF_CHANNEL_LAYERS": json.dumps(layers)}
        cls.server = cls.enterClassContext(ServerProcess(environment=environment))
        cls.control = Control(cls.server.http_url)

    def setUp(self):
        self.users = [User.objects.create(username=name) for name in ("ada", "grace")]
        self.swarm = self.enterContext(Swarm(self.server.websocket_url))

    def connect(self, layer):
        url = f"{self.server.websocket_url}/rival/{layer}/?ticket="
        clients = [Listener(url + make_ticket(user)) for user in self.users]
        self.assertEqual(self.swarm.connect_clients(clients), clients, self.swarm.failures)
        return clients

    def messages(self):
        return [(user.pk, {"title": f"To {user.username}"}) for user in self.users]

    def assert_each_gets_its_own(self, clients):
        self.swarm.wait_until(lambda: all(c.received for c in clients), 30, "a message each")
        self.assertEqual(
            [client.received for client in clients],
            [[{"title": "To ada"}], [{"title": "To grace"}]],
        )


@tag("slow")
class RivalsInMemoryTests(Rivalry, TransactionTestCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.start()

    def test_rival_users_get_what_the_server_sends_to_their_group(self):
        clients = self.connect("memory")

        self.control.rival_send("memory", self.messages())

        self.assert_each_gets_its_own(clients)

    def test_the_server_counts_the_rival_connections_in_their_groups(self):
        wait_until(lambda: self.control.rival_live() == 0, 30, "those of other tests to leave")
        clients = self.connect("memory")
        self.assertEqual(self.control.rival_live(), 2)

        self.swarm.call(clients[0].drop)

        wait_until(lambda: self.control.rival_live() == 1, 30, "one to leave")

    def test_nobody_connects_to_a_rival_without_a_ticket(self):
        stranger = Listener(f"{self.server.websocket_url}/rival/memory/")
        self.assertEqual(self.swarm.connect_clients([stranger]), [])


@tag("slow")
@skipUnless(redis_is_installed(), "redis-server is not installed")
class RivalsOnRedisTests(Rivalry, TransactionTestCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        redis = cls.enterClassContext(PrivateRedis())
        cls.start([redis.url])

    def test_rival_users_get_what_another_process_sends_to_their_group(self):
        for layer in ("core", "pubsub"):
            with self.subTest(layer):
                clients = self.connect(layer)

                asyncio.run(rivals.send(layer, self.messages()))

                self.assert_each_gets_its_own(clients)
