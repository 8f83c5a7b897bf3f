"""Counts the instructions that a thread runs outside of the kernel, where the kernel lets us.

The processor counts them, for `perf_event_open(2)` of Linux. Virtual machines often have no such
counter, and containers may not ask for it.
"""

import ctypes
import errno
import os
import platform
import struct
from collections.abc import Callable
from dataclasses import dataclass
from typing import Self

SYSCALLS = {"x86_64": 298, "aarch64": 241}
"""The number of `perf_event_open` by the machine."""

_ATTRIBUTES = struct.Struct("=IIQQQQQIIQ")
"""The first version of `perf_event_attr`, which every kernel takes."""

_TIMES_TOO = 0b11
"""Read how long it was to count, and how long it did, beside the number."""

_NO_KERNEL = 0b1100000
"""Neither the kernel nor a hypervisor, which a user without rights may not count."""

_CLOSE_ON_EXEC = 8

_REASONS = {
    errno.ENOENT: "this processor, or its virtual machine, has no such counter",
    errno.EACCES: "/proc/sys/kernel/perf_event_paranoid forbids it",
    errno.EPERM: "/proc/sys/kernel/perf_event_paranoid or a container forbids it",
    errno.ENOSYS: "this kernel does not count",
}


class Uncountable(Exception):
    """The kernel does not count this, or not all of it; the message says why."""


@dataclass(frozen=True, slots=True)
class Event:
    """Something that the kernel counts, by its numbers in `linux/perf_event.h`."""

    kind: int
    config: int


INSTRUCTIONS = Event(0, 1)
PAGE_FAULTS = Event(1, 2)
"""Counted by the kernel itself, so it needs nothing of the processor."""


class EventCounter:
    """Counts an event in the thread that made it; raises `Uncountable` where that is refused."""

    def __init__(self, event: Event = INSTRUCTIONS) -> None:
        self._file = _open(event)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        os.close(self._file)

    def count(self, work: Callable[[], object]) -> int:
        """How many there are while `work` runs, those of reading the counter among them."""
        before = self._read()
        work()
        return self._read() - before

    def _read(self) -> int:
        number, due, counted = struct.unpack("=QQQ", os.read(self._file, 24))
        if counted < due:
            raise Uncountable("the processor counts something else as well, so only now and then")
        return int(number)


def refusal() -> str:
    """Why this machine counts no instructions; empty where it does."""
    try:
        with EventCounter():
            return ""
    except Uncountable as error:
        return str(error)


def _open(event: Event) -> int:
    number = SYSCALLS.get(platform.machine())
    if platform.system() != "Linux" or number is None:
        raise Uncountable(f"unknown how to on {platform.system()} on {platform.machine()}")
    attributes = _ATTRIBUTES.pack(
        event.kind, _ATTRIBUTES.size, event.config, 0, 0, _TIMES_TOO, _NO_KERNEL, 0, 0, 0
    )
    this_thread, any_processor, no_group = 0, -1, -1
    system = ctypes.CDLL(None, use_errno=True)
    file = system.syscall(number, attributes, this_thread, any_processor, no_group, _CLOSE_ON_EXEC)
    if file < 0:
        code = ctypes.get_errno()
        raise Uncountable(_REASONS.get(code, os.strerror(code)))
    return int(file)
