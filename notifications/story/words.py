"""What a row keeps of who has told of its steps, in words."""

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from ..db.traces import SHIFTS, Device, Door, unpack

_PLAIN = {
    "delivered_at": _("It had arrived on a device."),
    "seen_at": _("It was on the screen."),
    "read_at": _("It was read."),
}
"""Where nothing is known."""

_KNOWN = {
    "delivered_at": _("It had arrived {how}."),
    "seen_at": _("It was seen {how}."),
    "read_at": _("It was read {how}."),
}

_DOORS = {Door.WEBSOCKET: _("over the WebSocket"), Door.HTTP: _("over HTTP")}

_DEVICES = {
    Device.HANDHELD: _("on a phone or tablet"),
    Device.COMPUTER: _("on a computer"),
    Device.PROGRAM: _("in a program"),
}


def text_of(traces: object) -> dict[str, str]:
    """A sentence for each step, by its column; `traces` is that of the row."""
    return {column: _text(column, *unpack(traces, column)) for column in SHIFTS}


def _text(column: str, door: Door, device: Device) -> str:
    if door == Door.CODE:
        return f"{_PLAIN[column]} {gettext('Code of the site says so.')}"
    if door not in _DOORS:
        return str(_PLAIN[column])
    how = str(_DOORS[door])
    if device in _DEVICES:
        how = gettext("{device}, {door}").format(device=_DEVICES[device], door=how)
    return str(_KNOWN[column]).format(how=how)
