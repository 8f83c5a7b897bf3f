"""Alternatives that are no applications of Python: programs with a port and a folder."""

import time
from abc import abstractmethod
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException

from perftests.load.clients.swarm import Swarm
from perftests.load.services.service import PrivateService
from perftests.processes.system import HOST

from .alternative import FILLING, Alternative, frame

IDLE_SECONDS = 1.0
"""After which a server may close a connection that was kept for the next request: Node does
after 5."""


class ServiceAlternative(Alternative):
    """One that runs as a `PrivateService`."""

    def __init__(self, swarm: Swarm, timeout_seconds: float) -> None:
        super().__init__(swarm, timeout_seconds)
        self._service = self.make_service()

    @abstractmethod
    def make_service(self) -> PrivateService:
        """The service; raises `ServiceFailed` where its program is missing."""

    @property
    def pid(self) -> int:
        return self._service.pid

    @property
    def port(self) -> int:
        return self._service.port

    def start(self) -> None:
        self._service.start()

    def kill(self) -> None:
        self._service.kill()

    def __exit__(self, *exception: object) -> None:
        self._service.__exit__(*exception)


class HttpPublished(ServiceAlternative):
    """One that takes messages by POST."""

    path = "/publish"

    _connection: HTTPConnection | None = None
    _used = 0.0

    def publish(self) -> int:
        number = next(self._numbers)
        self.ask("POST", self.path, frame(number, FILLING))
        return number

    def ask(self, method: str, path: str, body: str | None = None) -> str:
        """The answer; raises `OSError` or `HTTPException`."""
        idle, self._used = time.monotonic() - self._used, time.monotonic()
        if self._connection is None or idle > IDLE_SECONDS:
            self._connection = HTTPConnection(HOST, self.port, timeout=self.timeout_seconds)
        try:
            self._connection.request(method, path, body)
            response = self._connection.getresponse()
            answer = response.read().decode()
        except (OSError, HTTPException):
            self._connection = None  # the next one connects anew
            raise
        if response.status >= HTTPStatus.BAD_REQUEST:
            raise HTTPException(f"{method} {path}: {response.status}")
        return answer
