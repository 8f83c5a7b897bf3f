"""What a server process needs of the operating system: a port, open files, an end."""

import contextlib
import ctypes
import random
import resource
import secrets
import signal
import socket
import sys
import time
from collections.abc import Callable
from http.client import HTTPConnection, HTTPException

import psutil

HOST = "127.0.0.1"

# Below the ports that the kernel gives to outgoing connections (32768 and up on Linux): a client
# that retries while the server is down would otherwise take the server's port sooner or later.
PORTS = range(20000, 32000)

_PR_SET_PDEATHSIG = 1


def unique(kind: str) -> str:
    """A name that nothing else has, here and on other machines that share a Redis."""
    return f"{kind}-{secrets.token_hex(8)}"


def raise_open_file_limit() -> None:
    """Let this process, and those it starts, open as many sockets as the system allows."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with contextlib.suppress(ValueError, OSError):  # macOS says "unlimited" and means 10,240
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def free_port() -> int:
    """A TCP port that nothing listens on."""
    while True:
        port = random.choice(PORTS)
        with socket.socket() as probe, contextlib.suppress(OSError):  # taken
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((HOST, port))
            return port


def listens(process: psutil.Process, port: int) -> bool:
    """Whether it is this process that listens: on a port taken in between, another one answers."""
    with contextlib.suppress(psutil.Error):  # it has ended, or is another user's
        return any(
            c.status == psutil.CONN_LISTEN and c.laddr.port == port
            for c in process.net_connections(kind="tcp")
        )
    return False


def accepts(port: int) -> bool:
    """Whether something on `port` takes connections."""
    with contextlib.suppress(OSError):
        socket.create_connection((HOST, port), 1).close()
        return True
    return False


def answers(port: int, deadline: float) -> bool:
    """Whether an HTTP request gets any answer: the application is loaded and its loop runs."""
    client = HTTPConnection(HOST, port, timeout=max(0.1, deadline - time.monotonic()))
    try:
        client.request("HEAD", "/")
        client.getresponse().read()
    except (OSError, HTTPException):
        return False
    finally:
        client.close()
    return True


def _parent_death_signal(number: signal.Signals) -> Callable[[], None]:
    """A function for the child, between fork and exec: the end of its parent sends it a signal.

    The library is loaded here, in the parent: after a fork only the bare call is safe.
    """
    if not sys.platform.startswith("linux"):
        return lambda: None
    prctl = ctypes.CDLL(None, use_errno=True).prctl
    return lambda: prctl(_PR_SET_PDEATHSIG, number)


end_with_parent = _parent_death_signal(signal.SIGKILL)

interrupt_with_parent = _parent_death_signal(signal.SIGINT)
"""For one that has to clean up when its parent was killed."""

wake_without_parent = _parent_death_signal(signal.SIGCONT)
"""For one that cleans up when its parent is gone: stopped, it would never notice."""
