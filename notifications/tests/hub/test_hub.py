import contextlib
from unittest import mock

from asgiref.sync import sync_to_async
from django.db import connection
from django.test import override_settings, tag

from notifications.hub import get_hub
from notifications.layers import InProcessChannelLayer, get_hints_layer
from notifications.models import Notification
from notifications.send import anotify
from notifications.sending import fanout
from notifications.wire import hints

from ..clients import MemoryClient
from ..hubs import HubTestCase, User, quick, write_rows
from ..waiting import until


class NoSubscription(InProcessChannelLayer):
    """A layer of somebody else, with a mistake in it."""

    async def subscribe_hints(self, receive, recovered):
        raise ValueError("no such scheme")


async def rename(old, new):
    statement = f"ALTER TABLE {old} RENAME TO {new}"
    await sync_to_async(lambda: connection.cursor().execute(statement))()


@quick()
class LiveDeliveryTests(HubTestCase):
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

    async def test_a_queryset_reaches_those_of_its_users_who_are_connected(self):
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

    async def test_a_notification_without_an_ack_comes_again_on_the_next_connection(self):
        async with self.connected(self.ada) as client:
            notification = await anotify([self.ada], "hello")
            await client.until_arrived([notification.pk])
        async with self.connected(self.ada) as client:
            await client.until_arrived([notification.pk])
            self.assertEqual(client.of("hello")[0]["queued"], 1)

    async def test_a_hint_that_comes_twice_is_pushed_once(self):
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

    async def test_bytes_that_are_no_hint_harm_nobody(self):
        async with self.connected(self.ada) as client:
            with self.assertLogs("notifications", "ERROR") as logs:
                get_hints_layer().publish_hints([(b"\xc1", [hints.user_group(self.ada.pk)])])
                await client.until(lambda: logs.records, "the log")
            notification = await anotify([self.ada], "hello")
            await client.until_arrived([notification.pk])


@override_settings(CHANNEL_LAYERS={"default": {"BACKEND": f"{__name__}.NoSubscription"}})
@quick(SWEEP_SECONDS=0.1, SWEEP_GRACE_SECONDS=0)
class NoLayerTests(HubTestCase):
    async def test_a_layer_that_takes_no_subscription_delays_and_closes_nobody(self):
        with self.assertLogs("notifications.hub.groups", "ERROR") as logs:
            async with self.connected(self.ada) as ada, self.connected(self.bob) as bob:
                notification = await anotify([self.ada, self.bob], "hello")
                for client in (ada, bob):
                    await client.until_arrived([notification.pk])
        self.assertEqual(len(logs.records), 1, "said once, not for each newcomer")


@quick(SWEEP_SECONDS=0.1, SWEEP_GRACE_SECONDS=0)
class SweepSupervisionTests(HubTestCase):
    async def test_a_sweep_goes_on_after_its_task_was_cancelled(self):
        async with self.connected(self.ada) as client:
            with (
                mock.patch("notifications.background.supervision.RESTART_SECONDS", 0.01),
                self.assertLogs("notifications.background.supervision", "ERROR"),
            ):
                get_hub()._sweep._task._task.cancel()
                await client.until_arrived(await write_rows([self.ada], 1))

    @tag("slow")
    async def test_a_sweep_that_fails_is_logged_once_without_a_traceback_and_done_later(self):
        async with self.connected(self.ada) as client:
            with self.assertLogs("notifications.hub.sweep", "WARNING") as logs:
                await self.rename("durable_notifications_delivery", "away")
                await client.until(lambda: logs.records, "the log")
                overdue = next(t for t in get_hub()._sweep._steps if "overdue" in t._name)
                await until(lambda: overdue.failures > 3, "failures that nobody is told of")
                await self.rename("away", "durable_notifications_delivery")
                ids = await write_rows([self.ada], 1)
                await client.until_arrived(ids)
            names = [record.args[0] for record in logs.records if record.levelname == "ERROR"]
            self.assertEqual(len(names), len(set(names)))
            self.assertEqual({record.exc_info for record in logs.records}, {None})

    rename = staticmethod(rename)


@tag("slow")
@quick()
class DatabaseTroubleTests(HubTestCase):
    async def test_acks_that_cannot_be_written_are_tried_again(self):
        async with self.connected(self.ada) as client:
            notification = await anotify([self.ada], "n")
            await client.until_arrived([notification.pk])
            with self.assertLogs("notifications.hub.delivery.acks", "ERROR") as logs:
                await self.rename("durable_notifications_delivery", "away")
                client.ack()
                await client.until(lambda: logs.records, "the log")
                await self.rename("away", "durable_notifications_delivery")
            await self.until_queued(self.ada, [])

    async def test_a_client_is_told_to_come_again_while_the_database_is_away(self):
        with self.assertLogs("notifications.background.coalesce", "ERROR"):
            await self.rename("auth_user", "away")
            client = await MemoryClient(self.ada).connect()
            await self.rename("away", "auth_user")
        self.assertEqual(client.close_code, 4503)
        await client.disconnect()

    @quick(WINDOW=4)
    async def test_a_replay_goes_on_when_the_database_is_back(self):
        stored = await write_rows([self.ada], 11)
        async with self.connected(self.ada) as client:
            await client.until_arrived(stored[:4])
            async with self.away("durable_notifications_delivery"):
                client.ack()
            await client.until_arrived(stored[:8])
            client.ack()
            await client.until_arrived(stored)
            self.assertEqual(client.arrived, stored)

    async def test_an_announcement_made_while_the_database_was_away_arrives_later(self):
        async with self.connected(self.ada) as client:
            stored = await write_rows([self.ada], 2)
            notification = await Notification.objects.aget(pk=stored[0])
            hint = hints.encode(hints.Announced(notification.pk, notification.frame()))
            async with self.away("durable_notifications_delivery"):
                get_hints_layer().publish_hints([(hint, [hints.HUBS])])
            await client.until_arrived(stored[:1])

    async def test_other_tabs_are_told_of_a_change_when_the_database_is_back(self):
        async with self.connected(self.ada) as client:
            async with self.away("durable_notifications_delivery"):
                fanout.state_changed(self.ada.pk, "read", [1])
            await client.until_frame("state")

    async def test_read_all_is_done_when_the_database_is_back(self):
        async with self.connected(self.ada) as client, self.connected(self.ada) as other:
            notification = await anotify([self.ada], "n")
            await client.until_arrived([notification.pk])
            client.ack()
            await self.until_queued(self.ada, [])
            async with self.away(
                "durable_notifications_delivery", logger="notifications.hub.delivery.requests"
            ):
                client.send({"type": "read_all", "upto": notification.pk})
            await other.until_frame("state")

    @contextlib.asynccontextmanager
    async def away(self, table, logger="notifications"):
        """Without a table until the hub has said that something failed."""
        await self.rename(table, "away")
        with self.assertLogs(logger, "ERROR") as logs:
            yield
            await until(lambda: logs.records, "the log")
        await self.rename("away", table)

    rename = staticmethod(rename)
