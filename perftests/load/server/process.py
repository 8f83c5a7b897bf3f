"""A real server process on a free port: started, awaited, stopped, killed, started again."""

import errno
import json
import os
import signal
import subprocess
import tempfile
import time
from collections.abc import Mapping
from importlib.util import find_spec
from typing import IO, Any, Self

import psutil
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import connection, connections
from django.db.backends.base.base import BaseDatabaseWrapper

from perftests.conf import Server
from perftests.exceptions import PerftestsError, SocketsMissing
from perftests.processes import interpreter
from perftests.processes.system import (
    HOST,
    answers,
    end_with_parent,
    free_port,
    listens,
    raise_open_file_limit,
    unique,
)

SITE = "perftests.load.inside.asgi:application"
"""The site's own application, with what the suites need beside it."""

NO_SOCKETS = "This project serves no sockets: ASGI_APPLICATION is not set."

MAX_FRAME_BYTES = 65536

POLL_SECONDS = 0.02
STOP_SECONDS = 15.0
LAST_LINES = 15


class ServerFailed(PerftestsError):
    """A server process did not come up, or died."""


def command(server: Server, port: int, application: str, *, host: str = HOST) -> list[str]:
    """The arguments that start `server` as it should run in production, without the interpreter.

    The backlog holds a storm of reconnecting clients (Daphne's own default is 50), frames are
    limited, access logs are off, and uvicorn does not compress: that would cost 12 µs a message
    and some 40 kB a socket.
    """
    if server == "daphne":
        endpoint = f"tcp:port={port}:interface={host}:backlog=4096"
        limit = str(MAX_FRAME_BYTES)
        return [
            *("daphne", "-e", endpoint, "--verbosity", "0"),
            *("--websocket-max-frame-size", limit, "--websocket-max-message-size", limit),
            application,
        ]
    return [
        *("uvicorn", "--host", host, "--port", str(port), "--backlog", "4096"),
        *("--ws", websockets_class(), "--ws-per-message-deflate", "false"),
        *("--ws-max-size", str(MAX_FRAME_BYTES), "--loop", "uvloop"),
        *("--no-access-log", "--log-level", "warning", "--timeout-graceful-shutdown", "5"),
        application,
    ]


def websockets_class() -> str:
    """uvicorn's class of protocol: that of `notifications`, unless it is a version without one."""
    prepared = find_spec("notifications.uvicorn")
    return "notifications.uvicorn:PreparedFramesProtocol" if prepared else "websockets-sansio"


def server_environment() -> dict[str, str]:
    """Environment variables that make a server share the running tests' databases and key.

    Raises `ImproperlyConfigured` for a database in memory, which no other process can open.
    """
    others = [each for each in connections.all() if each.alias != connection.alias]
    layers: dict[str, dict[str, Any]] = getattr(settings, "CHANNEL_LAYERS", {})
    layer = layers.get("default", {}).get("CONFIG", {})
    return {
        "DJANGO_SETTINGS_MODULE": "perftests.load.inside.settings",
        "PERF_SETTINGS_MODULE": os.environ["DJANGO_SETTINGS_MODULE"],
        "PERF_DATABASE_NAME": name_of(connection),
        "PERF_OTHER_DATABASES": json.dumps({each.alias: name_of(each) for each in others}),
        "PERF_SECRET_KEY": settings.SECRET_KEY,
        "PERF_LAYER_PREFIX": layer.get("prefix", unique("perf")),
    }


def name_of(database: BaseDatabaseWrapper) -> str:
    """What another process finds a database by; raises `ImproperlyConfigured` as above."""
    name = str(database.settings_dict["NAME"])
    if database.vendor == "sqlite" and database.is_in_memory_db():  # type: ignore[attr-defined]  # SQLite's
        raise ImproperlyConfigured(
            f"The database {name!r} lives in memory, where a server process cannot see it: "
            f"set DATABASES['{database.alias}']['TEST']['NAME'] to a file."
        )
    return name


class ServerProcess:
    """A context manager around one server process.

    Start it in a thread that lives as long as the server has to: Linux ends the server when that
    thread ends, which is how no server outlives a killed test run.
    """

    def __init__(
        self,
        server: Server = "daphne",
        *,
        application: str = SITE,
        environment: Mapping[str, str] | None = None,
        timeout_seconds: float = 30,
    ) -> None:
        self.server = server
        self.application = application
        self.port: int | None = None
        self._environment = environment or {}
        self._timeout_seconds = timeout_seconds
        self._process: subprocess.Popen[bytes] | None = None
        self._output: IO[bytes] | None = None
        self._earlier_output = ""

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self.stop()

    @property
    def pid(self) -> int:
        """The process id; raises `ServerFailed` when the server is not running."""
        if self._process is None:
            raise ServerFailed(f"{self.server} is not running: call start() first.")
        return self._process.pid

    @property
    def http_url(self) -> str:
        return f"http://{HOST}:{self.port}"

    @property
    def websocket_url(self) -> str:
        return f"ws://{HOST}:{self.port}"

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def stderr(self) -> str:
        """All that the server has printed, over all its starts."""
        if self._output is None:
            return self._earlier_output
        self._output.seek(0)
        return self._earlier_output + self._output.read().decode(errors="replace")

    def start(self) -> None:
        """Start the server and wait until it answers; after a stop or kill on the same port.

        Raises `ServerFailed` with the server's last words when it does not come up, and
        `SocketsMissing` where the project has nothing that it could serve.
        """
        if self.application == SITE and not getattr(settings, "ASGI_APPLICATION", None):
            raise SocketsMissing(NO_SOCKETS)
        if self._process is not None:
            raise ServerFailed(f"{self.server} was started already: stop() or kill() it first.")
        raise_open_file_limit()
        while not self._try_start(self.port or free_port()):
            pass  # another process took the port in between

    def stop(self) -> None:
        """Ask the server to end, then make it; returns when it has ended."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """End the server at once, as a crash does."""
        self._end(signal.SIGKILL)

    def suspend(self) -> None:
        """Let the server answer nothing, while its connections stay open."""
        os.kill(self.pid, signal.SIGSTOP)

    def resume(self) -> None:
        os.kill(self.pid, signal.SIGCONT)

    def _try_start(self, port: int) -> bool:
        """Whether the server came up on `port`; false if the port is taken and another will do."""
        # Append mode: the process writes at the end wherever stderr() has read.
        self._output = tempfile.TemporaryFile("a+b")  # noqa: SIM115 - closed in _end()
        self._process = subprocess.Popen(
            interpreter.command(*command(self.server, port, self.application)),
            cwd=interpreter.project_folder(),
            env={**interpreter.environment(), **server_environment(), **self._environment},
            stdin=subprocess.DEVNULL,
            stdout=self._output,
            stderr=subprocess.STDOUT,
            # Ctrl-C in a terminal reaches the tests alone, which then stop the server in order.
            process_group=0,
            preexec_fn=end_with_parent,
        )
        try:
            self._await_answer(port)
        except ServerFailed:
            in_use = os.strerror(errno.EADDRINUSE).lower() in self._last_lines().lower()
            self.kill()
            if in_use and self.port is None:
                return False
            raise
        except BaseException:
            self.kill()
            raise
        self.port = port
        return True

    def _await_answer(self, port: int) -> None:
        process = psutil.Process(self.pid)
        deadline = time.monotonic() + self._timeout_seconds
        while not (listens(process, port) and answers(port, deadline)):
            if not self.running:
                raise ServerFailed(self._describe("ended before it was ready"))
            if time.monotonic() > deadline:
                limit = f"did not answer within {self._timeout_seconds:g} seconds"
                raise ServerFailed(self._describe(limit))
            time.sleep(POLL_SECONDS)

    def check_running(self) -> None:
        """Raise `ServerFailed` with the server's last words if it has died."""
        if not self.running:
            raise ServerFailed(self._describe("is not running"))

    def _describe(self, problem: str) -> str:
        words = self._last_lines() or "(nothing)"
        return f"{self.server} ({self.application}) {problem}. It said at last:\n{words}"

    def _last_lines(self) -> str:
        return "\n".join(self.stderr().splitlines()[-LAST_LINES:])

    def _end(self, how: signal.Signals) -> None:
        if self._process is None:
            return
        self._process.send_signal(how)
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process = None
        self._earlier_output = self.stderr()
        if self._output is not None:
            self._output.close()
            self._output = None
