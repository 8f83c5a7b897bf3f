"""What is stored: runs with their results, alerts about them, and wishes for further ones."""

from .alerts import PerfAlert, PerfSubscription
from .runs import (
    HEARTBEAT_SECONDS,
    SILENCE_LIMIT,
    PerfLive,
    PerfMetric,
    PerfResult,
    PerfRun,
    PerfRunQuerySet,
)
from .wishes import PerfWish, WishState
from .words import WORDS

__all__ = [
    "HEARTBEAT_SECONDS",
    "SILENCE_LIMIT",
    "WORDS",
    "PerfAlert",
    "PerfLive",
    "PerfMetric",
    "PerfResult",
    "PerfRun",
    "PerfRunQuerySet",
    "PerfSubscription",
    "PerfWish",
    "WishState",
]
