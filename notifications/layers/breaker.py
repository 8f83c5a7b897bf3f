"""A layer that is down must not slow down each caller."""

import threading
import time

from ..conf import get_settings
from .outage import Outage


class LayerUnavailable(ConnectionError):
    """The layer does not take hints; whoever looks after the process has been told."""


class CircuitBreaker:
    """After a failure, refuses for `BREAKER_SECONDS`, and then lets one caller try. Thread-safe."""

    def __init__(self, outage: Outage, part: str) -> None:
        self._outage = outage
        self._part = part
        self._failed = False
        self._next_try = 0.0
        self._lock = threading.Lock()

    def attempt(self) -> "_Attempt":
        """Around a publish; raises `LayerUnavailable`, for whatever the publish raises as well."""
        return _Attempt(self)

    def _enter(self, now: float) -> None:
        if self._failed:
            self._take_turn(now)

    def _leave(self, begun: float, error: BaseException | None) -> None:
        if isinstance(error, Exception):
            self._next_try = _next_try(begun)
            self._failed = True
            self._outage.began(self._part, error)
            raise LayerUnavailable("the layer did not take the hints") from error
        if error is None and self._failed:
            self.reset()

    def reset(self) -> None:
        """The layer is known to work."""
        self._failed = False
        self._outage.ended(self._part)

    def _take_turn(self, now: float) -> None:
        with self._lock:
            if now < self._next_try:
                raise LayerUnavailable("the layer failed a moment ago and is not asked yet")
            # The others do not wait together with the one who tries.
            self._next_try = now + get_settings().BREAKER_SECONDS


class _Attempt:
    """A third of the price of a generator, in each publish."""

    __slots__ = ("_begun", "_breaker")

    def __init__(self, breaker: CircuitBreaker) -> None:
        self._breaker = breaker

    def __enter__(self) -> None:
        self._begun = time.monotonic()
        self._breaker._enter(self._begun)

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        self._breaker._leave(self._begun, error)


def _next_try(begun: float) -> float:
    """The time that an attempt has waited counts, up to half: the layer may have been well since
    a moment after its beginning."""
    now, pause = time.monotonic(), get_settings().BREAKER_SECONDS
    return now + pause - min(now - begun, pause / 2)
