"""How many sockets a user may have here; whoever comes is let in."""

import asyncio

from ..conf import get_settings
from ..wire.protocol import CloseCode
from .sockets import Socket, Sockets

PLAIN_SILENCE_SECONDS = 30
"""A client with `?ack=auto` need not say anything, and the server's own pings find it gone. So it
counts as silent no longer than a visible tab ever is, which pings every 25 seconds."""


def close_excess(sockets: Sockets, kept: Socket) -> None:
    """Close others of the user beyond the limit: those that were silent longest, or are gone."""
    others = [s for s in sockets.of(kept.pk) if s is not kept and not s.closed]
    excess = len(others) + 1 - get_settings().MAX_SOCKETS_PER_USER
    if excess <= 0:
        return
    now = asyncio.get_running_loop().time()
    for socket in sorted(others, key=lambda other: _silence(other, now))[-excess:]:
        sockets.remove(socket)  # a vanished client answers no close for a long time
        socket.close(CloseCode.TOO_MANY_SOCKETS)


def _silence(socket: Socket, now: float) -> tuple[float, float]:
    """Seconds as they count, and as they are."""
    silence = now - socket.last_heard
    return min(silence, PLAIN_SILENCE_SECONDS) if socket.auto_ack else silence, silence
