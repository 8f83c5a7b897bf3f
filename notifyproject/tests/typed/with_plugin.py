"""What a type checker knows with the plugin of django-stubs alone: the verbs of querysets."""

from typing import assert_type

from django.contrib.auth.models import User

from notifications.models import Delivery


def read_all(user: User) -> int:
    mine = Delivery.objects.filter(recipient=user)
    assert_type(mine.queued().count(), int)
    return mine.unread().mark_read()
