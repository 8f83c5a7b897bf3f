"""How many Python functions run: a cost that is the same on every machine."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any


class CallCounter:
    """`calls` of Python functions, resumed generators and coroutines among them."""

    def __init__(self) -> None:
        self.calls = 0

    def __call__(self, frame: FrameType, event: str, argument: Any) -> None:
        self.calls += event == "call"


@contextmanager
def count_calls() -> Iterator[CallCounter]:
    """Count what this thread calls while the block runs, which then takes several times as long."""
    before, counter = sys.getprofile(), CallCounter()
    sys.setprofile(counter)
    try:
        yield counter
    finally:
        sys.setprofile(before)
