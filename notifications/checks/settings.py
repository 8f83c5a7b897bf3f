"""The dict `NOTIFICATIONS`."""

import math
import re
from collections.abc import Callable
from dataclasses import fields
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, register

from ..conf import Settings, get_settings, names
from ..wire.protocol import MAX_BYTES

MIN_ACK_TIMEOUT_SECONDS = 75

_ORIGIN = re.compile(
    r"[a-z][a-z0-9+.-]*://(\*\.)?([a-z0-9_.-]+|\[[0-9a-f:.]+\])(:\d{1,5})?", re.IGNORECASE
)
"""A scheme, a host and maybe a port, with "*." in front of the host for all its subdomains."""


def _at_least(minimum: float) -> tuple[Callable[[Any], bool], str]:
    return lambda value: value >= minimum, f"at least {minimum:g}"


_LIMITS: dict[str, tuple[Callable[[Any], bool], str]] = {
    "ACK_TIMEOUT_SECONDS": _at_least(MIN_ACK_TIMEOUT_SECONDS),
    "HEARTBEAT_TIMEOUT_SECONDS": _at_least(MIN_ACK_TIMEOUT_SECONDS),
    "MAX_PAYLOAD_BYTES": (
        lambda value: 256 <= value <= MAX_BYTES,
        f"at least 256 and at most {MAX_BYTES}",
    ),
    "MAX_FRAME_BYTES": _at_least(1024),
    "ACK_FLUSH_SECONDS": (lambda value: 0 < value <= 10, "above 0 and at most 10"),
    "WATCH_SECONDS": (lambda value: 0 < value <= 10, "above 0 and at most 10"),
    "SWEEP_SECONDS": _at_least(0.1),
    "SWEEP_GRACE_SECONDS": _at_least(0),
    "FANOUT_LIMIT": _at_least(0),
    "PUBLISH_TIMEOUT_SECONDS": (lambda value: 0 < value <= 60, "above 0 and at most 60"),
    "POLL_SECONDS": (lambda value: 1 <= value <= 60, "at least 1 and at most 60"),
    "BREAKER_SECONDS": _at_least(0),
}


@register("notifications")
def check_settings(**_: Any) -> list[CheckMessage]:
    """E001: no dict, or an unknown key; E002: a value that makes no sense."""
    unknown = unknown_settings(getattr(settings, "NOTIFICATIONS", {}))
    if unknown:
        hint = f"The settings are {', '.join(sorted(names()))}."
        return [Error(message, hint=hint, id="notifications.E001") for message in unknown]
    values = get_settings()
    problems = [
        (field.name, _problem(field.name, field.type, getattr(values, field.name)))
        for field in fields(Settings)
    ]
    return [
        Error(
            f"NOTIFICATIONS[{name!r}] is {_shown(name, getattr(values, name))}.",
            hint=f"It has to be {problem}; docs/reference/settings.md says what it is for.",
            id="notifications.E002",
        )
        for name, problem in problems
        if problem
    ]


def _shown(name: str, value: Any) -> str:
    """A token is for nobody's log."""
    return "no such text" if name == "METRICS_TOKEN" else repr(value)


def unknown_settings(given: Any) -> list[str]:
    if not isinstance(given, dict):
        return [f"NOTIFICATIONS is {given!r}, which is not a dict."]
    known = names()
    return [f"NOTIFICATIONS has no setting {name!r}." for name in given if name not in known]


def _problem(name: str, kind: Any, value: Any) -> str:
    """What a value has to be instead, or nothing."""
    if name == "RETRY_SECONDS":
        return "" if _is_range(value) else "a pair of seconds, the smaller first"
    if name == "ALLOWED_ORIGINS":
        return "" if _are_origins(value) else "a list of origins such as 'https://app.example.com'"
    if name == "METRICS_TOKEN":
        return "" if _is_token(value) else "empty, or 16 characters or more that a header can have"
    if kind is bool:
        return "" if isinstance(value, bool) else "True or False"
    if kind is int and (isinstance(value, bool) or not isinstance(value, int)):
        return "a whole number"
    if not _is_number(value):
        return "a number"
    allowed, words = _LIMITS.get(name, _at_least(1))
    return "" if allowed(value) else words


def _is_range(value: Any) -> bool:
    if not isinstance(value, list | tuple) or len(value) != 2:
        return False
    return all(map(_is_number, value)) and bool(0 <= value[0] <= value[1])


def _is_token(value: Any) -> bool:
    """The characters are those of RFC 6750."""
    return isinstance(value, str) and bool(re.fullmatch(r"([\w.~+/-]{16,}=*)?", value, re.ASCII))


def _are_origins(value: Any) -> bool:
    return isinstance(value, list | tuple) and all(
        isinstance(origin, str) and _ORIGIN.fullmatch(origin) for origin in value
    )


def _is_number(value: Any) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return math.isfinite(value)
