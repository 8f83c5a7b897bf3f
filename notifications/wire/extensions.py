"""Extensions of ASGI that a server may offer. Where it does not, `receive` and `send` do as well.

Pure; a server loads it before Django is set up.
"""

from collections.abc import Callable
from typing import Any, NamedTuple, cast

PREPARED = "notifications.prepared"
"""Of a text that many sockets get, a frame is made once."""

LISTEN = "notifications.listen"
"""What clients send is handed over at once."""

Hear = Callable[[str | None], None]
"""Is told the text of each message; a binary one has none."""


class FrameWriter(NamedTuple):
    """What `PREPARED` offers for one connection.

    `prepare` makes a frame of a text, good for every connection of the server that offers the
    extension. `write` takes such a frame at once and in order with what `send` was given before,
    or returns `False` where `send` would wait or raise: then the text goes by `send`.
    """

    prepare: Callable[[str], bytes]
    write: Callable[[bytes], bool]


def writer_in(scope: dict[str, Any]) -> FrameWriter | None:
    """That of a connection; none on a server that does not know the extension."""
    offered = _offered(scope).get(PREPARED)
    return None if offered is None else FrameWriter(offered["prepare"], offered["write"])


def listen_in(scope: dict[str, Any]) -> Callable[[Hear], None] | None:
    """What `LISTEN` offers for one connection: a function that takes who hears.

    It is called while no `receive` is under way. From then on `receive` returns nothing but the
    disconnect; messages that came before are handed over first. None on a server that does not
    know the extension.
    """
    offered = _offered(scope).get(LISTEN)
    return None if offered is None else offered["listen"]


def _offered(scope: dict[str, Any]) -> dict[str, Any]:
    return cast(dict[str, Any], scope.get("extensions") or {})


class SharedText:
    """A text for one socket or many, and its frame once a server has made it."""

    __slots__ = ("_frame", "text")

    def __init__(self, text: str) -> None:
        self.text = text
        self._frame: bytes | None = None

    def write_to(self, writer: FrameWriter) -> bool:
        """Whether the server took its frame."""
        if self._frame is None:
            self._frame = writer.prepare(self.text)
        return writer.write(self._frame)
