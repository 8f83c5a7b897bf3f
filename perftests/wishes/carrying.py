"""Wishes are carried out one after the other, each in a process of its own.

What is started is interrupted when this process ends, however it does, and cleans up then.
"""

import os
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from types import FrameType
from typing import Any, TypeVar

from django.db import Error, connections

from ..conf import configuration
from ..models import PerfWish
from ..processes.stopping import handled_by
from ..processes.system import interrupt_with_parent
from . import process, queue

TURN_SECONDS = 1.0
"""Between two looks at the queue, and two signs of life."""

T = TypeVar("T")


def carry_out() -> None:
    """Carry out what is queued until nothing is, or a signal asks to end."""
    while queue.waiting().exists():
        if (wish := queue.claim()) is None:
            time.sleep(TURN_SECONDS)
        elif Carried(wish).through():
            break


class Carried:
    """A wish that goes on in a process of its own."""

    def __init__(self, wish: PerfWish) -> None:
        self.wish = wish
        self._deadline = float("inf")
        self._interrupted = self._asked = False
        self._process: subprocess.Popen[Any] | None = None
        self._signal = 0

    def through(self) -> bool:
        """Start it, and wait for its end; a cancelled wish interrupts it, and so does a signal,
        whether there was one."""
        with tempfile.TemporaryFile() as self._output, handled_by(self._interrupt):
            started = process.start(
                str(self.wish.pk), output=self._output, preexec_fn=interrupt_with_parent
            )
            self._process = started
            self._ask_to_end()  # for what came before it was there
            while not self._has_ended(started):
                self._look_at_the_wish(started)
            tried(lambda: queue.end(self.wish, self._said()))
        return self._signal > 0

    def _has_ended(self, started: subprocess.Popen[Any]) -> bool:
        with suppress(subprocess.TimeoutExpired):
            started.wait(TURN_SECONDS)
            return True
        return False

    def _look_at_the_wish(self, started: subprocess.Popen[Any]) -> None:
        if tried(lambda: queue.give_a_sign_of_life(self.wish, self._said())):
            self._interrupt()
        if time.monotonic() > self._deadline:
            started.kill()

    def _interrupt(self, number: int = 0, frame: FrameType | None = None) -> None:
        self._signal = self._signal or number
        self._interrupted = True
        self._ask_to_end()

    def _ask_to_end(self) -> None:
        """Ask it, once it is there, and once: a second time it would not clean up. It has longer
        than it gives to what it has started itself."""
        if self._interrupted and self._process is not None and not self._asked:
            self._asked = True
            self._deadline = time.monotonic() + 3 * configuration.CLEANUP_TIMEOUT_SECONDS
            self._process.send_signal(signal.SIGINT)

    def _said(self) -> str:
        size = os.fstat(self._output.fileno()).st_size
        most = queue.LONGEST_SAID
        return os.pread(self._output.fileno(), most, max(0, size - most)).decode(errors="replace")


def tried(use: Callable[[], T]) -> T | None:
    """What `use` returns; `None` where the database fails, which is asked again a second later."""
    try:
        return use()
    except Error:
        connections.close_all()
        return None
