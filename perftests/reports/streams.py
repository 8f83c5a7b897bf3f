"""Standard streams that may be closed, full, broken or know ASCII alone: printing never fails."""

import os
import sys
from contextlib import suppress
from typing import Any, TextIO


def open_missing() -> None:
    """Let the standard streams that whoever started us has closed lead nowhere.

    A file or connection that is opened later would get their numbers, and what is printed with it.
    """
    for descriptor in range(3):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest number that is free: this one
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, "w"))  # noqa: SIM115 - as long as the process


class Unfailing:
    """A text stream that goes silent instead of raising; `failure` says why.

    Characters that its encoding lacks are escaped.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self.failure: Exception | None = None

    @property
    def broken(self) -> bool:
        """Whether something could not be printed though somebody was there to read it."""
        return self.failure is not None and not isinstance(self.failure, BrokenPipeError)

    @property
    def complaint(self) -> str:
        """The failure in a sentence."""
        return (
            f"It could not be printed: {getattr(self.failure, 'strerror', None) or self.failure}."
        )

    def write(self, text: str) -> int:
        encoding = getattr(self._stream, "encoding", None) or "utf-8"
        self._attempt(text.encode(encoding, "backslashreplace").decode(encoding))
        return len(text)

    def flush(self) -> None:
        self._attempt("")

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def _attempt(self, text: str) -> None:
        if self.failure is not None:
            return
        try:
            self._stream.write(text)
            self._stream.flush()
        except (OSError, ValueError) as error:  # `ValueError` of a closed one
            self.failure = error
            self._lead_nowhere()

    def _lead_nowhere(self) -> None:
        """What is left in its buffer would fail the interpreter at its end."""
        if self._stream in (sys.__stdout__, sys.__stderr__):
            with suppress(OSError, ValueError), open(os.devnull, "wb") as nowhere:
                os.dup2(nowhere.fileno(), self._stream.fileno())
