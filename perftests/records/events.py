"""What a run tells while it goes on: one JSON object per line, from the worker to its manager.

`started`, then for each suite `suite`, for each of its tests `test`, any number of `progress`
and `figure` and one `result`, and at last `finished`. A stream without `finished` is that of a run
that died.
"""

from collections.abc import Callable

import msgspec

from . import codec
from .results import Result
from .storable import LONGEST_REPR, plain

EVENT_PREFIX = b'{"event"'


class Started(msgspec.Struct, frozen=True, tag="started", tag_field="event"):
    """The test database stands; `tests` performance tests follow."""

    tests: int


class SuiteStarted(msgspec.Struct, frozen=True, tag="suite", tag_field="event"):
    """The first of the `tests` tests of a suite is next."""

    suite: str
    tests: int


class TestStarted(msgspec.Struct, frozen=True, tag="test", tag_field="event"):
    """A test begins; the fields are those of its `Result`."""

    test: str
    suite: str
    row: str
    title: str


class Progress(msgspec.Struct, frozen=True, tag="progress", tag_field="event"):
    """What the current test is doing; `done` of `total` steps, where it knows their number."""

    text: str
    done: float | None = None
    total: float | None = None


class Figure(msgspec.Struct, frozen=True, tag="figure", tag_field="event"):
    """What is measured at this moment, to be drawn: at most one a second of each name and unit."""

    name: str
    value: float
    unit: str


class TestEnded(msgspec.Struct, frozen=True, tag="result", tag_field="event"):
    """A test has ended, with all that it found."""

    result: Result


class Finished(msgspec.Struct, frozen=True, tag="finished", tag_field="event"):
    """Everything is cleaned up; `interrupted` when not all tests were run to their end."""

    interrupted: bool


class Unreadable(msgspec.Struct, frozen=True, tag="unreadable", tag_field="event"):
    """Never sent: what a line is heard as that was meant as an event and cannot be read."""

    line: str


Event = Started | SuiteStarted | TestStarted | Progress | Figure | TestEnded | Finished | Unreadable
Listener = Callable[[Event], None]

_decoder: msgspec.json.Decoder[Event] = codec.decoder(Event)


def ignore(event: Event) -> None:
    """The listener that nobody is behind."""


def encode(event: Event) -> bytes:
    """One line, with its line feed."""
    return codec.encode(event) + b"\n"


def decode(line: bytes) -> Event | None:
    """The event of a line; `None` for a line that is none, such as a stray print."""
    try:
        return _decoder.decode(line)
    except msgspec.DecodeError:
        meant = line.startswith(EVENT_PREFIX)
        return Unreadable(plain(line.decode(errors="replace"), LONGEST_REPR)) if meant else None
