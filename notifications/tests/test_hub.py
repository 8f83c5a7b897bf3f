import asyncio

from asgiref.sync import sync_to_async
from django.db import connection
from django.test import override_settings

from notifications import hints
from notifications.layers import InProcessChannelLayer, get_hints_layer
from notifications.send import anotify

from .clients import MemoryClient
from .hub import HubTestCase, User, quick


class SlowToLeave(InProcessChannelLayer):
    """A layer that takes its time, as one over a network may."""

    async def subscribe_hints(self, receive, recovered):
        subscription = await super().subscribe_hints(receive, recovered)
        leave = subscription.leave

        async def leave_slowly(groups):
            await asyncio.sleep(0.02)
            await leave(groups)

        subscription.leave = leave_slowly
        return subscription


@quick()
class LiveTests(HubTestCase):
    async def test_a_notification_reaches_all_devices_of_its_recipient_and_nobody_else(self):
        async with (
            self.connected(self.ada) as laptop,
            self.connected(self.ada) as phone,
            self.connected(self.bob) as other,
        ):
            notification = await anotify([self.ada], "hello", data={"n": 1})
            for device in (laptop, phone):
                await device.until_arrived([notification.pk])
            await other.settle()
            self.assertEqual(other.arrived, [])
            frame = laptop.of("notification")[0]
        self.assertEqual((frame["title"], frame["data"]), ("hello", {"n": 1}))

    async def test_a_query_of_users_reaches_those_who_are_connected(self):
        async with self.connected(self.ada) as ada, self.connected(self.bob) as bob:
            notification = await anotify(User.objects.filter(username="ada"), "hello")
            await ada.until_arrived([notification.pk])
            await bob.settle()
            self.assertEqual(bob.arrived, [])

    async def test_an_ack_takes_a_delivery_off_the_queue(self):
        async with self.connected(self.ada) as client:
            notification = await anotify([self.ada], "hello")
            await client.until_arrived([notification.pk])
            self.assertEqual(await self.queued(self.ada), [notification.pk])
            client.ack()
            await self.until_queued(self.ada, [])

    async def test_without_an_ack_it_comes_again_with_the_next_connection(self):
        async with self.connected(self.ada) as client:
            notification = await anotify([self.ada], "hello")
            await client.until_arrived([notification.pk])
        async with self.connected(self.ada) as client:
            await client.until_arrived([notification.pk])
            self.assertEqual(client.of("hello")[0]["queued"], 1)

    async def test_the_same_hint_twice_is_sent_once(self):
        async with self.connected(self.ada) as client:
            notification = await anotify([self.ada], "hello")
            await client.until_arrived([notification.pk])
            hint = hints.encode(hints.Notified(notification.pk, notification.frame()))
            get_hints_layer().publish_hints([(hint, [hints.user_group(self.ada.pk)])])
            await client.settle()
            client.ack()
            await self.until_queued(self.ada, [])
            get_hints_layer().publish_hints([(hint, [hints.user_group(self.ada.pk)])])
            await client.settle()
            self.assertEqual(client.arrived, [notification.pk])

    async def test_a_hint_that_is_no_hint_harms_nobody(self):
        async with self.connected(self.ada) as client:
            with self.assertLogs("notifications", "ERROR"):
                get_hints_layer().publish_hints([(b"\xc1", [hints.user_group(self.ada.pk)])])
                await client.settle()
            notification = await anotify([self.ada], "hello")
            await client.until_arrived([notification.pk])


@quick()
class GoodbyeTests(HubTestCase):
    @override_settings(CHANNEL_LAYERS={"default": {"BACKEND": f"{__name__}.SlowToLeave"}})
    async def test_the_hub_is_closed_once_when_the_last_two_leave_together(self):
        ada, bob = await MemoryClient(self.ada).connect(), await MemoryClient(self.bob).connect()
        await asyncio.gather(ada.disconnect(), bob.disconnect())


@quick()
class DatabaseTroubleTests(HubTestCase):
    async def test_acks_that_cannot_be_written_are_tried_again(self):
        async with self.connected(self.ada) as client:
            notification = await anotify([self.ada], "n")
            await client.until_arrived([notification.pk])
            with self.assertLogs("notifications.hub.marks", "ERROR") as logs:
                await self.rename("notifications_delivery", "away")
                client.ack()
                await client.until(lambda: logs.records, "the log")
                await self.rename("away", "notifications_delivery")
            await self.until_queued(self.ada, [])

    async def test_who_connects_while_the_database_is_away_is_told_to_come_again(self):
        with self.assertLogs("notifications.hub.coalesce", "ERROR"):
            await self.rename("auth_user", "away")
            client = await MemoryClient(self.ada).connect()
            await self.rename("away", "auth_user")
        self.assertEqual(client.close_code, 4503)
        await client.disconnect()

    async def rename(self, old, new):
        statement = f"ALTER TABLE {old} RENAME TO {new}"
        await sync_to_async(lambda: connection.cursor().execute(statement))()
