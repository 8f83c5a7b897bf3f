"""Ours, a bare application and the tutorial's consumer, each on a process of its own."""

import asyncio
import json
from collections.abc import Sequence
from typing import Any, ClassVar

from notifications.send import notify
from notifications.tickets import make_ticket
from perftests.conf import Server
from perftests.load.clients.client import Listener, NotificationClient
from perftests.load.clients.swarm import Swarm
from perftests.load.inside import rivals
from perftests.load.server.control import Control
from perftests.load.server.process import ServerProcess

from ..kit.contenders import Users
from ..kit.queue import await_acks
from .alternative import FILLING, Alternative, frame


class AsgiAlternative(Alternative):
    """One of the doors of the application under load, for these users."""

    kind: ClassVar[str]

    def __init__(
        self,
        swarm: Swarm,
        timeout_seconds: float,
        server: Server,
        users: Users,
        layers: dict[str, Any],
    ) -> None:
        super().__init__(swarm, timeout_seconds)
        self.name = f"{self.kind} on {server}"
        self.users = users
        self._process = ServerProcess(
            server, environment={"PERF_CHANNEL_LAYERS": json.dumps(layers)}
        )

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def control(self) -> Control:
        return Control(self._process.http_url)

    @property
    def websocket_url(self) -> str:
        return self._process.websocket_url

    def start(self) -> None:
        self._process.start()

    def kill(self) -> None:
        self._process.kill()

    def memory(self) -> int:
        self.control.collect()
        return super().memory()


class Bare(AsgiAlternative):
    """Sends each text to every socket, and knows nothing of users."""

    kind = "bare"

    def make_clients(self, number: int, *, ack: bool) -> list[NotificationClient]:
        return [Listener(f"{self.websocket_url}/floor/") for _ in range(number)]

    def publish(self) -> int:
        number = next(self._numbers)
        self.control.floor_push(frame(number, FILLING))
        return number


class Stock(AsgiAlternative):
    """A group for each user, and a message to each: what the tutorial of Channels comes to."""

    kind = "stock pub/sub layer"
    layer = "pubsub"

    def make_clients(self, number: int, *, ack: bool) -> list[NotificationClient]:
        url = f"{self.websocket_url}/rival/{self.layer}/?ticket="
        return [Listener(url + make_ticket(user)) for user in self.users[:number]]

    def renew(self, client: NotificationClient) -> None:
        url, _, _ = client.url.partition("?")
        user = self.users[self.clients.index(client)]
        client.url = f"{url}?ticket={make_ticket(user)}"

    def publish(self) -> int:
        number = next(self._numbers)
        content = json.loads(frame(number, FILLING))
        self.send([(user.pk, content) for user in self.users[: len(self.clients)]])
        return number

    def send(self, messages: Sequence[tuple[Any, dict[str, Any]]]) -> None:
        """Each to the group of its user."""
        asyncio.run(rivals.send(self.layer, messages))


class StockCore(Stock):
    kind = "stock core layer"
    layer = "core"


class StockInMemory(Stock):
    """Its layer reaches its own process alone: there the server sends, at its own cost."""

    kind = "stock layer in memory"
    layer = "memory"

    def send(self, messages: Sequence[tuple[Any, dict[str, Any]]]) -> None:
        self.control.rival_send(self.layer, messages)


class Ours(AsgiAlternative):
    """Stored for each user, pushed, and taken off the queue by acks."""

    kind = "ours"
    acknowledges = True
    ack_seconds = 1.0
    """After which a client acknowledges, as the one in a browser does."""

    def make_clients(self, number: int, *, ack: bool) -> list[NotificationClient]:
        self._acknowledged = 0
        options: dict[str, Any] = {"ack": ack, "ack_delay_seconds": self.ack_seconds}
        return [
            NotificationClient(self.websocket_url, make_ticket(user), **options)
            for user in self.users[:number]
        ]

    def renew(self, client: NotificationClient) -> None:
        client.ticket = make_ticket(self.users[self.clients.index(client)])

    def publish(self) -> int:
        pks = [user.pk for user in self.users[: len(self.clients)]]
        return int(notify(pks, "Load", body=FILLING).pk)

    def settle(self) -> None:
        await_acks(self.timeout_seconds, [user.pk for user in self.users])

    def clear(self) -> None:
        begun, self._acknowledged = self._acknowledged, len(self.clients[0].arrived_ids)

        def acknowledge() -> None:
            for client in self.clients:
                client.send({"type": "ack", "ids": client.arrived_ids[begun:]})

        self._swarm.call(acknowledge)
        self.settle()


class OursAtOnce(Ours):
    """With clients that acknowledge each message by itself, as those of MQTT do."""

    kind = "ours, each ack at once,"
    ack_seconds = 0.0
