"""From the configured channel layer to one that speaks hints."""

from typing import Any, cast

from channels.layers import InMemoryChannelLayer, get_channel_layer
from django.conf import settings
from django.core.signals import setting_changed

from .base import HintsLayer
from .fallback import GroupSendHints
from .inprocess import InProcessChannelLayer
from .seal import Seal
from .sealed import SealedHints

_KEYS = ("SECRET_KEY", "SECRET_KEY_FALLBACKS")

_own = InProcessChannelLayer()
"""For a site whose settings name none."""

_latest: tuple[Any, HintsLayer] | None = None
"""A channel layer and what it was wrapped into."""


def get_hints_layer() -> HintsLayer:
    """The default layer; without the extension it is wrapped, and sealed if it leaves the process.

    Where the settings have none it is one in the memory of this process.
    """
    global _latest
    layer = get_channel_layer() or _own
    if isinstance(layer, InProcessChannelLayer):
        return layer
    latest = _latest
    if latest is None or latest[0] is not layer:
        latest = _latest = (layer, _wrapped(layer))
    return latest[1]


def _wrapped(layer: Any) -> HintsLayer:
    # Asked of the class: the stock pub/sub layer has attributes only where an event loop runs.
    extended = hasattr(type(layer), "publish_hints")
    speaking = cast(HintsLayer, layer) if extended else GroupSendHints(layer)
    if isinstance(layer, InMemoryChannelLayer):
        return speaking
    keys = dict.fromkeys([settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS])
    # What an unset variable of the environment leaves among the fallbacks is no key.
    return SealedHints(speaking, [Seal(key) for key in keys if key])


def _forget(*, setting: str, **_: Any) -> None:
    global _latest
    if setting in _KEYS:
        _latest = None


setting_changed.connect(_forget)
