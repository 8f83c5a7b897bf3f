"""Channel layers: the stock ones with their behaviour left alone, plus one extension, `hints`."""

from .base import Batch, HintsLayer, Receive, Recovered, Subscription
from .inprocess import InProcessChannelLayer
from .lookup import get_hints_layer
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
