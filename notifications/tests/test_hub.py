import asyncio
import contextlib
import sqlite3

from asgiref.sync import sync_to_async
from django.contrib.auth import get_user_model
from django.db import connection, connections
from django.test import TransactionTestCase, override_settings

from notifications import hints
from notifications.hub import get_hub
from notifications.layers import InProcessChannelLayer, get_hints_layer
from notifications.models import Delivery, Notification
from notifications.send import anotify

from .clients import MemoryClient

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


class StallsAfterAccept(MemoryClient):
    """A client that does not take its hello at once."""

    async def _send(self, message):
        await super()._send(message)
        if message["type"] == "websocket.accept":
            self.reading.clear()


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
        async with asyncio.timeout(10):
            while await self.queued(user) != expected:
                await asyncio.sleep(0.01)


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
class ReplayTests(HubTestCase):
    async def test_the_queue_comes_first_oldest_first_and_then_what_is_new(self):
        stored = await write_rows([self.ada], 3)
        async with self.connected(self.ada) as client:
            live = await anotify([self.ada], "new")
            await client.until_arrived([live.pk])
            self.assertEqual(client.arrived, [*stored, live.pk])
            self.assertEqual([f["type"] for f in client.frames], ["hello", "batch", "notification"])

    @quick(WINDOW=4)
    async def test_a_long_queue_follows_the_acks_page_by_page(self):
        stored = await write_rows([self.ada], 11)
        async with self.connected(self.ada) as client:
            await client.until_arrived(stored[:4])
            await client.settle()
            self.assertEqual(client.arrived, stored[:4])
            for upto in (8, 11):
                client.ack()
                await client.until_arrived(stored[:upto])
            client.ack()
            await self.until_queued(self.ada, [])
            self.assertEqual(client.arrived, stored)

    @quick(WINDOW=4)
    async def test_what_comes_during_a_replay_waits_behind_it(self):
        stored = await write_rows([self.ada], 6)
        async with self.connected(self.ada) as client:
            await client.until_arrived(stored[:4])
            live = await anotify([self.ada], "new")
            await client.settle()
            self.assertEqual(client.arrived, stored[:4])
            client.ack()
            await client.until_arrived([*stored, live.pk])
            self.assertEqual(client.arrived, [*stored, live.pk])

    @quick(WINDOW=2)
    async def test_what_comes_live_during_a_long_replay_is_sent_once(self):
        stored = await write_rows([self.ada], 4)
        async with self.connected(self.ada) as client:
            live = [(await anotify([self.ada], "new")).pk for _ in range(8)]
            acked = []
            while len(acked) < 12:
                await client.until(lambda: len(client.arrived) > len(acked), "more")  # noqa: B023
                new = client.arrived[len(acked) :]
                client.ack(new)
                acked += new
            last = await anotify([self.ada], "last")
            await client.until_arrived([last.pk])
            self.assertEqual(client.arrived, [*stored, *live, last.pk])

    async def test_a_batch_stays_below_the_limit_of_a_frame(self):
        stored = await write_rows([self.ada], 20)
        await Notification.objects.aupdate(body="x" * 6000)
        async with self.connected(self.ada) as client:
            await client.until_arrived(stored)
            self.assertEqual(client.arrived, stored)
            texts = [message.get("text", "") for message in client.messages]
            self.assertLess(max(len(text.encode()) for text in texts), 65_536)

    async def test_expired_notifications_are_not_replayed(self):
        [old, fresh] = await write_rows([self.ada], 2)
        await Notification.objects.filter(pk=old).aupdate(expires_at="2020-01-01T00:00Z")
        async with self.connected(self.ada) as client:
            await client.until_arrived([fresh])
            await client.settle()
            self.assertEqual(client.arrived, [fresh])

    async def test_many_who_connect_at_once_share_the_queries(self):
        users = [await User.objects.acreate(username=f"u{n}") for n in range(50)]
        [stored] = await write_rows(users, 1)
        with self.count_hub_jobs() as jobs:
            clients = await asyncio.gather(*(MemoryClient(user).connect() for user in users))
            for client in clients:
                await client.until_arrived([stored])
        self.assertLessEqual(len(jobs), 6)
        for client in clients:
            await client.disconnect()

    @contextlib.contextmanager
    def count_hub_jobs(self):
        from notifications.hub import database

        jobs = []
        original = database._retried

        def counting(job, *args, **kwargs):
            jobs.append(job)
            return original(job, *args, **kwargs)

        database._retried = counting
        try:
            yield jobs
        finally:
            database._retried = original


@quick(WINDOW=4)
class CreditTests(HubTestCase):
    async def test_a_client_that_does_not_ack_gets_a_window_and_no_more(self):
        async with self.connected(self.ada) as client:
            ids = [(await anotify([self.ada], "n")).pk for _ in range(10)]
            await client.until_arrived(ids[:4])
            await client.settle()
            self.assertEqual(client.arrived, ids[:4])
            client.ack()
            await client.until_arrived(ids[:8])

    async def test_a_second_device_gets_what_the_first_has_acknowledged_meanwhile(self):
        async with self.connected(self.ada) as quick, self.connected(self.ada) as slow:
            ids = []
            for _ in range(10):
                ids.append((await anotify([self.ada], "n")).pk)
                await quick.until_arrived(ids)
                quick.ack(ids[-1:])
            await self.until_queued(self.ada, [])
            self.assertEqual(slow.arrived, ids[:4])
            slow.ack()
            await slow.until_arrived(ids[:8])
            slow.ack()
            await slow.until_arrived(ids)
            self.assertEqual(slow.arrived, ids)

    async def test_a_device_that_missed_more_than_is_remembered_is_told_to_resync(self):
        async with self.connected(self.ada) as client:
            group = hints.user_group(self.ada.pk)
            frames = [
                hints.encode(hints.Notified(n, f'{{"type":"notification","id":{n}}}'))
                for n in range(1, 1100)
            ]
            get_hints_layer().publish_hints([(frame, [group]) for frame in frames[:4]])
            await client.until(lambda: len(client.frames) == 5, "a window")
            get_hints_layer().publish_hints([(frame, [group]) for frame in frames[4:]])
            await client.settle()
            client.ack([1, 2, 3, 4])
            await client.until_frame("resync")

    async def test_a_client_that_does_not_read_keeps_nobody_waiting(self):
        async with self.connected(self.ada) as stuck, self.connected(self.bob) as other:
            stuck.reading.clear()
            ids = [(await anotify([self.ada, self.bob], "n")).pk for _ in range(4)]
            await other.until_arrived(ids)
            self.assertEqual(stuck.arrived, [])
            stuck.reading.set()
            await stuck.until_arrived(ids[:1])
            other.ack()
            stuck.ack()
            await stuck.until_arrived(ids)

    async def test_a_client_that_reads_again_gets_what_was_held_without_asking(self):
        async with self.connected(self.ada) as stuck:
            stuck.reading.clear()
            ids = [(await anotify([self.ada], "n")).pk for _ in range(3)]
            [socket] = get_hub().presence.of(self.ada.pk)
            await stuck.until(lambda: len(socket.held) == 2, "what cannot be sent now")
            stuck.reading.set()
            await stuck.until_arrived(ids)

    async def test_a_long_replay_goes_on_when_its_client_reads_again(self):
        stored = await write_rows([self.ada], 6)
        await Notification.objects.aupdate(body="x" * 8000)
        stuck = StallsAfterAccept(self.ada)
        connecting = asyncio.ensure_future(stuck.connect())
        presence = get_hub().presence
        await stuck.until(lambda: presence.of(self.ada.pk), "the hub to know the user")
        stuck.reading.set()
        await connecting
        await stuck.until_arrived(stored[:4])
        stuck.ack()
        await stuck.until_arrived(stored)
        self.assertEqual(stuck.arrived, stored)
        await stuck.disconnect()

    async def test_a_client_that_reads_nothing_but_asks_on_is_abandoned(self):
        async with self.connected(self.ada) as stuck:
            stuck.reading.clear()
            for _ in range(40):
                stuck.send({"type": "ping"})
            await stuck.until(stuck._task.done, "the consumer's end")

    async def test_auto_ack_counts_sending_as_delivery(self):
        async with self.connected(self.ada, query="ack=auto") as client:
            notification = await anotify([self.ada], "n")
            await client.until_arrived([notification.pk])
            await self.until_queued(self.ada, [])

    @quick(WINDOW=4, SWEEP_SECONDS=0.2)
    async def test_auto_ack_sends_a_window_per_sweep(self):
        ids = await write_rows([self.ada], 10)
        async with self.connected(self.ada, query="ack=auto") as client:
            self.assertLessEqual(len(client.arrived), 4)
            await client.until_arrived(ids)
            self.assertEqual(client.arrived, ids)
            await self.until_queued(self.ada, [])


@quick()
class StateTests(HubTestCase):
    async def test_reading_in_one_tab_reaches_the_others_with_a_count(self):
        stored = await write_rows([self.ada], 3)
        async with self.connected(self.ada) as tab, self.connected(self.ada) as other:
            self.assertEqual(other.of("hello")[0]["unread"], 3)
            tab.send({"type": "read", "ids": stored[:1]})
            state = await other.until_frame("state")
            self.assertEqual(state, {"type": "state", "unread": 2, "read": stored[:1]})
        delivery = await Delivery.objects.aget(notification_id=stored[0])
        self.assertTrue(delivery.delivered_at and delivery.seen_at and delivery.read_at)

    async def test_archiving_and_seeing_imply_delivery(self):
        first, second = await write_rows([self.ada], 2)
        async with self.connected(self.ada) as tab:
            tab.send({"type": "archive", "ids": [first]})
            tab.send({"type": "seen", "ids": [second]})
            await self.until_queued(self.ada, [])
        archived = await Delivery.objects.aget(notification_id=first)
        seen = await Delivery.objects.aget(notification_id=second)
        self.assertEqual((archived.state, archived.read_at), ("archived", None))
        self.assertEqual(seen.state, "seen")

    async def test_read_all_takes_what_was_delivered_up_to_an_id(self):
        stored = await write_rows([self.ada], 3)
        async with self.connected(self.ada) as tab:
            await tab.until_arrived(stored)
            tab.ack()
            tab.send({"type": "read_all", "upto": stored[1]})
            state = await tab.until_frame("state")
            self.assertEqual((state["unread"], sorted(state["read"])), (1, stored[:2]))


@quick(SWEEP_SECONDS=0.2, SWEEP_GRACE_SECONDS=0)
class SweepTests(HubTestCase):
    async def test_a_lost_hint_is_repaired(self):
        async with self.connected(self.ada) as client:
            ids = await write_rows([self.ada], 3)
            await client.until_arrived(ids)
            self.assertEqual(client.arrived, ids)

    async def test_what_is_in_flight_or_acknowledged_is_not_sent_again(self):
        async with self.connected(self.ada) as client:
            [first] = await write_rows([self.ada], 1)
            await client.until_arrived([first])
            [second] = await write_rows([self.ada], 1)
            await client.until_arrived([second])
            client.ack([second])
            [third] = await write_rows([self.ada], 1)
            await client.until_arrived([third])
            self.assertEqual(client.arrived, [first, second, third])

    async def test_transactions_that_commit_in_the_opposite_order_of_their_ids_both_arrive(self):
        async with self.connected(self.ada) as client:
            first, second = await write_rows([], 2)
            await Delivery.objects.acreate(recipient=self.ada, notification_id=second)
            await client.until_arrived([second])
            client.ack()
            await Delivery.objects.acreate(recipient=self.ada, notification_id=first)
            await client.until_arrived([first])

    @quick(SWEEP_SECONDS=0.1, ACK_TIMEOUT_SECONDS=0.1)
    async def test_a_client_that_never_acks_is_closed(self):
        async with self.connected(self.ada) as client:
            await anotify([self.ada], "n")
            await client.until_closed(4408)

    @quick(SWEEP_SECONDS=0.1, HEARTBEAT_TIMEOUT_SECONDS=0.1)
    async def test_a_client_that_is_silent_is_closed_unless_it_is_a_plain_one(self):
        async with self.connected(self.bob, query="ack=auto") as plain:
            async with self.connected(self.ada) as client:
                await client.until_closed(4408)
            self.assertIsNone(plain.close_code)

    async def test_a_user_deactivated_by_a_set_based_update_is_closed(self):
        async with self.connected(self.ada) as client, self.connected(self.bob) as other:
            await User.objects.filter(pk=self.ada.pk).aupdate(is_active=False)
            await client.until_closed(4403)
            self.assertIsNone(other.close_code)


class WatchTests(HubTestCase):
    @quick(WATCH_SECONDS=0.05)
    async def test_what_another_process_writes_arrives_within_300_ms(self):
        async with self.connected(self.ada) as client:
            loop = asyncio.get_running_loop()
            await asyncio.to_thread(self.write_elsewhere)
            begun = loop.time()
            await client.until(lambda: client.arrived, "the notification")
            self.assertLess(loop.time() - begun, 0.3)

    def write_elsewhere(self):
        """By a connection that publishes no hint, as another process's does here."""
        other = sqlite3.connect(connections["default"].settings_dict["NAME"])
        with other:
            other.execute(
                "INSERT INTO notifications_notification (level, category, title, body, url,"
                " actor_object_id, actor_text, target_object_id, target_text, data)"
                " VALUES ('info', '', 'elsewhere', '', '', '', '', '', '', '{}')"
            )
            other.execute(
                "INSERT INTO notifications_delivery (recipient_id, notification_id)"
                " SELECT ?, MAX(id) FROM notifications_notification",
                (self.ada.pk,),
            )
        other.close()


if connection.vendor != "sqlite":
    del WatchTests  # there is nothing to skip: `PRAGMA data_version` is SQLite's


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


@quick(MAX_QUEUED=3)
class QueueLimitTests(HubTestCase):
    async def test_who_connects_is_told_how_many_were_dropped(self):
        stored = await write_rows([self.ada], 5)
        async with self.connected(self.ada) as client:
            await client.until_arrived(stored[2:])
            hello = client.of("hello")[0]
            self.assertEqual((hello["queued"], hello["dropped"], hello["unread"]), (3, 2, 3))
            self.assertEqual(client.arrived, stored[2:])
