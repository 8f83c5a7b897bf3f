"""Tells what is news: the staff who subscribe through `notifications`, and always the console."""

from collections.abc import Callable, Iterator, Sequence
from itertools import groupby
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext as _

from ..models import PerfAlert
from ..records.causes import Cause
from . import words
from .judging import cause_of
from .subscribers import can_be_told, subscribers

CATEGORY = "performance"

FRAME_BYTES = 512
"""Of a notification, for all but its title and body."""

Say = Callable[[str], object]


def untold() -> bool:
    """Whether anything is still to be told."""
    over = Q(closed_by__isnull=False, told_over=False)
    return PerfAlert.objects.filter(Q(told=False) | over).exists()


def tell(say: Say, complain: Say) -> bool:
    """Tell what nobody was told yet, what a run has found together; whether all of it was.

    What could not be told stays to be told. Told and marked as such is one transaction, and what is
    sent has a key besides, so that a process that ends in between tells nobody twice.
    """
    whole = True
    for number, over, alerts in _groups():
        try:
            with transaction.atomic():
                names = _tell(number, alerts, over=over)
        except Exception as error:
            said = _("Nobody could be told of run {number}, which is tried again: {reason}")
            complain(said.format(number=number, reason=reason_of(error)))
            whole = False
        else:
            _say(alerts, names, say, over=over)
    return whole


def reason_of(error: Exception) -> str:
    """An error in one line."""
    return " ".join(str(error).split()) or type(error).__name__


def _groups() -> Iterator[tuple[int, bool, list[PerfAlert]]]:
    """By the run that found them, and then by the run with which they are over; oldest first."""
    new = PerfAlert.objects.filter(told=False).order_by("opened_by", "pk")
    for number, alerts in groupby(list(new), key=lambda alert: alert.opened_by):
        yield number, False, list(alerts)
    over = PerfAlert.objects.filter(closed_by__isnull=False, told=True, told_over=False)
    for number, alerts in groupby(list(over.order_by("closed_by", "pk")), key=_closing):
        yield number, True, list(alerts)


def _closing(alert: PerfAlert) -> int:
    assert alert.closed_by is not None
    return alert.closed_by


def _tell(number: int, alerts: Sequence[PerfAlert], *, over: bool) -> list[str]:
    """The names of those who were told."""
    told = {"told_over" if over else "told": True}
    PerfAlert.objects.filter(pk__in=[alert.pk for alert in alerts]).update(**told)
    users = subscribers() if can_be_told() else []
    if users:
        _notify(users, number, [cause_of(alert) for alert in alerts], over=over)
    return [user.get_username() for user in users]


def _notify(users: Sequence[Any], number: int, causes: Sequence[Cause], *, over: bool) -> None:
    from notifications.conf import get_settings  # not where the lab is alone
    from notifications.send import notify

    title = words.title(number, causes, over=over)
    room = get_settings().MAX_PAYLOAD_BYTES - FRAME_BYTES - words.json_bytes(title)
    notify(
        users,
        title,
        body=words.body(causes, room),
        level="success" if over else "warning",
        category=CATEGORY,
        url=address(number),
        key=f"perf watch, run {number}, {'over' if over else 'found'}",
    )


def address(number: int, admin_site: str | None = None) -> str:
    """The page of a run, in this admin or the usual one; empty where there is none."""
    try:
        return reverse("admin:perftests_perfrun_change", args=[number], current_app=admin_site)
    except NoReverseMatch:
        return ""


def _say(alerts: Sequence[PerfAlert], names: Sequence[str], say: Say, *, over: bool) -> None:
    for alert in alerts:
        sentence = words.sentence(cause_of(alert))
        say((_("Over: {sentence}") if over else _("New: {sentence}")).format(sentence=sentence))
    if names:
        say(_("Told: {names}").format(names=", ".join(names)))
    elif can_be_told():
        say(_("Nobody subscribes to alerts; the list of alerts in the admin has a button for it."))
    else:
        say(_("Nobody is told: the app notifications is not installed here."))
