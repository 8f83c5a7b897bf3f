"""What projects do without us: the consumer of the Channels tutorial, on each stock layer.

A group for each user, joined on connect; `group_send` to the group of each recipient; one handler
that sends what comes. `perftests.load.inside.asgi` mounts it under `/rival/<layer>/`.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from channels.db import database_sync_to_async
from channels.generic.websocket import AsyncJsonWebsocketConsumer
from channels.layers import get_channel_layer
from django.contrib.auth import get_user_model

from notifications.access.authentication import ticket_in
from notifications.access.tickets import read_ticket

from .floor import Receive, Scope, Send

BACKENDS = {
    "memory": "channels.layers.InMemoryChannelLayer",
    "core": "channels_redis.core.RedisChannelLayer",
    "pubsub": "channels_redis.pubsub.RedisPubSubChannelLayer",
}
"""The stock layers by the name that they have here."""

PATIENCE = {"socket_timeout": None, "max_connections": 10_000}


def rival_layers(hosts: Sequence[Any], prefix: str) -> dict[str, dict[str, Any]]:
    """Entries of `CHANNEL_LAYERS` for the rivals; without `hosts` only the one in memory.

    Hosts are what channels-redis accepts. redis-py's own limits would fail the core layer: a
    time-out of 5 seconds for consumers that wait, and 100 connections for those that connect.
    """
    layers: dict[str, dict[str, Any]] = {alias("memory"): {"BACKEND": BACKENDS["memory"]}}
    if hosts:
        from channels_redis.utils import decode_hosts  # which a server without Redis need not have

        patient = [{**PATIENCE, **host} for host in decode_hosts(list(hosts))]
        for layer in ("core", "pubsub"):
            config = {"hosts": patient, "prefix": f"{prefix}-{layer}"}
            layers[alias(layer)] = {"BACKEND": BACKENDS[layer], "CONFIG": config}
    return layers


def alias(layer: str) -> str:
    """The name of a rival's layer in `CHANNEL_LAYERS`."""
    return f"rival-{layer}"


connected: set["RivalConsumer"] = set()
"""Those in their group; one that leaves is here until it has left that."""


def group(pk: Any) -> str:
    return f"user_{pk}"


class RivalConsumer(AsyncJsonWebsocketConsumer):  # type: ignore[misc]  # untyped base
    """One socket of one user. Subclasses choose the layer."""

    async def connect(self) -> None:
        self.group = group(self.scope["user"].pk)
        await self.channel_layer.group_add(self.group, self.channel_name)
        connected.add(self)
        await self.accept()

    async def disconnect(self, code: int) -> None:
        await self.channel_layer.group_discard(self.group, self.channel_name)
        connected.discard(self)

    async def notification(self, event: dict[str, Any]) -> None:
        await self.send_json(event["content"])


class TicketMiddleware:
    """Puts the user of the ticket into the scope."""

    def __init__(self, application: Any) -> None:
        self._application = application

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        pk = read_ticket(ticket_in(scope))
        user = await database_sync_to_async(get_user_model()._default_manager.get)(pk=pk)
        await self._application({**scope, "user": user}, receive, send)


def _on(layer: str) -> TicketMiddleware:
    consumer = type("RivalConsumer", (RivalConsumer,), {"channel_layer_alias": alias(layer)})
    return TicketMiddleware(consumer.as_asgi())  # type: ignore[attr-defined]  # of a class made here


applications: Mapping[str, TicketMiddleware] = {f"/rival/{name}/": _on(name) for name in BACKENDS}
"""By the path that each is mounted under."""


async def send(layer: str, messages: Iterable[tuple[Any, Mapping[str, Any]]]) -> None:
    """Send each content to the group of its user, one after the other, as fast as that goes."""
    channel_layer = get_channel_layer(alias(layer))
    for pk, content in messages:
        await channel_layer.group_send(group(pk), {"type": "notification", "content": content})
