"""`ws` and Socket.IO on Node.js, each as its documentation has it."""

import time
from pathlib import Path

from perftests.load.clients.client import Listener, NotificationClient
from perftests.load.services.programs import find_program
from perftests.load.services.service import PrivateService
from perftests.processes.system import HOST
from perftests.processes.waiting import POLL_SECONDS

from .npm import packages
from .service import HttpPublished
from .socketio import SocketIoClient

PROGRAMS = Path(__file__).parent / "programs"


class NodeService(PrivateService):
    """One of our programs, with the packages of npm."""

    def __init__(self, program: str) -> None:
        self._command = [find_program("node"), str(PROGRAMS / program)]
        self._packages = packages()
        super().__init__()

    def command(self) -> list[str]:
        return [*self._command, str(self.port), str(self._packages)]


class Ws(HttpPublished):
    """A loop over all sockets that sends to each."""

    name = "ws"

    def make_service(self) -> PrivateService:
        return NodeService("ws.mjs")

    def make_clients(self, number: int, *, ack: bool) -> list[NotificationClient]:
        return [Listener(f"ws://{HOST}:{self.port}/") for _ in range(number)]


class SocketIo(HttpPublished):
    """`io.emit`, with a callback for those who acknowledge."""

    name = "Socket.IO"
    acknowledges = True

    def make_service(self) -> PrivateService:
        return NodeService("socketio.mjs")

    def make_clients(self, number: int, *, ack: bool) -> list[NotificationClient]:
        self.path = "/acknowledged" if ack else "/publish"
        url = f"ws://{HOST}:{self.port}/socket.io/?EIO=4&transport=websocket"
        return [SocketIoClient(url) for _ in range(number)]

    def settle(self) -> None:
        deadline = time.monotonic() + self.timeout_seconds
        while int(self.ask("GET", "/waiting")):
            if time.monotonic() > deadline:
                raise TimeoutError("Socket.IO still waits for acks.")
            time.sleep(POLL_SECONDS)
