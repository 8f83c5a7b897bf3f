"""What goes over the wire for each notification that arrives."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Self

from notifications.wire import protocol
from perftests.load.clients.client import NotificationClient

from ..contexts import Recorder

FRAME_BYTES = 200
"""A notification of a title alone, with an id of seven digits."""


@dataclass(frozen=True, slots=True)
class Wire:
    """Frames and bytes that clients have got so far, and the notifications in them.

    Without what answers their heartbeat: it grows with the seconds, not with what is sent.
    """

    frames: int
    bytes: int
    notifications: int

    @classmethod
    def read(cls, clients: Collection[NotificationClient]) -> Self:
        """What these have got until now."""
        pongs = sum(client.types["pong"] for client in clients)
        return cls(
            sum(client.frames for client in clients) - pongs,
            sum(client.bytes for client in clients) - pongs * len(protocol.PONG),
            sum(len(client.arrived_ids) + client.duplicates for client in clients),
        )


def measure_wire(recorder: Recorder, clients: Collection[NotificationClient], before: Wire) -> None:
    """Record frames and bytes for each notification that arrived since `before`."""
    now = Wire.read(clients)
    arrived = max(1, now.notifications - before.notifications)
    frames, size = (now.frames - before.frames) / arrived, (now.bytes - before.bytes) / arrived
    recorder.measure("frames for a notification", frames, "frames", required="<= 1")
    recorder.measure("bytes for a notification", size, "B", required=f"<= {FRAME_BYTES}")
