"""What a process says of a layer that is down: one line when it begins, one when it is over."""

import logging
import threading
import time
from collections.abc import Hashable

logger = logging.getLogger(__name__)


class Outage:
    """Of one layer in one process, whichever parts of it fail. Safe across threads."""

    def __init__(self) -> None:
        self._failing: set[Hashable] = set()
        self._abandoned: set[Hashable] = set()
        self._since = 0.0
        self._lock = threading.Lock()

    def began(self, part: Hashable, reason: object) -> None:
        with self._lock:
            if part not in self._failing and not self._is_on():
                self._since = time.monotonic()
                logger.warning("Hints do not come through, the sweep delivers: %s", _words(reason))
            self._failing.add(part)
            self._abandoned.discard(part)

    def ended(self, part: Hashable) -> None:
        if part not in self._failing:
            return
        with self._lock:
            self._failing.discard(part)
            if not self._is_on():
                self._failing.clear()
                self._abandoned.clear()
                seconds = time.monotonic() - self._since
                logger.warning("Hints come through again, after %.1f seconds", seconds)

    def abandon(self, part: Hashable) -> None:
        """Nobody will see its end: it counts for the next who tries, but hides no other outage."""
        with self._lock:
            self._abandoned |= self._failing & {part}

    def _is_on(self) -> bool:
        return not self._failing <= self._abandoned

    def has(self, part: Hashable) -> bool:
        return part in self._failing


def _words(reason: object) -> str:
    """On one line, though a server may quote what it was sent."""
    words = "".join(c if c.isprintable() else " " for c in str(reason))
    if isinstance(reason, Exception):
        return f"{type(reason).__name__}: {words}" if words else type(reason).__name__
    return words
