"""Notifications to one user, to some and to all, at a steady pace, whatever breaks."""

import logging
import random
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

from django.contrib.auth import get_user_model
from django.db import connections

from notifications.send import notify

FEW = 20
EVERYBODY_IN = 10
"""One in so many goes to everybody, by an announcement."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """A call of `notify` that raised: when it began, by `time.monotonic`, and what it raised."""

    begun: float
    error: str


class Sender:
    """A context manager around a thread that sends `per_second` to users with these keys.

    `sent` are the ids that `notify` returned, so they are committed; `refusals` the calls that
    raised. A send that was held up is not made up for.
    """

    def __init__(self, pks: Sequence[Any], per_second: float) -> None:
        self.sent: list[int] = []
        self.refusals: list[Refusal] = []
        self._pks = pks
        self._pause_seconds = 1 / per_second
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._run, name="sender")

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._end.set()
        self._thread.join()

    def _run(self) -> None:
        try:
            while not self._end.wait(self._pause_seconds):
                self._send()
        finally:
            connections.close_all()

    def _send(self) -> None:
        chance = random.randrange(EVERYBODY_IN)
        recipients: Any = random.sample(self._pks, k=min(len(self._pks), FEW if chance < 5 else 1))
        if chance == 0:
            recipients = get_user_model()._base_manager.filter(pk__in=self._pks)
        begun = time.monotonic()
        try:
            self.sent.append(notify(recipients, "Storm").pk)
        except Exception as error:
            # Whatever is broken just now: the caller knows, and nothing was sent.
            self.refusals.append(Refusal(begun, type(error).__name__))


class Tracebacks(logging.Handler):
    """A context manager that keeps what this process logs with a traceback."""

    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        if record.exc_info:
            self.texts.append(self.format(record))

    def __enter__(self) -> Self:
        logging.getLogger().addHandler(self)
        return self

    def __exit__(self, *exception: object) -> None:
        logging.getLogger().removeHandler(self)
