"""The channel layer, without which nothing arrives live."""

from typing import Any

from channels.layers import channel_layers
from django.conf import settings
from django.core.checks import CheckMessage, Error, register

from ..layers.lookup import NO_LAYER, WHAT_TO_WRITE


@register("notifications")
def check_layer(**_: Any) -> list[CheckMessage]:
    """E004: without a layer nothing arrives live; E008: nor with one that cannot be made."""
    if "default" not in getattr(settings, "CHANNEL_LAYERS", {}):
        return [Error(NO_LAYER, hint=WHAT_TO_WRITE, id="notifications.E004")]
    try:
        # One to throw away: nothing is kept or connected before a process needs it.
        channel_layers.make_backend("default")
    except Exception as error:  # a layer may be anybody's code
        return [
            Error(
                f"The 'default' layer of CHANNEL_LAYERS cannot be made: {_reason(error)}.",
                hint=f"Install what it needs, or mend it. {WHAT_TO_WRITE}",
                id="notifications.E008",
            )
        ]
    return []


def _reason(error: Exception) -> str:
    """What Channels says, and what it leaves out: which import failed."""
    left_out = None if error.__suppress_context__ else error.__context__
    return ": ".join(str(e) for e in (error, left_out) if e is not None)
