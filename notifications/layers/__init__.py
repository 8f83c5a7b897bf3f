"""Channel layers: the stock ones with their behaviour left alone, plus one extension, `hints`."""

from typing import TYPE_CHECKING, Any

from .base import Batch, HintsLayer, Receive, Recovered, Subscription
from .inprocess import InProcessChannelLayer
from .lookup import get_hints_layer

if TYPE_CHECKING:
    from .redis import RedisChannelLayer

__all__ = [
    "Batch",
    "HintsLayer",
    "InProcessChannelLayer",
    "Receive",
    "Recovered",
    "RedisChannelLayer",
    "Subscription",
    "get_hints_layer",
]


def __getattr__(name: str) -> Any:
    # Importing redis-py takes 60 ms and 8 MB, which a site in one process need not pay.
    if name == "RedisChannelLayer":
        from .redis import RedisChannelLayer

        return RedisChannelLayer
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
