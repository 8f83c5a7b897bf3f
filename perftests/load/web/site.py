"""This project behind a real server, for tests of its views and consumers."""

from collections.abc import Mapping, Sequence
from typing import Any, Self

from perftests.conf import Server, configuration

from ..schedule.shapes import constant, due_ns
from ..server.control import Control
from ..server.process import ServerProcess
from .answers import Answers
from .requests import Request, send
from .visitors import headers_of

APPLICATION = "perftests.load.inside.web:application"


class Site:
    """A context manager around a server on a free port, on the database of the running tests.

    It serves `ASGI_APPLICATION`, or all views where a project has none, by the server that `perf
    --server` names unless one is given. It needs neither Channels nor `notifications`.

        with Site() as site:
            answers = site.get("/books/", per_second=50, seconds=5)
        self.measure("median", answers.metrics.summary().median, "ms", required="< 100")
    """

    def __init__(self, server: Server | None = None, *, timeout_seconds: float = 30) -> None:
        self._process = ServerProcess(server or configuration.SERVER, application=APPLICATION)
        self._timeout_seconds = timeout_seconds

    def __enter__(self) -> Self:
        self._process.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._process.stop()

    @property
    def websocket_url(self) -> str:
        """Such as ws://127.0.0.1:8000, for the clients of `perftests.load.clients`."""
        return self._process.websocket_url

    @property
    def pid(self) -> int:
        """Of the server's process; raises `ServerFailed` where it does not run."""
        return self._process.pid

    def get(
        self,
        path: str,
        *,
        per_second: float,
        seconds: float,
        users: Sequence[Any] = (),
        status: int = 200,
    ) -> Answers:
        """GET at a fixed rate, by these users in turn; any other `status` is a failure.

        Raises `ValueError` for a path without its slash, or where nothing would be sent.
        """
        request = Request("GET", self._url(path), status)
        return self._send(request, per_second, seconds, users)

    def post(
        self,
        path: str,
        data: Mapping[str, str] | None = None,
        *,
        json: Any = None,
        per_second: float,
        seconds: float,
        users: Sequence[Any] = (),
        status: int = 200,
    ) -> Answers:
        """As `get`, with the fields of a form or with JSON. A form mostly leads on: status 302."""
        request = Request("POST", self._url(path), status, data, json)
        return self._send(request, per_second, seconds, users)

    def _url(self, path: str) -> str:
        if not path.startswith("/"):
            raise ValueError(f"{path!r} is no path of this site: begin it with a slash.")
        return self._process.http_url + path

    def _send(
        self, request: Request, per_second: float, seconds: float, users: Sequence[Any]
    ) -> Answers:
        offsets_ns = due_ns(constant(per_second, seconds=seconds), 0)
        if not offsets_ns:
            raise ValueError(f"{per_second:g} a second for {seconds:g} s are no requests at all.")
        visitors, control = headers_of(users), Control(self._process.http_url)
        before = control.queries().total()
        answers = send(request, visitors, offsets_ns, self._timeout_seconds)
        answers.statements = (control.queries().total() - before) / len(offsets_ns)
        return answers
