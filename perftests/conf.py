"""Settings of the suite: the dictionary `PERFTESTS`, each entry overridden by `PERF_<NAME>`.

An option of the command line wins over the environment, the environment over the settings, the
settings over the default. Values are read when used, so `override_settings` works.
"""

import math
import os
import re
from collections.abc import Iterable, Mapping
from typing import Generic, Literal, TypeVar, cast, get_args
from urllib.parse import urlsplit

from django.conf import settings

from .exceptions import InvalidSetting

Scale = Literal["smoke", "standard", "extended"]
Server = Literal["daphne", "uvicorn"]

SCALES: tuple[Scale, ...] = get_args(Scale)
SERVERS: tuple[Server, ...] = get_args(Server)

T = TypeVar("T")


class Setting(Generic[T]):
    """One entry of `PERFTESTS`; subclasses say what values are good."""

    allowed: str

    def __init__(self, default: T) -> None:
        self.default = default

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name
        self.variable = f"PERF_{name}"

    def __get__(self, instance: object, owner: type) -> T:
        if os.environ.get(self.variable):
            return self._checked(os.environ[self.variable], self.variable)
        configured = getattr(settings, "PERFTESTS", {})
        require_known(configured)
        if self.name in configured:
            return self._checked(configured[self.name], f'PERFTESTS["{self.name}"]')
        return self.default

    def _checked(self, value: object, source: str) -> T:
        try:
            return self.parse(value)
        except (AttributeError, TypeError, ValueError):
            shown = self.shown(value)
            raise InvalidSetting(f"{source} is {shown}; it must be {self.allowed}.") from None

    def parse(self, value: object) -> T:
        """`value` as the suite uses it; raises `ValueError` or `TypeError` for a bad one."""
        raise NotImplementedError

    def shown(self, value: object) -> str:
        """A bad value, for the message that refuses it."""
        return repr(value)


class Choice(Setting[T]):
    """One word of a few."""

    def __init__(self, choices: tuple[object, ...], *, default: T) -> None:
        super().__init__(default)
        self.choices = choices
        self.allowed = f"one of {', '.join(map(str, choices))}"

    def parse(self, value: object) -> T:
        if value not in self.choices:
            raise ValueError
        return cast(T, value)


class Seconds(Setting[float]):
    """A length of time."""

    allowed = "a number of seconds greater than 0"

    def parse(self, value: object) -> float:
        seconds = float(cast(str, value))
        if not (seconds > 0 and math.isfinite(seconds)):
            raise ValueError
        return seconds


class RedisUrl(Setting[str]):
    """Where a Redis is."""

    allowed = "a URL of Redis such as redis://127.0.0.1:6379/0"

    def parse(self, value: object) -> str:
        url = str(value)
        if urlsplit(url).scheme not in ("redis", "rediss", "unix"):
            raise ValueError
        return url


class Switch(Setting[bool | None]):
    """On or off; `None` as long as nobody says."""

    allowed = "true or false"
    words: Mapping[str, bool] = {"true": True, "1": True, "false": False, "0": False}

    def parse(self, value: object) -> bool:
        if (word := str(value).lower()) not in self.words:
            raise ValueError
        return self.words[word]


class WebAddress(Setting[str]):
    """A page of the web, without the slash at its end; empty means that there is none."""

    allowed = "empty, or a URL such as https://github.com/you/project"

    def parse(self, value: object) -> str:
        url = cast(str, value).strip().rstrip("/")
        if url and not (urlsplit(url).scheme in ("http", "https") and urlsplit(url).hostname):
            raise ValueError
        return url


class Token(Setting[str]):
    """A secret, which no message shows; empty means that there is none."""

    allowed = "empty, or 16 characters or more of A-Z a-z 0-9 . _ ~ + / -, then = if any"
    pattern = re.compile(r"([A-Za-z0-9._~+/-]{16,}=*)?")  # what RFC 6750 lets a header have

    def parse(self, value: object) -> str:
        token = cast(str, value)
        if not self.pattern.fullmatch(token):
            raise ValueError
        return token

    def shown(self, value: object) -> str:
        return f"{len(value)} characters" if isinstance(value, str) else f"a {type(value).__name__}"


class OwnWorkloads(Setting[dict[str, dict[str, object]]]):
    """Numbers of rows, by row and name; each has a variable of its own, read by `workloads`."""

    allowed = "a dict of rows, each with a dict of numbers such as {'N7': {'sockets': 500}}"

    def __set_name__(self, owner: type, name: str) -> None:
        self.name, self.variable = name, "PERF_<ROW>_<NAME>"

    def parse(self, value: object) -> dict[str, dict[str, object]]:
        rows = dict(cast(dict[str, dict[str, object]], value))
        if not all(isinstance(part, dict) for part in (value, *rows.values())):
            raise TypeError
        return rows


class Configuration:
    """The settings by name. Reading a bad value raises `InvalidSetting`."""

    SCALE: Setting[Scale | None] = Choice(SCALES, default=None)
    """How big the workloads are. Unset: `perf` measures at standard, `manage.py test` at smoke."""

    SERVER: Setting[Server] = Choice(SERVERS, default="daphne")
    """The server that the suites put under load."""

    TIMEOUT_SECONDS = Seconds(60)
    """The longest that a test waits for any one thing, such as a socket or a delivery."""

    RUN_TIMEOUT_SECONDS = Seconds(3600)
    """The longest that a whole run of `perf` may take; then it is stopped and stored as aborted."""

    CLEANUP_TIMEOUT_SECONDS = Seconds(30)
    """How long an interrupted run may take to clean up before its processes are killed, and how
    long a finished one tries to be stored in a database that fails."""

    REDIS_URL = RedisUrl("redis://127.0.0.1:6379/0")
    """The Redis of the engine suite, which compares layers that need one, where the channel layer
    of the settings has none."""

    METRICS_TOKEN = Token("")
    """Who sends it may read the latest run at `perf/metrics`; without one nobody may."""

    REPOSITORY_URL = WebAddress("")
    """Where the code can be read; the list of runs links each commit to `/commit/` there."""

    START_FROM_ADMIN = Switch(None)
    """Whether runs can be started in the admin, on the machine of the site. Unset: where `DEBUG` is
    on."""

    WORKLOADS = OwnWorkloads({})
    """Numbers of rows that are not those of the scale; see `perftests.workloads`."""


configuration = Configuration()


def may_start() -> bool:
    """Whether the site lets runs be started in the admin."""
    chosen = configuration.START_FROM_ADMIN
    return settings.DEBUG if chosen is None else chosen


def require_known(names: Iterable[str]) -> None:
    """Raise `InvalidSetting` for a name that is no setting, such as a misspelled one."""
    known = known_names()
    for name in names:
        if name not in known:
            raise InvalidSetting(
                f"PERFTESTS has no setting {name!r}; there are {', '.join(known)}."
            )


def require_valid() -> None:
    """Raise `InvalidSetting` if any setting has a bad value, before it is needed."""
    for name in known_names():
        getattr(configuration, name)


def known_names() -> list[str]:
    return [name for name, value in vars(Configuration).items() if isinstance(value, Setting)]
