"""What a frame from a client costs the server's CPU: an ack, and one that is ignored."""

from collections.abc import Sequence
from dataclasses import dataclass

from notifications.wire import protocol

from ..kit.clients import Clients
from ..kit.contenders import Floor, Ours, Users

FRAMES_EACH = 2
IDS = 10


@dataclass(frozen=True, slots=True)
class FrameCost:
    """µs for one frame: of the event loop's thread, and of the whole process."""

    loop: float
    process: float


class AckFrames:
    """As many bare sockets as clients; each sends a few frames of the same length in a round."""

    def __init__(self, clients: Clients, users: Users) -> None:
        self.ours = Ours(clients, users)
        self._floor = Floor(clients, len(users))
        self._control = clients.server.control
        self._swarm = clients.swarm
        self._frames = FRAMES_EACH * len(users)

    def ignored(self) -> FrameCost:
        """A bare ASGI application receives."""
        newest = self.ours.sockets[0].arrived_ids[-FRAMES_EACH * IDS :]
        wanted = self._control.floor_receive() + self._frames
        begun = self._used()
        self._swarm.call(self._send_bare, newest)
        self._control.floor_receive(wanted)
        return self._since(begun)

    def acknowledged(self) -> FrameCost:
        """The engine takes acks of what is in flight, and stores them."""
        self.ours.push(FRAMES_EACH * IDS)
        begun = self._used()
        self._swarm.call(self._send_acks)
        self.ours.await_acks()
        return self._since(begun)

    def _send_bare(self, ids: Sequence[int]) -> None:
        for part in _parts(ids):
            text = protocol.encode({"type": "ack", "ids": part})
            for socket in self._floor.sockets:
                socket.send(text)

    def _send_acks(self) -> None:
        for number in range(FRAMES_EACH):
            for client in self.ours.sockets:
                part = _parts(client.arrived_ids[-FRAMES_EACH * IDS :])[number]
                client.send({"type": "ack", "ids": part})

    def _used(self) -> tuple[float, float]:
        return self._control.loop_cpu_seconds(), self._control.cpu_seconds()

    def _since(self, begun: tuple[float, float]) -> FrameCost:
        loop, process = (
            (now - before) / self._frames * 1e6
            for before, now in zip(begun, self._used(), strict=True)
        )
        return FrameCost(loop, process)


def _parts(ids: Sequence[int]) -> list[Sequence[int]]:
    """The ids of each frame."""
    return [ids[first : first + IDS] for first in range(0, len(ids), IDS)]
