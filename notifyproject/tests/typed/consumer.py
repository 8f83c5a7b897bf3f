"""What a project writes against the public paths; checked by type checkers, run by nobody."""

from collections.abc import Sequence
from typing import Any, assert_type

from django.contrib.auth.models import User
from django.dispatch import receiver

from notifications.exceptions import InvalidNotification, InvalidRecipient
from notifications.fanout import signed_out
from notifications.models import Level, Notification
from notifications.send import anotify, notify
from notifications.signals import Marking, Sent, delivered, sent
from notifications.testing import Outbox, SocketClient, assert_notified, connected
from notifications.tickets import make_ticket


def send(user: User) -> None:
    try:
        notification = notify(user, "Ready", level=Level.SUCCESS, data={"n": 1}, key="k")
    except (InvalidRecipient, InvalidNotification):
        return
    assert_type(notification, Notification)
    notify([user, 7], "Hi")
    notify(User.objects.filter(is_staff=True), "Hi")


async def asend(user: User) -> None:
    assert_type(await anotify(user, "Ready"), Notification)


def show(user: User) -> str:
    signed_out(user)
    return make_ticket(user)


@receiver(sent)
def on_sent(batch: Sequence[Sent], **kwargs: Any) -> None:
    for one in batch:
        assert_type(one.notification, Notification)
        assert_type(one.count, int)


@receiver(delivered)
def on_delivered(batch: Sequence[Marking], **kwargs: Any) -> None:
    assert_type(batch[0].notifications, Sequence[int])


async def look(user: User) -> None:
    assert_notified(user, times=1, title="Ready")
    assert_type(Outbox().sent(user), list[Notification])
    async with connected(user) as page:
        assert_type(page, SocketClient)
        assert_type(page.arrived, list[int])
