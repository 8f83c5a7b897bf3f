"""What is new goes to a socket at once, or is held back until it has credit."""

from collections.abc import Iterable, Sequence

from notifications.wire.extensions import SharedText

from ..sockets import Socket
from .acks import Acks
from .replay import Replay


class Push:
    """The live way; what it holds back follows by the replay."""

    def __init__(self, acks: Acks, replay: Replay) -> None:
        self._acks = acks
        self._replay = replay

    def one(self, sockets: Iterable[Socket], notification_id: int, text: str) -> None:
        """Push a frame to each of these sockets."""
        shared = SharedText(text)
        for socket in sockets:
            if socket.offer(notification_id, shared):
                if socket.auto_ack:  # as `Acks.sent` has it, without the call for each socket
                    self._acks.add(socket.pk, (notification_id,), socket.trace)
            elif socket.held:
                self._replay.resume(socket)

    def several(self, sockets: Iterable[Socket], frames: Sequence[tuple[int, str]]) -> None:
        """Push to each of these sockets several notifications, in one frame."""
        for socket in sockets:
            self._acks.sent(socket, socket.offer_all(frames))
            self._replay.resume(socket)
