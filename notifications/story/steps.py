"""One delivery from its sending on, as its rows tell it: did she get it, and if not, why not."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from operator import itemgetter
from typing import Any

from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext

from ..access.authentication import active_among
from ..models import Delivery, Notification
from ..store.database import database
from .words import text_of


@dataclass(frozen=True, slots=True)
class Step:
    """What happened and when; what is so now has no time."""

    at: datetime | None
    text: str

    def __str__(self) -> str:
        if self.at is None:
            return self.text
        local = timezone.localtime(self.at) if settings.USE_TZ else self.at
        return f"{local:%Y-%m-%d %H:%M:%S} {self.text}"


def story_of(notification: Notification, pk: Any) -> list[Step]:
    """The steps for the user of this primary key, in the order of their times."""
    mine = Delivery.objects.using(database()).filter(notification=notification, recipient_id=pk)
    delivery = mine.first()
    steps = [*_of_all(notification), *_of_one(delivery)]
    if delivery is not None and not active_among({pk}):
        steps.append(Step(None, gettext("This user may not sign in.")))
    begun = [(step.at, step) for step in steps if step.at is not None]
    timed = [step for _, step in sorted(begun, key=itemgetter(0))]
    return timed + [step for step in steps if step.at is None]


def _of_all(notification: Notification) -> Iterator[Step]:
    yield Step(notification.created_at, gettext("It was sent."))
    edited, expires = notification.edited_at, notification.expires_at
    is_recalled = edited is not None and edited == expires
    if is_recalled:
        yield Step(edited, gettext("It was recalled."))
    elif edited is not None:
        yield Step(edited, gettext("It was edited."))
    if expires is not None and notification.is_expired and not is_recalled:
        yield Step(expires, gettext("It expired."))


def _of_one(delivery: Delivery | None) -> Iterator[Step]:
    if delivery is None:
        text = gettext("This user does not have it: it went to others, or was deleted.")
        yield Step(None, text)
        return
    if delivery.state == "queued":
        yield Step(None, gettext("It waits: no device of this user has acknowledged it."))
        yield Step(
            None,
            gettext(
                "Devices are sent it when they connect; to which it was announced is not kept."
            ),
        )
    for column, text in text_of(delivery.traces).items():
        at = getattr(delivery, column)
        if at is not None:
            yield Step(at, text)
    if delivery.archived_at is not None:
        yield Step(delivery.archived_at, _why_archived(delivery))


def _why_archived(delivery: Delivery) -> str:
    """What users archive has arrived before; what was dropped may be read in the archive later."""
    arrived = delivery.delivered_at
    if "delivered_at" in delivery.unreadable:
        return gettext("It was archived.")  # it has arrived, nobody knows when
    if arrived is None or arrived > delivery.archived_at:
        return gettext("It was dropped unseen: the queue had grown too long, or it too old.")
    return gettext("It was archived.")
