"""Fast tests start no process and open no port: with `--exclude-tag slow`, others fail."""

import multiprocessing.util
import sys
from typing import Any, NoReturn

from django.test import SimpleTestCase

SLOW = "slow"

STARTS_A_PROCESS = "starts a process"

FORBIDDEN = {
    "os.exec": STARTS_A_PROCESS,
    "os.fork": STARTS_A_PROCESS,
    "os.forkpty": STARTS_A_PROCESS,
    "os.posix_spawn": STARTS_A_PROCESS,
    "subprocess.Popen": STARTS_A_PROCESS,
    "socket.bind": "opens a port",
}
"""Audit events of Python: nothing in between can hide them."""


class NotFast(AssertionError):
    """A test without the tag `slow` does what takes long, or what not every machine lets it."""

    def __init__(self, what: str) -> None:
        super().__init__(f"A fast test {what}; tag it `slow`.")


def forbid_processes() -> None:
    """From the first test on, in this process and in those that are forked from it to run tests."""
    begin = SimpleTestCase.setUpClass.__func__  # type: ignore[attr-defined]  # a class method
    testing = False

    def refuse(event: str, arguments: tuple[Any, ...]) -> None:
        if testing and event in FORBIDDEN:
            raise NotFast(FORBIDDEN[event])

    def refuse_spawn(*arguments: Any) -> NoReturn:
        raise NotFast(STARTS_A_PROCESS)

    def begin_class(cls: type[SimpleTestCase]) -> None:
        nonlocal testing
        testing = True
        multiprocessing.util.spawnv_passfds = refuse_spawn  # type: ignore[assignment]  # no event
        begin(cls)

    SimpleTestCase.setUpClass = classmethod(begin_class)  # type: ignore[assignment, method-assign]
    sys.addaudithook(refuse)
