import contextlib

from asgiref.sync import sync_to_async
from django.contrib.auth import get_user_model
from django.test import TransactionTestCase, override_settings

from notifications.models import Delivery, Notification

from .clients import MemoryClient
from .waiting import until

User = get_user_model()


def quick(**settings):
    """Settings under which the sweep does not interfere, unless a test asks for it."""
    return override_settings(
        NOTIFICATIONS={"SWEEP_SECONDS": 60, "WATCH_SECONDS": 10, "ACK_FLUSH_SECONDS": 0.01}
        | settings
    )


@sync_to_async
def write_rows(users, count, title="stored"):
    """Rows whose hints were lost."""
    ids = []
    for _ in range(count):
        notification = Notification.objects.create(title=title)
        Delivery.objects.bulk_create(
            Delivery(recipient=user, notification=notification) for user in users
        )
        ids.append(notification.pk)
    return ids


class HubTestCase(TransactionTestCase):
    def setUp(self):
        self.ada = User.objects.create_user("ada")
        self.bob = User.objects.create_user("bob")

    @contextlib.asynccontextmanager
    async def connected(self, *args, **options):
        client = await MemoryClient(*args, **options).connect()
        try:
            yield client
        finally:
            client.reading.set()
            await client.disconnect()

    async def queued(self, user):
        ids = Delivery.objects.queued().filter(recipient=user).order_by("notification_id")
        return [pk async for pk in ids.values_list("notification_id", flat=True)]

    async def until_queued(self, user, expected):
        async def is_queued():
            return await self.queued(user) == expected

        await until(is_queued, f"a queue of {expected}")
