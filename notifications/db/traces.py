"""By which door, and from what kind of device, each step of a delivery came: four bits for each.

A trace is the door and the device of one step; `Delivery.traces` has those of all steps side by
side. Zero is what nothing is known of.
"""

from enum import IntEnum


class Door(IntEnum):
    """What told of a step."""

    UNKNOWN = 0
    WEBSOCKET = 1
    HTTP = 2
    """The feed and the inbox."""
    CODE = 3
    """The site's own, which no device has asked."""


class Device(IntEnum):
    """A kind, and no more: neither a model nor an address."""

    UNKNOWN = 0
    HANDHELD = 1
    COMPUTER = 2
    PROGRAM = 3


BITS = 4
"""Of one trace; those of the three steps fit into a SMALLINT."""

TRACE_BITS = (1 << BITS) - 1

SHIFTS = {"delivered_at": 0, "seen_at": BITS, "read_at": 2 * BITS}
"""Where the trace of each step begins, by its column."""


def pack(door: Door, device: Device = Device.UNKNOWN) -> int:
    """The trace of one step."""
    return door << 2 | device


def unpack(traces: object, column: str) -> tuple[Door, Device]:
    """Those of one step, out of what a row has; what SQL from elsewhere wrote there is unknown."""
    trace = traces >> SHIFTS[column] & TRACE_BITS if isinstance(traces, int) else 0
    return Door(trace >> 2), Device(trace & 0b11)


def in_words(traces: object) -> dict[str, list[str]]:
    """What is known, by the column of each step: the door, and the kind of device if that is."""
    known = {}
    for column in SHIFTS:
        parts = [part.name.lower() for part in unpack(traces, column) if part]
        if parts:
            known[column] = parts
    return known
