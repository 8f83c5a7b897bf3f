"""Where the frames of a client begin and end, in bytes as they come (RFC 6455, section 5.2).

Pure; a server loads it before Django is set up.
"""

TEXT = 0x81
"""The first byte of a text message in one frame, without an extension that has changed it."""

_MASKED = 0x80
_MASK_BYTES = 4
_LENGTH_BYTES = {126: 2, 127: 8}
"""What the second byte says where the length follows in so many bytes."""

_FINAL = 0x80
_CONTROL = 0x08
"""Of the first byte: the last frame of its message; a frame that may stand within a message."""


class FrameBounds:
    """Follows what one client sends, from its first frame on, and keeps no payload.

    Refuses nothing: that is up to whoever reads the frames.
    """

    __slots__ = ("_head", "_left", "_unfinished")

    def __init__(self) -> None:
        self._head = b""
        self._left = 0
        self._unfinished = False

    def whole_text(self, data: bytes) -> int:
        """Where the payload begins, if `data` is one whole text message, masked; else 0.

        Then it need not be `passed`.
        """
        if data[0] != TEXT or self._left or self._head or self._unfinished or len(data) < 2:
            return 0
        length = data[1] - _MASKED
        if 0 <= length < 126:
            begin = 2 + _MASK_BYTES
        elif length == 126:
            begin = 4 + _MASK_BYTES
            length = int.from_bytes(data[2:4])
        else:
            return 0
        return begin if len(data) == begin + length else 0

    def passed(self, data: bytes) -> None:
        """These bytes have come, and are read by somebody else."""
        data, at = self._head + data, self._left
        while (size := _frame_bytes(data, at)) is not None:
            if not data[at] & _CONTROL:
                self._unfinished = not data[at] & _FINAL
            at += size
        self._head = data[at:]
        self._left = max(at - len(data), 0)


def _frame_bytes(data: bytes, at: int) -> int | None:
    """The size of the frame that begins there; nothing while its header is not whole."""
    if len(data) < at + 2:
        return None
    second = data[at + 1]
    length = second & ~_MASKED
    extended = _LENGTH_BYTES.get(length, 0)
    payload = at + 2 + extended
    if len(data) < payload:
        return None
    if extended:
        length = int.from_bytes(data[at + 2 : payload])
    return 2 + extended + (_MASK_BYTES if second & _MASKED else 0) + length
