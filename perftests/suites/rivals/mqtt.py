"""Packets of MQTT 3.1.1, as many of them as a subscriber and a publisher need.

https://docs.oasis-open.org/mqtt/mqtt/v3.1.1/mqtt-v3.1.1.html
"""

from collections.abc import Iterator
from typing import NamedTuple

CONNECT, CONNACK, PUBLISH, PUBACK = 0x10, 0x20, 0x30, 0x40
SUBSCRIBE, SUBACK, PINGREQ, PINGRESP = 0x82, 0x90, 0xC0, 0xD0

CLEAN_SESSION = 0x02
LEVEL_3_1_1 = 4
MOST_LENGTH_BYTES = 4


class Packet(NamedTuple):
    """`kind` is one of the constants, for a PUBLISH with its quality of service."""

    kind: int
    body: bytes

    @property
    def number(self) -> int:
        """Of a PUBLISH that has to be acknowledged."""
        topic = 2 + int.from_bytes(self.body[:2], "big")
        return int.from_bytes(self.body[topic : topic + 2], "big")

    @property
    def wants_ack(self) -> bool:
        return bool(self.kind & 0x06)

    @property
    def payload(self) -> bytes:
        """Of a PUBLISH."""
        begin = 2 + int.from_bytes(self.body[:2], "big")
        return self.body[begin + 2 * self.wants_ack :]


def packet(kind: int, body: bytes = b"") -> bytes:
    """The bytes of one."""
    length, rest = bytearray(), len(body)
    while True:
        rest, digit = rest >> 7, rest & 0x7F
        length.append(digit | (0x80 if rest else 0))
        if not rest:
            return bytes([kind]) + bytes(length) + body


def connect(client: str, *, clean: bool) -> bytes:
    """Without keep-alive. Who is not `clean` has a session, in which the broker keeps messages."""
    flags = CLEAN_SESSION if clean else 0
    return packet(CONNECT, _text("MQTT") + bytes([LEVEL_3_1_1, flags, 0, 0]) + _text(client))


def subscribe(topic: str, quality: int) -> bytes:
    return packet(SUBSCRIBE, (1).to_bytes(2, "big") + _text(topic) + bytes([quality]))


def publish(topic: str, payload: bytes, number: int) -> bytes:
    """With quality of service 1: at least once."""
    return packet(PUBLISH | 0x02, _text(topic) + number.to_bytes(2, "big") + payload)


def puback(number: int) -> bytes:
    return packet(PUBACK, number.to_bytes(2, "big"))


class Reader:
    """Cuts a stream of bytes into packets."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, data: bytes) -> Iterator[Packet]:
        """The packets that are whole now."""
        stream, begin = self._rest + data, 0
        while (found := _body_of_packet(stream, begin)) is not None:
            head, end = found
            yield Packet(stream[begin], stream[head:end])
            begin = end
        self._rest = stream[begin:]


def _body_of_packet(stream: bytes, begin: int) -> tuple[int, int] | None:
    """Where the body of the packet that begins here does, and where it ends; `None` if it is not
    whole.
    """
    length = 0
    for place in range(MOST_LENGTH_BYTES):
        position = begin + 1 + place
        if position >= len(stream):
            return None
        length |= (stream[position] & 0x7F) << (7 * place)
        if stream[position] < 0x80:
            head = position + 1
            return (head, head + length) if head + length <= len(stream) else None
    raise ValueError("The length of a packet has more than four bytes.")


def _text(text: str) -> bytes:
    data = text.encode()
    return len(data).to_bytes(2, "big") + data
