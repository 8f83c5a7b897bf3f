"""When the bytes of a TCP connection arrive at the other end of a link. Pure: no clock, no I/O."""

import math
import random
from collections.abc import Iterator
from dataclasses import dataclass

SEGMENT_BYTES = 1448
"""What a TCP segment carries in an Ethernet frame of 1,500 bytes."""

MINIMUM_TIMEOUT_SECONDS = 0.2
"""What Linux adds to the round trip before it sends a lost segment again."""


@dataclass(frozen=True, slots=True)
class LinkProfile:
    """What a link does to every connection.

    `jitter_ms` is the most that a segment is late in one direction, evenly spread from 0; the
    rates are in kbit/s, from the server down to the client and up from it; `loss_percent` is the
    share of segments that have to be sent again.
    """

    name: str
    round_trip_ms: float = 0.0
    jitter_ms: float = 0.0
    down_kbit: float = math.inf
    up_kbit: float = math.inf
    loss_percent: float = 0.0

    @property
    def round_trip_seconds(self) -> float:
        return self.round_trip_ms / 1000

    def typical_down_seconds(self, size: int) -> float:
        """The way of `size` bytes down an idle link, with half the jitter and nothing lost."""
        delay_ms = self.round_trip_ms / 2 + self.jitter_ms / 2
        return delay_ms / 1000 + _sending_seconds(size, self.down_kbit)


UNSHAPED = LinkProfile("unshaped")

MOBILE_3G = LinkProfile("3G", round_trip_ms=300, jitter_ms=50, down_kbit=1_600, up_kbit=768)
LOSSY_WIFI = LinkProfile(
    "lossy Wi-Fi", round_trip_ms=20, jitter_ms=15, down_kbit=20_000, up_kbit=20_000, loss_percent=2
)
TRANSATLANTIC = LinkProfile(
    "transatlantic",
    round_trip_ms=90,
    jitter_ms=2,
    down_kbit=50_000,
    up_kbit=50_000,
    loss_percent=0.1,
)

PROFILES = (MOBILE_3G, LOSSY_WIFI, TRANSATLANTIC)


class Lane:
    """One direction of one connection. Times are in seconds, on whatever clock the caller has.

    Nothing overtakes: a segment that is late or lost delays all that follow it, as TCP hands
    bytes over in their order.
    """

    def __init__(self, profile: LinkProfile, kbit: float, chance: random.Random) -> None:
        self._profile = profile
        self._kbit = kbit
        self._chance = chance
        self._free_at = -math.inf
        self._last_arrival = -math.inf

    def send(self, size: int, now: float) -> list[tuple[float, int]]:
        """The segments of `size` bytes that are sent `now`: when each arrives, and its size."""
        return [(self._arrival(part, now), part) for part in _segments(size)]

    def end(self, now: float) -> float:
        """When the other side learns that nothing follows."""
        return self._arrival(0, now)

    def _arrival(self, size: int, now: float) -> float:
        self._free_at = max(self._free_at, now) + _sending_seconds(size, self._kbit)
        late = self._chance.uniform(0, self._profile.jitter_ms / 1000) + self._lost_seconds()
        arrival = self._free_at + self._profile.round_trip_seconds / 2 + late
        self._last_arrival = max(self._last_arrival, arrival)
        return self._last_arrival

    def _lost_seconds(self) -> float:
        """The time-outs of a segment that is lost, twice as long each time it is lost again."""
        waited, timeout = 0.0, self._profile.round_trip_seconds + MINIMUM_TIMEOUT_SECONDS
        while self._chance.random() < self._profile.loss_percent / 100:
            waited += timeout
            timeout *= 2
        return waited


def _sending_seconds(size: int, kbit: float) -> float:
    return size * 8 / (1000 * kbit)


def _segments(size: int) -> Iterator[int]:
    for start in range(0, size, SEGMENT_BYTES):
        yield min(SEGMENT_BYTES, size - start)
