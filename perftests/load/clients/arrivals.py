"""What a client of a load test makes of the frames that it gets."""

import time
from collections.abc import Iterable
from datetime import datetime

import msgspec


class Item(msgspec.Struct):
    """A notification in a batch."""

    id: int


class Frame(msgspec.Struct):
    """Any frame of the protocol; a field that its type does not have keeps its default.

    What a client need not know is not decoded.
    """

    type: str
    id: int = 0
    epoch: str = ""
    items: list[Item] = []
    unread: int = 0
    upto: int = 0
    deleted: list[int] = []
    window: int = 0
    code: str = ""


class Dated(msgspec.Struct):
    """When the database says that a notification was made."""

    created_at: datetime


decode = msgspec.json.Decoder(Frame).decode
_decode_date = msgspec.json.Decoder(Dated).decode


def late_ns(frame: bytes | memoryview) -> int:
    """How long after its date a notification comes, on this machine's clock; never below 0."""
    made = _decode_date(frame).created_at.timestamp()
    return max(0, time.time_ns() - round(made * 1e9))


class Arrivals:
    """Which notifications came and when, each counted once.

    `arrived_ids[i]` first arrived at `arrived_ns[i]` (`perf_counter_ns`); `duplicates` arrived
    before, `out_of_order` arrived after a newer one. `unread` is the user's count: what the server
    has told last, which includes nothing above the id `upto`, and what has arrived above it.
    """

    def __init__(self) -> None:
        self.unread: int | None = None
        self.arrived_ids: list[int] = []
        self.arrived_ns: list[int] = []
        self.duplicates = 0
        self.out_of_order = 0
        self._seen: set[int] = set()
        self._newest = 0
        self._upto = 0
        self._epoch = ""

    def note_epoch(self, epoch: str) -> None:
        """In another one, ids stand for other notifications."""
        if self._epoch not in ("", epoch):
            self._seen.clear()
            self._newest = 0
        self._epoch = epoch

    def note_count(self, unread: int, upto: int, deleted: Iterable[int] = ()) -> None:
        """What the server has counted; what it says to be deleted counts no more."""
        self._seen.difference_update(deleted)
        ahead = sum(id_ > upto for id_ in self._seen) if self._newest > upto else 0
        self.unread, self._upto = unread + ahead, upto

    def note_arrivals(self, ids: list[int], arrived_ns: int) -> None:
        """Notifications that came in one frame."""
        for id_ in ids:
            if id_ in self._seen:
                self.duplicates += 1
                continue
            self._seen.add(id_)
            self.arrived_ids.append(id_)
            self.arrived_ns.append(arrived_ns)
            self.out_of_order += id_ < self._newest
            self._newest = max(self._newest, id_)
            if id_ > self._upto and self.unread is not None:
                self.unread += 1
