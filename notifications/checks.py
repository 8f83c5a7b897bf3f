"""System checks: each setting is checked when the project starts, with an id and a hint."""

import math
from collections.abc import Callable
from dataclasses import fields
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, register
from django.db import connections

from .conf import Settings, get_settings, names
from .offline import database

MIN_ACK_TIMEOUT_SECONDS = 75


def _at_least(minimum: float) -> tuple[Callable[[Any], bool], str]:
    return lambda value: value >= minimum, f"at least {minimum:g}"


_LIMITS: dict[str, tuple[Callable[[Any], bool], str]] = {
    "ACK_TIMEOUT_SECONDS": _at_least(MIN_ACK_TIMEOUT_SECONDS),
    "HEARTBEAT_TIMEOUT_SECONDS": _at_least(MIN_ACK_TIMEOUT_SECONDS),
    "MAX_PAYLOAD_BYTES": _at_least(256),
    "MAX_FRAME_BYTES": _at_least(1024),
    "ACK_FLUSH_SECONDS": (lambda value: 0 < value <= 10, "above 0 and at most 10"),
    "WATCH_SECONDS": (lambda value: 0 < value <= 10, "above 0 and at most 10"),
    "SWEEP_SECONDS": _at_least(0.1),
    "SWEEP_GRACE_SECONDS": _at_least(0),
    "FANOUT_LIMIT": _at_least(0),
    "PUBLISH_TIMEOUT_SECONDS": (lambda value: 0 < value <= 60, "above 0 and at most 60"),
    "BREAKER_SECONDS": _at_least(0),
}


@register("notifications")
def check_settings(**_: Any) -> list[CheckMessage]:
    """E001: no dict, or an unknown key; E002: a value that makes no sense."""
    unknown = _unknown(getattr(settings, "NOTIFICATIONS", {}))
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
            f"NOTIFICATIONS[{name!r}] is {getattr(values, name)!r}.",
            hint=f"It has to be {problem}; docs/settings.md says what it is for.",
            id="notifications.E002",
        )
        for name, problem in problems
        if problem
    ]


@register("notifications")
def check_database(**_: Any) -> list[CheckMessage]:
    """E003: the set-based statements are written for two databases."""
    vendor = connections[database()].vendor
    if vendor in ("sqlite", "postgresql"):
        return []
    return [
        Error(
            f"notifications does not run on {vendor}.",
            hint="Use PostgreSQL or SQLite, or route the app to one with a database router.",
            id="notifications.E003",
        )
    ]


@register("notifications")
def check_layer(**_: Any) -> list[CheckMessage]:
    """E004: without a layer nothing arrives live."""
    if "default" in getattr(settings, "CHANNEL_LAYERS", {}):
        return []
    return [
        Error(
            "CHANNEL_LAYERS has no 'default' layer.",
            hint="Set its BACKEND to 'notifications.layers.InProcessChannelLayer' (one process) "
            "or 'notifications.layers.RedisChannelLayer'.",
            id="notifications.E004",
        )
    ]


def _unknown(given: Any) -> list[str]:
    if not isinstance(given, dict):
        return [f"NOTIFICATIONS is {given!r}, which is not a dict."]
    known = names()
    return [f"NOTIFICATIONS has no setting {name!r}." for name in given if name not in known]


def _problem(name: str, kind: Any, value: Any) -> str:
    """What a value has to be instead, or nothing."""
    if name == "RETRY_SECONDS":
        return "" if _is_range(value) else "a pair of seconds, the smaller first"
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


def _is_number(value: Any) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return math.isfinite(value)
