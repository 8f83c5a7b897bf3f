"""The settings: one dict `NOTIFICATIONS`, read lazily so that `override_settings` works.

Each field below is a key of that dict in capitals; `checks.settings` refuses what makes no sense.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from functools import lru_cache
from typing import Any

from django.conf import settings
from django.core.signals import setting_changed


@dataclass(frozen=True, slots=True)
class Settings:
    """Defaults, units and reasons of every setting."""

    WINDOW: int = 64
    """Notifications that may be unacknowledged on one socket. With `MAX_PAYLOAD_BYTES` it bounds
    what a client that does not read can cost."""

    MAX_PAYLOAD_BYTES: int = 8192
    """Size of one notification as JSON text."""

    MAX_FRAME_BYTES: int = 16384
    """Size of one frame from a client: 1,000 ids of 12 digits and room to spare."""

    FRAMES_PER_SECOND: int = 50
    """Frames a client may send on average; twice as many at once."""

    MAX_REFUSED_FRAMES: int = 5
    """Refused frames after which a socket is closed with 4400."""

    MAX_SOCKETS_PER_USER: int = 20
    """Sockets one user may have open in one process."""

    ACK_TIMEOUT_SECONDS: float = 90.0
    """Time for an ack; browsers run a hidden tab's timers once a minute, so not below 75."""

    HEARTBEAT_TIMEOUT_SECONDS: float = 150.0
    """Silence after which a client counts as gone; clients ping every 25 seconds, hidden tabs
    every minute."""

    ACK_FLUSH_SECONDS: float = 0.1
    """Longest time an ack waits in memory before it is written."""

    ACK_FLUSH_SIZE: int = 5000
    """Acks that are written at once without waiting."""

    SWEEP_SECONDS: float = 5.0
    """Time between two searches for queued deliveries whose hint was lost; varied by a fifth."""

    SWEEP_GRACE_SECONDS: float = 2.0
    """Age below which a queued delivery is left to its hint."""

    WATCH_SECONDS: float = 0.05
    """SQLite only: time between two looks for what other processes wrote; ten times as long after
    a second in which the system has told of no writes."""

    FANOUT_LIMIT: int = 100
    """Recipients up to which each gets a hint of their own; above, one announcement goes to all
    processes. Row E12 of the engine suite measures where the two cost the same."""

    PUBLISH_TIMEOUT_SECONDS: float = 0.5
    """Longest time a `notify` waits for the layer, after its rows are committed."""

    BREAKER_SECONDS: float = 5.0
    """Time during which a layer that failed is not tried again; the sweep delivers meanwhile."""

    RETRY_SECONDS: tuple[float, float] = (1.0, 5.0)
    """Range out of which clients pick the time before their first reconnect."""

    TICKET_SECONDS: int = 60
    """Validity of a ticket."""

    ALLOWED_ORIGINS: Sequence[str] = ()
    """Origins whose pages may open a socket, besides `ALLOWED_HOSTS` and `CSRF_TRUSTED_ORIGINS`."""

    REQUESTS_PER_MINUTE: int = 600
    """Requests to the feed that one user may make of one process."""

    POLL_SECONDS: float = 25.0
    """Longest time a poll waits; proxies mostly end a request after 30 or 60 seconds."""

    MAX_QUEUED: int = 10_000
    """Notifications that may wait for one user. Of more, the oldest are dropped first: put into the
    archive unseen."""

    MAX_QUEUED_DAYS: float = 90
    """Age at which a notification that waits is dropped in the same way."""

    KEEP_DAYS: float = 365
    """Age at which `prune_notifications` deletes a notification with its deliveries."""

    TRACE_DEVICES: bool = False
    """Whether a delivery keeps by which door and from what kind of device it had arrived, was seen
    and was read."""

    METRICS_TOKEN: str = ""
    """Who sends it may read the metrics of a process. Empty: only who may see deliveries in the
    admin."""


@lru_cache(maxsize=1)
def get_settings() -> Settings:
    """The settings in force; `TypeError` names a key that does not exist."""
    given: dict[str, Any] = getattr(settings, "NOTIFICATIONS", {})
    return Settings(**given)


def names() -> frozenset[str]:
    """Every key that `NOTIFICATIONS` may have."""
    return frozenset(field.name for field in fields(Settings))


def _forget(*, setting: str, **_: Any) -> None:
    if setting == "NOTIFICATIONS":
        get_settings.cache_clear()


setting_changed.connect(_forget)
