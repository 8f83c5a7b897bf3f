"""Rows that SQL from elsewhere has written, and that Python cannot hold: only their own."""

import asyncio
import json
from datetime import UTC, datetime, time, timedelta, timezone
from io import StringIO

from asgiref.sync import sync_to_async
from django.core.management import call_command
from django.db import connection, transaction
from django.test import TestCase, tag
from django.urls import reverse

from notifications.exceptions import InvalidNotification
from notifications.models import Delivery, Notification
from notifications.send import notify
from notifications.store import queue
from notifications.store.counting import count
from notifications.store.frames import read_frames
from notifications.store.limits import drop_excess
from notifications.store.pruning import prune
from notifications.store.stats import statistics

from ..clients import MemoryClient
from ..hubs import HubTestCase, quick, write_rows
from ..users import make_user

NEVER = {"postgresql": "infinity", "sqlite": "never"}
IMPOSSIBLE = {
    "postgresql": {
        "created_at": [
            "infinity",
            "-infinity",
            "10000-01-01 03:00:00+00",
            "0044-03-15 00:00+00 BC",
        ],
        "expires_at": ["infinity", "10000-01-01 03:00:00+00"],
        "data": ['"text"', "[1]", "9" * 5000, "[" * 2000 + "]" * 2000],
    },
    "sqlite": {
        "created_at": ["", "infinity", "10000-01-01 00:00:00", "2026-02-31 00:00:00", "yesterday"],
        "expires_at": [
            "infinity",
            "9998-13-01 00:00:00",
            "9998-12-01 24:00:00",
            "9998-12-01 00:00:00.x",
        ],
        "data": ["{broken", '"text"', "[1]", '{"a": ' + "9" * 5000 + "}", "[" * 900 + "]" * 900],
        "title": [b"\xff\xfe"],
    },
}


def impossible():
    """(column, value) for each that this database stores and Python cannot read."""
    for column, values in IMPOSSIBLE[connection.vendor].items():
        for value in values:
            yield column, value


def write(notification, column, value):
    """By SQL, past all that Django checks."""
    with connection.cursor() as cursor:
        sqlite = connection.vendor == "sqlite"
        if sqlite:
            cursor.execute("PRAGMA ignore_check_constraints = ON")
        cast = "CAST(%s AS TEXT)" if isinstance(value, bytes) else "%s"
        kind = "::jsonb" if column == "data" and not sqlite else ""
        cursor.execute(
            f"UPDATE {Notification._meta.db_table} SET {column} = {cast}{kind} WHERE id = %s",
            [value, notification.pk],
        )
        if sqlite:
            cursor.execute("PRAGMA ignore_check_constraints = OFF")


class UnreadableRowTests(TestCase):
    @classmethod
    def setUpTestData(cls):
        cls.root = make_user("root", is_staff=True, is_superuser=True)
        cls.bad, cls.good = notify(cls.root, "bad"), notify(cls.root, "good")

    def each(self):
        for column, value in impossible():
            with self.subTest(column=column, value=value[:30]):
                Notification.objects.filter(pk=self.bad.pk)._raw_delete("default")
                self.bad.save(force_insert=True)
                write(self.bad, column, value)
                yield column

    def test_an_unreadable_notification_is_logged_and_the_frames_of_others_are_read(self):
        for _ in self.each():
            with self.assertLogs("notifications", "ERROR") as logs:
                found = read_frames([self.bad.pk, self.good.pk])
            self.assertEqual(list(found), [self.good.pk])
            self.assertEqual(len(logs.output), 1)
            self.assertIn(f"Notification {self.bad.pk} is left out: ", logs.output[0])

    def test_the_admin_names_no_problem_of_a_notification_that_has_none(self):
        self.client.force_login(self.root)
        for kind, pk in (
            ("notification", self.good.pk),
            ("delivery", Delivery.objects.get(notification=self.good).pk),
        ):
            url = reverse(f"admin:durable_notifications_{kind}_change", args=[pk])
            self.assertNotContains(self.client.get(url), "Problem:")

    @tag("slow")
    def test_the_admin_opens_and_marks_an_unreadable_notification(self):
        self.client.force_login(self.root)
        delivery = Delivery.objects.get(notification=self.bad)
        for column in self.each():
            if column == "title":
                continue  # SQLite gives no text that is not UTF-8, to nobody
            for url in (
                reverse("admin:durable_notifications_notification_changelist"),
                reverse("admin:durable_notifications_notification_change", args=[self.bad.pk]),
            ):
                self.assertContains(self.client.get(url), f"cannot be read: {column}")
            for url in (
                reverse("admin:durable_notifications_delivery_changelist"),
                reverse("admin:durable_notifications_delivery_change", args=[delivery.pk]),
                reverse("admin:durable_notifications_notification_delete", args=[self.bad.pk]),
                reverse("home"),
            ):
                self.assertEqual(self.client.get(url).status_code, 200)

    def test_the_list_of_a_user_leaves_out_an_unreadable_notification(self):
        self.client.force_login(self.root)
        write(self.bad, "expires_at", NEVER[connection.vendor])
        page = self.client.get(reverse("home"))
        self.assertEqual([d.notification for d in page.context["deliveries"]], [self.good])

    @tag("slow")
    def test_counts_statistics_and_pruning_work_beside_an_unreadable_notification(self):
        for _ in self.each():
            statistics()
            drop_excess(count([self.root.pk]))
            call_command("prune_notifications", stdout=StringIO())
            self.assertTrue(Notification.objects.filter(pk=self.good.pk).exists())
            self.assertEqual(Delivery.objects.get(notification=self.good).state, "queued")
            Delivery.objects.get_or_create(recipient=self.root, notification=self.bad)

    def test_a_notification_older_than_time_is_no_reason_to_drop_others(self):
        first = {"postgresql": "-infinity", "sqlite": "0000-01-01 00:00:00"}[connection.vendor]
        newest = notify(self.root, "newest and older than time")
        write(newest, "created_at", first)
        self.assertEqual(drop_excess(count([self.root.pk])), {})
        prune(365, batch_size=100, done=lambda number: None)
        self.assertTrue(Delivery.objects.queued().filter(notification=self.good).exists())

    def test_the_sweep_gets_past_unreadable_notifications(self):
        Notification.objects.update(created_at=datetime(2020, 1, 1, tzinfo=UTC))
        with self.assertNumQueries(4):
            pairs = queue.overdue([self.root.pk], 2, 1, {self.bad.pk})
        self.assertEqual(pairs, [(self.root.pk, self.good.pk)])

    def test_the_sweep_gets_past_deliveries_whose_notification_is_gone(self):
        Notification.objects.update(created_at=datetime(2020, 1, 1, tzinfo=UTC))
        Notification.objects.filter(pk=self.bad.pk)._raw_delete("default")
        self.assertEqual(queue.overdue([self.root.pk], 2, 1), [(self.root.pk, self.good.pk)])

    def test_the_admin_marks_an_unreadable_time_of_a_delivery(self):
        self.client.force_login(self.root)
        with connection.cursor() as cursor:
            table = Delivery._meta.db_table
            cursor.execute(
                f"UPDATE {table} SET delivered_at = %s WHERE notification_id = %s",
                [NEVER[connection.vendor], self.bad.pk],
            )
        page = self.client.get(reverse("admin:durable_notifications_delivery_changelist"))
        self.assertContains(page, "unreadable")

    def test_the_key_of_an_unreadable_notification_is_refused_and_nobody_gets_it(self):
        for column in ("created_at", "expires_at"):
            keyed = notify(self.root, "keyed", key=column)
            write(keyed, column, NEVER[connection.vendor])
            late = make_user(f"late for {column}")
            message = f"^key '{column}' is that of a stored notification that cannot be read"
            with self.assertRaisesRegex(InvalidNotification, message), transaction.atomic():
                notify(late, "keyed", key=column)
            self.assertFalse(late.deliveries.exists())

    def test_the_admin_page_of_a_delivery_whose_notification_is_gone_opens(self):
        self.client.force_login(self.root)
        delivery = Delivery.objects.get(notification=self.bad)
        url = reverse("admin:durable_notifications_delivery_change", args=[delivery.pk])
        Notification.objects.filter(pk=self.bad.pk)._raw_delete("default")
        self.assertContains(self.client.get(url), f"notification {self.bad.pk} → user")
        self.assertEqual(delivery.state, "queued")

    def test_readable_expiry_times_and_frames_come_back_as_they_were(self):
        for zone in (timezone(timedelta(hours=-12)), timezone(timedelta(hours=14))):
            expires_at = datetime(9998, 12, 31, 23, 59, 59, 999999, tzinfo=zone)
            for moment in (expires_at, datetime(2, 1, 1, tzinfo=zone)):
                stored = Notification.objects.get(pk=notify([], "Hi", expires_at=moment).pk)
                self.assertEqual((stored.expires_at, stored.unreadable), (moment, ()))
        text, _ = read_frames([self.good.pk])[self.good.pk]
        self.assertEqual(json.loads(text), json.loads(self.good.frame()))

    def test_an_expiry_at_the_last_moment_of_a_day_can_be_read(self):
        tomorrow = datetime.now(UTC).date() + timedelta(days=1)
        expires_at = datetime.combine(tomorrow, time.max, UTC)
        notification = notify([], "Until midnight", expires_at=expires_at)
        self.assertEqual(Notification.objects.get(pk=notification.pk).expires_at, expires_at)
        self.assertIn(notification.pk, read_frames([notification.pk]))


@quick(SWEEP_SECONDS=0.1, SWEEP_GRACE_SECONDS=0, WINDOW=2)
class UnreadableRowHubTests(HubTestCase):
    async def test_clients_are_greeted_beside_unreadable_notifications_that_are_logged_once(self):
        bad = await write_rows([self.ada], 3)
        (good,) = await write_rows([self.ada, self.bob], 1)
        for pk in bad:
            await sync_to_async(write)(Notification(pk=pk), "expires_at", NEVER[connection.vendor])
        with self.assertLogs("notifications", "ERROR") as logs:
            clients = [MemoryClient(user) for user in (self.ada, *[self.bob] * 10)]
            await asyncio.gather(*(client.connect() for client in clients))
            for client in clients:
                self.assertEqual(client.frames[0]["type"], "hello")
                await client.until_arrived([good])
            clients[0].ack([good])
            (later,) = await write_rows([self.ada], 1)  # without a hint: by the sweep
            await clients[0].until_arrived([later])
            for client in clients:
                await client.disconnect()
            async with self.connected(self.ada) as again:
                await again.until_arrived([later])
        self.assertEqual(clients[0].arrived, [good, later])
        self.assertEqual(len(logs.output), len(bad), logs.output)
