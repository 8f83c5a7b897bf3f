"""The end of a server process: who waits is told, and what is open is closed in order.

For processes that serve; `routing` calls `end_in_order` when a server loads the application.
"""

import asyncio
import contextlib
import signal
import sys
from collections.abc import Callable, Coroutine, Iterator
from functools import cache, wraps
from threading import current_thread, main_thread
from typing import Any

GRACE_SECONDS = 4.0
"""The longest that Daphne waits for sockets, which it has cancelled, and for requests."""

FAREWELL_SECONDS = 1.0
"""The longest that it then waits for the clients to close. Most answer a close frame at once; what
Twisted has not written by its end is lost."""

POLL_SECONDS = 0.01

_ending = asyncio.Event()
_waiting: set[Callable[[], object]] = set()


def is_ending() -> bool:
    """Whether this process ends, so that who connects is better sent to another one at once."""
    return _ending.is_set()


@contextlib.contextmanager
def told_of_the_end(tell: Callable[[], object]) -> Iterator[None]:
    """`tell` is called if this process begins to end while the context lasts."""
    _waiting.add(tell)
    try:
        yield
    finally:
        _waiting.discard(tell)


def _begin_to_end() -> None:
    _ending.set()
    for tell in list(_waiting):
        tell()


def end_in_order() -> None:
    """Mend what the two servers do when they are told to end (SIGTERM), where they serve.

    A process that only loads the application, as tests and commands do, ends as ever.
    """
    daphne, uvicorn = map(sys.modules.get, ("daphne.server", "uvicorn.server"))
    if daphne is not None:
        _spare_finished_applications(daphne.Server)
    if uvicorn is not None:
        _exit_without_a_signal(uvicorn.Server)
        _answer_who_waits(uvicorn.Server)
        _end_a_worker_without_a_signal()


@cache
def _spare_finished_applications(server_class: Any) -> None:
    """Let Daphne cancel all sockets, and wait for them and for requests.

    Daphne 4.2.3 stops with a KeyError at the first connection whose application has ended or not
    begun, and nobody behind it gets a close frame. It also waits no longer than for the first
    application that lets itself be cancelled; what then still runs, with an open SQLite, can
    crash the interpreter's end on Python 3.11. A request that is cancelled goes on in Django,
    which then waits in a thread for the loop that has ended: the process would never end.
    """
    from daphne.http_protocol import WebRequest

    stock = server_class.kill_all_applications

    @wraps(stock)
    def kill_all_applications(server: Any) -> Any:
        _begin_to_end()
        connections = server.connections
        served = {c: its for c, its in connections.items() if "application_instance" in its}
        applications = [its["application_instance"] for its in served.values()]
        server.connections = {c: served[c] for c in served if not isinstance(c, WebRequest)}
        try:
            stock(server)
        finally:
            server.connections = connections
        return _deferred(_ended(applications, connections))

    server_class.kill_all_applications = kill_all_applications


async def _ended(applications: "list[asyncio.Future[Any]]", connections: dict[Any, Any]) -> None:
    """Wait until these are done, and what they have said at last is on its way."""
    if applications:
        _, late = await asyncio.wait(applications, timeout=GRACE_SECONDS)
        for application in late:
            application.cancel()
    with contextlib.suppress(TimeoutError):  # who takes longer is left
        async with asyncio.timeout(FAREWELL_SECONDS):
            # Daphne has no event for it.
            while any("disconnected" not in its for its in connections.values()):  # noqa: ASYNC110
                await asyncio.sleep(POLL_SECONDS)


@cache
def _answer_who_waits(server_class: Any) -> None:
    """Let uvicorn tell them first, as it waits for whatever request is not answered."""
    stock = server_class.shutdown

    @wraps(stock)
    async def shutdown(server: Any, *args: Any, **options: Any) -> None:
        _begin_to_end()
        try:
            await stock(server, *args, **options)
        finally:
            _ending.clear()  # of this server, which need not be the only one of a process

    server_class.shutdown = shutdown


def _deferred(waiting: Coroutine[Any, Any, None]) -> Any:
    """Twisted's word for a coroutine of asyncio."""
    from twisted.internet.defer import Deferred

    return Deferred.fromFuture(asyncio.ensure_future(waiting))


@cache
def _exit_without_a_signal(server_class: Any) -> None:
    """Let uvicorn end with status 0 after SIGTERM.

    It shuts down in order and then raises the signal again for whoever handled it before, which
    by default kills the process: to who watches it, that looks like a crash.
    """
    stock = server_class.capture_signals

    @wraps(stock)
    @contextlib.contextmanager
    def capture_signals(server: Any) -> Iterator[None]:
        with _exiting_on_sigterm(), stock(server):
            yield

    server_class.capture_signals = capture_signals


@contextlib.contextmanager
def _exiting_on_sigterm() -> Iterator[None]:
    """Where nobody handles it; only a main thread hears of signals."""
    if not _is_main_thread() or signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL:
        yield
        return
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)


def _end_a_worker_without_a_signal() -> None:
    """The same for one of several workers of uvicorn, which load us while they handle signals."""
    server = getattr(signal.getsignal(signal.SIGTERM), "__self__", None)
    if _is_main_thread() and hasattr(server, "should_exit"):
        signal.signal(signal.SIGTERM, lambda *_: setattr(server, "should_exit", True))


def _is_main_thread() -> bool:
    return current_thread() is main_thread()
