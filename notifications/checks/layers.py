"""The channel layer, by which processes hear of each other."""

from typing import Any

from channels.layers import channel_layers
from django.conf import settings
from django.core.checks import CheckMessage, Error, register

WHAT_TO_WRITE = (
    'For one server process, write CHANNEL_LAYERS = {"default": {"BACKEND": '
    '"notifications.layers.InProcessChannelLayer"}} into the settings; for several, '
    '"notifications.layers.RedisChannelLayer" with the address of Redis.'
)


@register("notifications")
def check_layer(**_: Any) -> list[CheckMessage]:
    """E008: with a layer that cannot be made nothing arrives live. Without one, ours is used."""
    if "default" not in getattr(settings, "CHANNEL_LAYERS", {}):
        return []
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
