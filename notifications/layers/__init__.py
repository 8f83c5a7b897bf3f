"""Channel layers: the stock ones with their behaviour left alone, plus one extension, `hints`."""

from typing import TYPE_CHECKING, Any

from django.core.exceptions import ImproperlyConfigured

from .base import Batch, HintsLayer, Receive, Recovered, Subscription
from .breaker import LayerUnavailable
from .inprocess import InProcessChannelLayer
from .lookup import get_hints_layer

if TYPE_CHECKING:
    from .redis import RedisChannelLayer

__all__ = [
    "Batch",
    "HintsLayer",
    "InProcessChannelLayer",
    "LayerUnavailable",
    "Receive",
    "Recovered",
    "RedisChannelLayer",
    "Subscription",
    "get_hints_layer",
]


def __getattr__(name: str) -> Any:
    # Importing redis-py takes 60 ms and 8 MB, which a site in one process need not pay.
    if name == "RedisChannelLayer":
        try:
            from .redis import RedisChannelLayer
        except ModuleNotFoundError as error:
            raise ImproperlyConfigured(
                f"RedisChannelLayer needs {error.name}, which is not installed: "
                "pip install 'django-durable-notifications[redis]'"
            ) from error
        return RedisChannelLayer
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
