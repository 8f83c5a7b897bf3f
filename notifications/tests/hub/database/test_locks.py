"""A database in which others hold locks."""

import asyncio
import contextlib
from datetime import timedelta
from unittest import mock

from asgiref.sync import sync_to_async
from django.db import connection, connections
from django.utils import timezone

from notifications.conf import get_settings
from notifications.db.traces import in_words
from notifications.hub import get_hub
from notifications.layers import get_hints_layer
from notifications.models import Delivery, Notification
from notifications.send import anotify
from notifications.tests.clients import MemoryClient
from notifications.tests.databases import holding
from notifications.tests.hubs import HubTestCase, quick, write_rows
from notifications.tests.waiting import until
from notifications.wire import hints


@quick(ACK_FLUSH_SECONDS=0.02)
class DatabaseLockTests(HubTestCase):
    """Somebody else's transaction holds a lock, as a migration or a long job does."""

    @contextlib.asynccontextmanager
    async def both_have_one(self):
        """The same notification on the screens of both users."""
        async with self.connected(self.ada) as ada, self.connected(self.bob) as bob:
            notification = await anotify([self.ada, self.bob], "n")
            for client in (ada, bob):
                await client.until_arrived([notification.pk])
            yield notification, ada, bob

    def row_of(self, user, notification_id=None):
        """That of this notification, or all of the user's."""
        return holding(
            "SELECT * FROM durable_notifications_delivery WHERE recipient_id = %s "
            "AND notification_id = COALESCE(%s, notification_id) FOR UPDATE",
            user.pk,
            notification_id,
        )

    def table(self):
        return holding("LOCK TABLE durable_notifications_delivery IN ACCESS EXCLUSIVE MODE")

    async def test_one_locked_row_holds_up_no_mark_of_other_users(self):
        for kind in ("ack", "read", "seen", "archive"):
            with self.subTest(kind):
                async with self.both_have_one() as (notification, *clients):
                    async with self.row_of(self.ada):
                        for client in clients:
                            client.send({"type": kind, "ids": [notification.pk]})
                        async with asyncio.timeout(2):
                            await self.until_queued(self.bob, [])
                        self.assertEqual(await self.queued(self.ada), [notification.pk])
                    await self.until_queued(self.ada, [])

    @quick(ACK_FLUSH_SECONDS=0.02, TRACE_DEVICES=True)
    async def test_a_mark_of_a_locked_row_leaves_its_trace_once_the_row_is_free(self):
        for kind, columns in (
            ("ack", ["delivered_at"]),
            ("read", ["delivered_at", "seen_at", "read_at"]),
        ):
            self.assertEqual(await self.traces_of_locked(kind, columns[-1]), columns)

    async def traces_of_locked(self, kind, column):
        """The steps that a program is told of, once this one is done."""
        async with self.connected(self.ada, headers=[(b"user-agent", b"curl")]) as client:
            notification = await anotify([self.ada], "n")
            await client.until_arrived([notification.pk])
            async with self.row_of(self.ada):
                client.send({"type": kind, "ids": [notification.pk]})
                acks, requests = get_hub()._acks, get_hub()._requests
                await until(lambda: acks._locked or requests._locked, "a try")
            done = notification.deliveries.exclude(**{column: None})
            await until(done.aexists, column)
            known = in_words((await done.aget()).traces)
        return [step for step, words in known.items() if words == ["websocket", "program"]]

    async def test_a_locked_row_holds_up_no_mark_of_others_where_the_site_waits_for_locks(self):
        own = {"options": "-c lock_timeout=0 -c statement_timeout=300ms"}
        entry = connections.settings["default"]
        patient = {**entry, "OPTIONS": {**entry["OPTIONS"], **own}}
        with mock.patch.dict(connections.settings, default=patient):
            async with self.both_have_one() as (notification, *clients):
                async with self.row_of(self.ada):
                    for client in clients:
                        client.ack()
                    await self.until_queued(self.bob, [])
                    self.assertEqual(await self.queued(self.ada), [notification.pk])
                await self.until_queued(self.ada, [])

    async def test_a_mark_of_a_row_that_is_locked_or_gone_or_marked_is_not_tried_for_ever(self):
        async with self.connected(self.ada) as client:
            ids = [(await anotify([self.ada], "n")).pk for _ in range(3)]
            await client.until_arrived(ids)
            async with self.row_of(self.ada):
                client.ack()
                await until(lambda: get_hub()._acks.locked(self.ada.pk), "a try")
            await Delivery.objects.filter(notification_id=ids[0]).adelete()
            await self.until_queued(self.ada, [])
            acks = get_hub()._acks._coalescer
            await client.until(lambda: not acks.waiting and not acks.taken, "rest")

    async def test_a_greeting_and_a_push_do_not_wait_for_a_locked_row(self):
        async with self.connected(self.ada) as ada:
            notification = await anotify([self.ada], "n")
            await ada.until_arrived([notification.pk])
            async with self.row_of(self.ada):
                ada.ack()
                ada.send({"type": "read_all", "upto": notification.pk})
                await ada.settle()
                async with asyncio.timeout(2):
                    for user in (self.bob, self.ada):
                        async with self.connected(user) as client:
                            self.assertTrue(client.of("hello"))
                    more = await anotify([self.ada, self.bob], "more")
                    await ada.until_arrived([more.pk])
            await ada.until_frame("state")
            await self.until_queued(self.ada, [more.pk])

    @quick(ACK_FLUSH_SECONDS=0.02, MAX_QUEUED=1)
    async def test_a_greeting_does_not_wait_for_a_locked_excess_of_the_queue(self):
        await write_rows([self.ada], 3)
        async with self.row_of(self.ada), asyncio.timeout(2), self.connected(self.ada) as client:
            self.assertEqual(client.of("hello")[0]["dropped"], 0)

    @quick(ACK_FLUSH_SECONDS=0.02, MAX_QUEUED=1)
    async def test_a_greeting_beside_a_locked_excess_drops_nothing_that_it_does_not_tell(self):
        old, excess, _ = await write_rows([self.ada], 3)
        ages = timezone.now() - timedelta(days=get_settings().MAX_QUEUED_DAYS + 1)
        await Notification.objects.filter(pk=old).aupdate(created_at=ages)
        async with self.row_of(self.ada, excess), self.connected(self.ada) as client:
            self.assertEqual(client.of("hello")[0]["dropped"], 0)
        async with self.connected(self.ada) as client:
            self.assertEqual(client.of("hello")[0]["dropped"], 2)

    async def test_while_a_table_is_locked_newcomers_are_sent_away_and_pushes_arrive(self):
        async with self.connected(self.ada) as ada:
            notification = await anotify([self.ada], "n")
            text = notification.frame()
            await ada.until_arrived([notification.pk])
            with self.assertLogs("notifications", "ERROR"):
                async with self.table():
                    ada.ack()
                    async with asyncio.timeout(2):
                        client = await MemoryClient(self.bob).connect()
                        self.assertEqual(client.close_code, 4503)
                        await client.disconnect()
                        await self.push(notification.pk + 1, text)
                        await ada.until(lambda: len(ada.of("notification")) == 2, "the push")
            await self.until_queued(self.ada, [])
            async with self.connected(self.bob) as client:
                self.assertTrue(client.of("hello"))

    @sync_to_async
    def push(self, number, text):
        hint = hints.encode(hints.Notified(number, text))
        get_hints_layer().publish_hints([(hint, [hints.user_group(self.ada.pk)])])


if connection.vendor != "postgresql":
    # There is nothing to skip: a file has no server, no locks.
    del DatabaseLockTests
