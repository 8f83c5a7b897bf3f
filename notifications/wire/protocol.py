"""Wire protocol, version 1: JSON text frames over one WebSocket.

Pure: no Django, no I/O. The frames and close codes are described in docs/reference/protocol.md.
"""

from collections.abc import Iterable, Mapping
from typing import Annotated, Any, ClassVar, Literal, get_args

import msgspec

from ..states import Change

VERSION = 1

# A notification's id is a 64-bit integer; one frame may name as many as a client can hold.
MAX_IDS_PER_FRAME = 1000

MAX_BYTES = 65_536
"""No frame of the server is longer: what clients take that set a limit, and what Daphne's option
`--websocket-max-message-size` sets for both directions."""

MAX_DETAIL = 500
"""Characters of what an error says; it may quote the frame."""

Id = Annotated[int, msgspec.Meta(gt=0, le=2**63 - 1)]
Ids = Annotated[list[Id], msgspec.Meta(min_length=1, max_length=MAX_IDS_PER_FRAME)]


class CloseCode:
    """Why the server closes a socket. Daphne lets an application use 1000 and 3000–4999."""

    BAD_FRAMES = 4400  # several frames were refused: a bug in the client
    UNAUTHENTICATED = 4401  # no valid session or ticket: sign in first
    SIGNED_OUT = 4403  # the session ended while connected
    UNRESPONSIVE = 4408  # no ack or no heartbeat in time
    SESSION_RENEWED = 4419  # the session may go on under another key: show the cookie of now
    TOO_MANY_SOCKETS = 4429  # made room for another socket of this user
    RESTART = 4503  # the server restarts: reconnect


RECONNECT_CODES = frozenset(
    {1000, 1001, 1006, 1011, 1012}
    | {CloseCode.UNRESPONSIVE, CloseCode.SESSION_RENEWED, CloseCode.RESTART}
)
"""After any other code a client stays away until a person acts."""


class Ack(msgspec.Struct, tag_field="type", tag="ack"):
    """These notifications have reached the client."""

    ids: Ids


class Seen(msgspec.Struct, tag_field="type", tag="seen"):
    """These were on the user's screen."""

    change: ClassVar[Change] = "seen"
    ids: Ids


class Read(msgspec.Struct, tag_field="type", tag="read"):
    """The user has read these."""

    change: ClassVar[Change] = "read"
    ids: Ids


class Archive(msgspec.Struct, tag_field="type", tag="archive"):
    """The user has put these away."""

    change: ClassVar[Change] = "archived"
    ids: Ids


class ReadAll(msgspec.Struct, tag_field="type", tag="read_all"):
    """The user has read everything delivered up to this id."""

    upto: Id


class Ping(msgspec.Struct, tag_field="type", tag="ping"):
    """The client is alive and wants a pong."""


ClientFrame = Ack | Seen | Read | Archive | ReadAll | Ping

ErrorCode = Literal["malformed", "unknown", "oversized", "too_frequent", "binary"]


class FrameRefused(Exception):
    """A frame from a client that the protocol does not allow."""

    def __init__(self, code: ErrorCode, detail: str) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail


class _Typed(msgspec.Struct):
    """Just enough of a frame to tell an unknown type from a malformed one."""

    type: str


_decoder: msgspec.json.Decoder[ClientFrame] = msgspec.json.Decoder(ClientFrame)
_type_decoder = msgspec.json.Decoder(_Typed)


def _plain_text(value: Any) -> str:
    """Text of a type of its own, such as Django's `SafeString`, goes as the text that it is."""
    if not isinstance(value, str):
        raise TypeError(f"{type(value).__name__} is not JSON")
    return str.__str__(value)


_encoder = msgspec.json.Encoder(enc_hook=_plain_text)
_NOTHING: Mapping[str, list[int]] = {}
_KNOWN_TYPES = tuple(kind.__struct_config__.tag for kind in get_args(ClientFrame))
# A frame nested too deep is no MsgspecError.
_UNREADABLE = (msgspec.MsgspecError, UnicodeEncodeError, RecursionError)


def decode(text: str | None, max_bytes: int) -> ClientFrame:
    """The frame in `text`; raises `FrameRefused` with words for the client's developer.

    A binary message has no text.
    """
    if text is None:
        raise FrameRefused("binary", "frames are JSON in text messages, not binary ones")
    if len(text) > max_bytes or not (text.isascii() or _size(text) <= max_bytes):
        raise FrameRefused("oversized", f"a frame may have at most {max_bytes} bytes")
    try:
        return _decoder.decode(text)
    except _UNREADABLE as error:
        raise _refusal(text, error) from None


def _size(text: str) -> int:
    """The bytes that came over the wire; half a surrogate pair is refused later."""
    return len(text.encode(errors="surrogatepass"))


def _refusal(text: str, error: Exception) -> FrameRefused:
    try:
        kind = _type_decoder.decode(text).type
    except _UNREADABLE:
        return FrameRefused("malformed", "a frame is a JSON object with a text field 'type'")
    if kind not in _KNOWN_TYPES:
        return FrameRefused("unknown", f"the types are {', '.join(_KNOWN_TYPES)}")
    return FrameRefused("malformed", str(error))


def encode(frame: dict[str, Any]) -> str:
    """One frame as text."""
    return _encoder.encode(frame).decode()


def notification(content: dict[str, Any]) -> str:
    """The frame of one notification: the same text for every recipient."""
    return encode({"type": "notification", **content})


def fits(text: str) -> bool:
    """Whether it may be sent as a frame, alone or as an item of a batch."""
    return 4 * len(text) <= MAX_BYTES or len(text.encode()) <= MAX_BYTES


def batch(texts: Iterable[str]) -> str:
    """Several notification frames as one, without encoding them again."""
    return '{"type":"batch","items":[' + ",".join(texts) + "]}"


def hello(
    *,
    unread: int,
    queued: int,
    dropped: int,
    window: int,
    retry: tuple[float, float],
    upto: int = 0,
    epoch: str = "",
) -> str:
    """The first frame.

    In another `epoch`, ids stand for other notifications. `unread` includes nothing above the id
    `upto`. `dropped` is how many were put into the archive just now, because the queue was too long
    or too old; `retry` is the range of seconds to wait before connecting again.
    """
    return encode(
        {
            "type": "hello",
            "protocol": VERSION,
            "epoch": epoch,
            "unread": unread,
            "upto": upto,
            "queued": queued,
            "dropped": dropped,
            "window": window,
            "retry": retry,
        }
    )


def state(unread: int, upto: int, changes: Mapping[str, list[int]] = _NOTHING) -> str:
    """The user's unread count and the ids that were just `seen`, `read` or `archived`.

    `unread` includes nothing above the id `upto`.
    """
    return encode({"type": "state", "unread": unread, "upto": upto, **changes})


def edited(text: str) -> str:
    """The frame of one notification in its new words: its own frame, without encoding it again."""
    return '{"type":"edited","item":' + text + "}"


def error(refused: FrameRefused) -> str:
    return encode({"type": "error", "code": refused.code, "detail": refused.detail[:MAX_DETAIL]})


RESYNC = encode({"type": "resync"})
"""Too much was missed to send one by one: load the list again."""

PONG = encode({"type": "pong"})
