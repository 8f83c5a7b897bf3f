"""Storms of connects: what each way to come in costs the server's CPU."""

from collections.abc import Callable, Sequence
from typing import Any

from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser
from django.db import transaction
from django.test import Client

from notifications.tickets import make_ticket
from perftests.load.clients.client import NotificationClient
from perftests.load.clients.swarm import Swarm

from ..kit.server import ServerUnderLoad


class Entrances:
    """All users connect at the same moment, and leave when everybody is greeted.

    Each method returns µs of the server's CPU for one connect; leaving costs nothing here.
    """

    def __init__(self, server: ServerUnderLoad, users: Sequence[AbstractBaseUser]) -> None:
        self.failed = 0
        self._server = server
        self._users = users
        with transaction.atomic():
            self._cookies = [session_cookie(user) for user in users]

    def bare(self) -> float:
        """A bare ASGI application accepts."""
        count = len(self._users)
        return self._cost(lambda swarm: swarm.connect_floor(count, concurrency=count))

    def by_ticket(self) -> float:
        """The engine greets whoever shows a ticket, with an empty queue."""
        url = self._server.websocket_url
        clients = [NotificationClient(url, make_ticket(user)) for user in self._users]
        return self._storm(clients)

    def by_session(self) -> float:
        """The engine greets browsers that are signed in."""
        origin = self._server.process.http_url  # nobody gets in without one, save by ticket
        headers = [{"Cookie": cookie, "Origin": origin} for cookie in self._cookies]
        url = self._server.websocket_url
        return self._storm([NotificationClient(url, headers=header) for header in headers])

    def _storm(self, clients: Sequence[NotificationClient]) -> float:
        return self._cost(lambda swarm: swarm.connect_clients(clients, concurrency=len(clients)))

    def _cost(self, connect: Callable[[Swarm], Sequence[Any]]) -> float:
        control = self._server.control
        with Swarm(self._server.websocket_url) as swarm:
            used = control.cpu_seconds()
            connected = len(connect(swarm))
            cost = (control.cpu_seconds() - used) / connected * 1e6
        self.failed += len(self._users) - connected
        self._server.await_empty()
        return cost


def session_cookie(user: AbstractBaseUser) -> str:
    """The header of a browser in which `user` is signed in."""
    browser = Client()
    browser.force_login(user)  # type: ignore[arg-type]  # any user model will do
    name = settings.SESSION_COOKIE_NAME
    return f"{name}={browser.cookies[name].value}"
