"""A small site of a test's own: two servers, and services that nobody else uses."""

import json
import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, fields
from typing import Any, Self
from urllib.parse import urlsplit

from django.core.management import call_command
from django.db import connection
from django.test import override_settings

from perftests.conf import Server
from perftests.load.clients.swarm import Swarm
from perftests.load.network.link import Link
from perftests.load.server.control import Control
from perftests.load.server.process import ServerProcess
from perftests.load.services.disk import SmallDisk, can_mount
from perftests.load.services.postgres import PrivatePostgres
from perftests.load.services.redis import PrivateRedis
from perftests.measure.process_tree import ProcessTree
from perftests.processes.system import HOST
from perftests.processes.waiting import settle

SERVERS = 2
POLL_SECONDS = 0.05
DISK_MEGABYTES = 2000
"""Room for all that a storm writes; only root can have a disk that is really full."""


@dataclass(frozen=True, slots=True)
class Holdings:
    """What the servers hold, together; `connections` are those to PostgreSQL."""

    processes: int
    threads: int
    files: int
    connections: int

    def exceeds(self, other: "Holdings") -> bool:
        """Whether more is held of anything."""
        return any(getattr(self, f.name) > getattr(other, f.name) for f in fields(self))


class Site:
    """A context manager around everything that can break.

    With PostgreSQL, which the servers reach over `link`, and Redis, where the project runs on
    PostgreSQL; else on a file of SQLite, without a broker. This process uses the same database
    and layer. `disk` holds the rows, where this user may have one.
    """

    def __init__(self, server: Server, loop: Swarm) -> None:
        self.redis: PrivateRedis | None = None
        self.postgres: PrivatePostgres | None = None
        self.link: Link | None = None
        self.disk: SmallDisk | None = None
        self.servers: list[ServerProcess] = []
        self._server = server
        self._loop = loop
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            if can_mount():
                self.disk = stack.enter_context(SmallDisk(DISK_MEGABYTES))
            environment = self._open_services(stack)
            for _ in range(SERVERS):
                process = ServerProcess(self._server, environment=environment)
                self.servers.append(stack.enter_context(process))
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *exception: Any) -> None:
        self._stack.close()

    @property
    def urls(self) -> list[str]:
        """Where clients reach each server."""
        return [server.websocket_url for server in self.servers]

    def call(self, function: Callable[[], Any]) -> None:
        """Call a method of `link`, on its event loop."""
        self._loop.call(function)

    def logs(self) -> list[str]:
        """All that each server has printed."""
        return [server.stderr() for server in self.servers]

    def await_empty(self, timeout_seconds: float) -> None:
        """Wait until no server has a client; raises `TimeoutError`.

        PostgreSQL hears now of what the servers have closed at the far end of a dead connection.
        """
        for server in self.servers:
            Control(server.http_url).await_empty(timeout_seconds)
        if self.link is not None:
            self.call(self.link.bury)

    def holdings(self) -> Holdings:
        """What is held now."""
        trees = [ProcessTree(server.pid) for server in self.servers]
        return Holdings(
            processes=sum(tree.processes() for tree in trees),
            threads=sum(tree.threads() for tree in trees),
            files=sum(tree.file_descriptors() for tree in trees),
            connections=self.link.connections if self.link else 0,
        )

    def holdings_in_the_end(self, before: Holdings, timeout_seconds: float) -> Holdings:
        """What is held as soon as it is no more than `before`, or when time is up.

        Threads and backends take a moment to end after the last client has left.
        """
        return settle(
            self.holdings,
            timeout_seconds,
            settled=lambda now: not now.exceeds(before),
            poll_seconds=POLL_SECONDS,
        )

    def _open_services(self, stack: ExitStack) -> dict[str, str]:
        """What the servers have to be told of them."""
        if connection.vendor == "sqlite":
            name = str(connection.settings_dict["NAME"])
            if self.disk is not None:
                name = str(self.disk.folder / "site.sqlite3")
            stack.enter_context(other_database(NAME=name))
            return {}
        self.redis = stack.enter_context(PrivateRedis())
        layers = {
            "default": {
                "BACKEND": "notifications.layers.RedisChannelLayer",
                "CONFIG": {"hosts": [self.redis.url], "prefix": f"perf-{os.getpid()}"},
            }
        }
        stack.enter_context(override_settings(CHANNEL_LAYERS=layers))
        folder = self.disk.folder if self.disk else None
        self.postgres = stack.enter_context(PrivatePostgres(folder))
        self.link = self._loop.run(Link(self.postgres.port).open())
        stack.callback(lambda link: self._loop.run(link.close()), self.link)
        address = urlsplit(self.postgres.url)
        place = {"NAME": address.path[1:], "USER": address.username, "PASSWORD": "", "HOST": HOST}
        stack.enter_context(other_database(**place, PORT=self.postgres.port))
        over_link = json.dumps({**place, "PORT": self.link.port})
        return {"PERF_CHANNEL_LAYERS": json.dumps(layers), "PERF_DATABASE": over_link}


@contextmanager
def other_database(**address: Any) -> Iterator[None]:
    """Let this process work on another, empty database while the block runs."""
    settings = connection.settings_dict  # of all threads
    before = dict(settings)
    disconnect()
    settings.update(address)
    try:
        call_command("migrate", verbosity=0, interactive=False)
        yield
    finally:
        disconnect()
        settings.clear()
        settings.update(before)


def disconnect() -> None:
    """Drop this thread's connection, and the pool that it came from: the next is a new one."""
    connection.close()
    if connection.vendor == "postgresql":
        connection.close_pool()  # type: ignore[attr-defined]  # PostgreSQL's alone
