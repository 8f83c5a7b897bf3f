"""The frames of clients: acks give credit back, the rest is handed on."""

from notifications.wire import protocol
from notifications.wire.protocol import PONG

from ..sockets import Socket
from .acks import Acks
from .replay import Replay
from .requests import Requests


class Incoming:
    """Only hands over, never waits."""

    def __init__(self, acks: Acks, requests: Requests, replay: Replay) -> None:
        self._acks = acks
        self._requests = requests
        self._replay = replay

    def acknowledged(self, socket: Socket, ids: list[int]) -> bool:
        """An ack from the client; returns whether it was of something that was sent."""
        taken = socket.acknowledge(ids)
        if not taken:
            return False
        self._acks.add(socket.pk, taken, socket.trace)
        # Half a window: one by one would make each ack a query.
        if socket.behind and socket.credit >= socket.window // 2:
            self._replay.resume(socket)
        return True

    def received(self, socket: Socket, frame: protocol.ClientFrame) -> None:
        """Any other frame from the client.

        An ack of nothing that was sent here changes nothing. Raises `FrameRefused` when its user
        asks for too much.
        """
        match frame:
            case protocol.Ping():
                socket.write(PONG)
            case protocol.ReadAll(upto):
                self.acknowledged(socket, [n for n in socket.in_flight if n <= upto])
                self._requests.read_all(socket.pk, upto, socket.trace)
            case protocol.Seen() | protocol.Read() | protocol.Archive():
                # Each of them implies delivered.
                self.acknowledged(socket, frame.ids)
                self._requests.mark(frame.change, socket.pk, frame.ids, socket.trace)
