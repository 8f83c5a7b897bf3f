"""Hear at once that a file is written to: Linux's inotify. Elsewhere nothing is heard."""

import asyncio
import ctypes
import os
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

IN_MODIFY = 0x2
BUFFER_BYTES = 4096
"""Events of a file have no name, and take 16 bytes each."""


class FileEvents:
    """Calls `written` in the running event loop `after_seconds` after one of the files changed.

    What changes until then is told of together, and the last change once more after
    `late_seconds`: who writes may have been held up in the middle of it. It is a help and no
    promise: there may be no inotify (`works` says so), none left for this user, or a file system
    that knows nothing of its writers.
    """

    def __init__(
        self, written: Callable[[], object], after_seconds: float, late_seconds: float
    ) -> None:
        self._written = written
        self._after_seconds = after_seconds
        self._late_seconds = late_seconds
        self._loop = asyncio.get_running_loop()
        self._told_at = self._loop.time()
        self._descriptor: int | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._late: asyncio.TimerHandle | None = None
        with suppress(OSError, NotImplementedError):  # `works` tells
            self._descriptor = _open()
            self._listen()

    @property
    def works(self) -> bool:
        return self._descriptor is not None

    def quiet_seconds(self) -> float:
        """Since something was told of, or since the beginning."""
        return self._loop.time() - self._told_at

    def watch(self, paths: Sequence[str]) -> None:
        """Hear of those of `paths` that exist; those that are watched already stay so."""
        if self._descriptor is not None:
            for path in paths:
                _libc.inotify_add_watch(self._descriptor, os.fsencode(path), IN_MODIFY)

    def close(self) -> None:
        for timer in (self._timer, self._late):
            if timer is not None:
                timer.cancel()
        if self._descriptor is not None:
            with suppress(RuntimeError):  # its loop was closed before
                self._loop.remove_reader(self._descriptor)
            os.close(self._descriptor)
            self._descriptor = None

    def _listen(self) -> None:
        assert self._descriptor is not None  # noqa: S101 - only called with one
        try:
            self._loop.add_reader(self._descriptor, self._readable)
        except NotImplementedError:  # of a loop that hears of no descriptors
            self.close()

    def _readable(self) -> None:
        """Deaf until then: a writer of many pages would wake the loop for each of them."""
        assert self._descriptor is not None  # noqa: S101 - it is what is readable
        self._loop.remove_reader(self._descriptor)
        if self._late is not None:
            self._late.cancel()
        self._timer = self._loop.call_later(self._after_seconds, self._tell)

    def _tell(self) -> None:
        assert self._descriptor is not None  # noqa: S101 - else the timer is cancelled
        with suppress(BlockingIOError):
            while len(os.read(self._descriptor, BUFFER_BYTES)) == BUFFER_BYTES:
                pass
        self._listen()  # before it looks: what is written from here on is told of again
        self._told_at = self._loop.time()
        self._late = self._loop.call_later(self._late_seconds, self._written)
        self._written()


_libc: Any = ctypes.CDLL(None, use_errno=True) if os.name == "posix" else None


def _open() -> int:
    """Raises `OSError` where there is no inotify."""
    try:
        descriptor = int(_libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC))
    except AttributeError as error:
        raise OSError("This system has no inotify") from error
    if descriptor < 0:
        raise OSError(ctypes.get_errno(), "inotify_init1")
    return descriptor
