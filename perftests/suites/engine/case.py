"""What the rows of the engine suite have in common: layers on one server, and goals."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar
from unittest import SkipTest

import redis
from django.conf import settings
from django.db import connection
from django.test import override_settings

from perftests.conf import Server, configuration
from perftests.load.clients.swarm import Swarm
from perftests.load.inside.rivals import rival_layers
from perftests.load.server.process import ServerProcess

from ..kit.case import LoadTestCase
from ..kit.clients import Clients
from ..kit.contest import measure_ratio
from ..kit.server import ServerUnderLoad
from .prefix import own_prefix

PUSHES = 5

MESSAGES_PER_SECOND = 10_000
"""Half of what a server can do: one that falls behind puts several frames into one write, which is
cheaper, and another contender would not fall behind at the same time."""

GOAL_SOCKETS = 1000
"""The goals are for so many sockets: with fewer, what is done once for all of them weighs more."""

GOALS: dict[str, dict[Server, str]] = {
    "push with acks, ours ÷ bare": {"daphne": "<= 1.5", "uvicorn": "<= 2"},
    "broadcast, stock pubsub ÷ ours": {"daphne": ">= 6", "uvicorn": ">= 12"},
    "different messages, stock core ÷ ours": {"daphne": ">= 15", "uvicorn": ">= 25"},
    "burst that waits, one of 50 ÷ broadcast of one": {"daphne": "<= 0.3", "uvicorn": "<= 0.3"},
    "connect by ticket ÷ bare accept": {"daphne": "<= 2", "uvicorn": "<= 2.5"},
    "connect by session ÷ bare accept": {"daphne": "<= 3", "uvicorn": "<= 5"},
    "ack of 10 ids ÷ bare frame": {"daphne": "<= 1.3", "uvicorn": "<= 1.2"},
}
"""What we hold ourselves to, by metric: server CPU for the same work, in one run."""


class EngineTestCase(LoadTestCase):
    """Tests against a server that has the rivals' layers besides its own.

    Where any Redis answers, our own layer is the one on Redis: then this process can send, and
    storing the rows is not counted as a cost of the push.
    """

    suite = "engine"
    on_request = True
    layers: ClassVar[dict[str, dict[str, Any]]]
    _rival_server: ClassVar[ServerProcess]

    @classmethod
    def setUpClass(cls) -> None:
        hosts = redis_hosts()
        cls.require_a_way_to_the_server(bool(hosts))
        prefix = cls.enterClassContext(own_prefix("rival", hosts))
        cls.layers = {**site_layers(), **rival_layers(hosts, prefix)}
        if hosts and not configured_hosts():
            backend = "notifications.layers.RedisChannelLayer"
            cls.layers["default"] = {"BACKEND": backend, "CONFIG": {"hosts": hosts}}
        cls.server_environment = {
            **cls.server_environment,
            "PERF_CHANNEL_LAYERS": json.dumps(cls.layers),
        }
        cls.enterClassContext(override_settings(CHANNEL_LAYERS=cls.layers))
        super().setUpClass()

    @classmethod
    def require_a_way_to_the_server(cls, on_redis: bool) -> None:
        """Skip where the server could not hear of what this process sends."""
        if not on_redis and connection.vendor != "sqlite":
            needed = f"With {connection.vendor} the engine suite needs a Redis."
            raise SkipTest(f"{needed} {how_to_get_redis()}")

    @property
    def on_redis(self) -> bool:
        return "rival-core" in self.layers

    def rival_clients(self, swarm: Swarm | None = None) -> Clients:
        """The clients of a second server like the first, on the same swarm or another.

        The server is started when it is asked for, and kept for the class.
        """
        server = ServerUnderLoad(self._rival_process(), self.timeout_seconds)
        return Clients(server, swarm or self.swarm)

    @classmethod
    def _rival_process(cls) -> ServerProcess:
        if "_rival_server" not in cls.__dict__:
            server = ServerProcess(configuration.SERVER, environment=cls.server_environment)
            cls._rival_server = cls.enterClassContext(server)
        return cls._rival_server

    def require_redis(self) -> None:
        if not self.on_redis:
            self.skipTest(f"The rivals need a Redis. {how_to_get_redis()}")

    def note_the_way(self) -> None:
        """Tell how the server hears of what this process sends."""
        way = "over Redis" if self.on_redis else "by watching the file of the database"
        self.note(f"This process stores the notifications; the server hears of them {way}.")

    def limit(self, of_servers: Mapping[Server, str], sockets: int) -> str:
        """That of the server under load, if there is one and there are enough sockets."""
        return of_servers.get(self.server_name, "") if sockets >= GOAL_SOCKETS else ""

    def compare(
        self,
        name: str,
        baseline: Sequence[float],
        candidate: Sequence[float],
        *,
        sockets: int,
        doubt: str = "",
    ) -> None:
        """Record candidate ÷ baseline with its goal, if it has one and there are enough sockets."""
        goal = self.limit(GOALS.get(name, {}), sockets)
        measure_ratio(self, name, baseline, candidate, goal=goal, doubt=doubt)


def how_to_get_redis() -> str:
    """A sentence for whoever misses it."""
    return f"None answers at {configuration.REDIS_URL}: start one there, or set PERF_REDIS_URL."


def site_layers() -> dict[str, dict[str, Any]]:
    """As the site has configured them, which may be not at all."""
    return getattr(settings, "CHANNEL_LAYERS", {})


def configured_hosts() -> list[Any]:
    """The Redis of the site's own layer."""
    return list(site_layers().get("default", {}).get("CONFIG", {}).get("hosts", []))


def redis_hosts() -> list[Any]:
    """The hosts of the configured layer, else the usual Redis; none where that does not answer."""
    if hosts := configured_hosts():
        return hosts
    url = configuration.REDIS_URL
    try:
        with redis.Redis.from_url(url, socket_connect_timeout=1, socket_timeout=1) as client:
            client.ping()
    except redis.RedisError:
        return []
    return [url]
