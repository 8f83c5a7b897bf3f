"""From the configured channel layer to one that speaks hints."""

from typing import Any, cast
from weakref import WeakKeyDictionary

from channels.layers import get_channel_layer
from django.core.exceptions import ImproperlyConfigured

from .base import HintsLayer
from .fallback import GroupSendHints

_wrapped: WeakKeyDictionary[Any, GroupSendHints] = WeakKeyDictionary()


def get_hints_layer() -> HintsLayer:
    """The default layer; one without the extension is wrapped."""
    layer = get_channel_layer()
    if layer is None:
        raise ImproperlyConfigured("CHANNEL_LAYERS has no 'default' layer")
    # Asked of the class: the stock pub/sub layer has attributes only where an event loop runs.
    if hasattr(type(layer), "publish_hints"):
        return cast(HintsLayer, layer)
    return _wrapped.setdefault(layer, GroupSendHints(layer))
