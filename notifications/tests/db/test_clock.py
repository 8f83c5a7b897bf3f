import json
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from io import StringIO
from zoneinfo import ZoneInfo

from django.core.management import call_command
from django.db import connection, connections
from django.test import TransactionTestCase, override_settings
from django.utils import timezone

from notifications.db.clock import Now, ago, in_utc
from notifications.models import Delivery, Notification
from notifications.send import notify
from notifications.store import marking, queue
from notifications.store.counting import count
from notifications.store.frames import read_frames
from notifications.store.limits import drop_excess
from notifications.store.stats import statistics

from ..users import make_user

SECOND = timedelta(seconds=1)
ZONES = ("America/New_York", "UTC", "Asia/Tokyo", "Pacific/Kiritimati")


class InEveryZone(TransactionTestCase):
    """Each test is run in zones west and east of Greenwich, with time zones off."""

    def each_zone(self):
        for zone in ZONES:
            with self.subTest(zone), override_settings(USE_TZ=False, TIME_ZONE=zone):
                Notification.objects.all().delete()
                self.alice = make_user(f"alice in {zone}")
                yield zone


class LocalTimeTests(InEveryZone):
    def test_the_database_clock_tells_local_time_where_time_zones_are_off(self):
        for zone in self.each_zone():
            now = Notification.objects.values_list(Now(), flat=True)
            notification = notify(self.alice, "Hi")
            local = datetime.now(ZoneInfo(zone)).replace(tzinfo=None)
            for told in (now.get(), notification.created_at, timezone.now()):
                self.assertLess(abs(told - local), 5 * SECOND)

    def test_the_times_of_marks_are_local_where_time_zones_are_off(self):
        for _ in self.each_zone():
            notification = notify(self.alice, "Hi")
            marking.mark("read", {self.alice.pk: [notification.pk]})
            Delivery.objects.all().mark_archived()
            delivery = Delivery.objects.get()
            for told in (delivery.delivered_at, delivery.read_at, delivery.archived_at):
                self.assertLess(abs(told - timezone.now()), 5 * SECOND)

    def test_clients_are_told_times_in_utc_where_the_database_has_a_zone_of_its_own(self):
        told = in_utc(datetime(2026, 1, 31, 13, tzinfo=ZoneInfo("Europe/Berlin")))
        self.assertEqual(told.isoformat(), "2026-01-31T12:00:00+00:00")

    def test_clients_are_told_times_in_utc_live_and_replayed(self):
        for _ in self.each_zone():
            notification = notify(self.alice, "Hi")
            text = notification.frame()
            told = datetime.fromisoformat(json.loads(text)["created_at"])
            self.assertEqual(told.utcoffset(), timedelta())
            self.assertLess(abs(told - datetime.now(UTC)), 5 * SECOND)
            replayed, _ = read_frames([notification.pk])[notification.pk]
            self.assertEqual(replayed, text)

    def test_a_notification_is_current_until_it_expires_in_any_local_time(self):
        for _ in self.each_zone():
            now = timezone.now()
            soon = notify(self.alice, "soon", expires_at=now + 60 * SECOND)
            over = notify(self.alice, "over", expires_at=now - 60 * SECOND)
            self.assertEqual(Delivery.objects.unread().get().notification, soon)
            self.assertEqual(list(Notification.objects.current()), [soon])
            self.assertEqual(list(Notification.objects.expired()), [over])
            self.assertEqual(list(read_frames([soon.pk, over.pk])), [soon.pk])
            self.assertEqual(queue.replay([(self.alice.pk, 0)], 10), [[soon.pk]])
            self.assertEqual(count([self.alice.pk])[self.alice.pk].unread, 1)
            self.assertEqual(statistics().unread, 1)

    def test_a_delivery_is_overdue_after_the_grace_in_any_local_time(self):
        for _ in self.each_zone():
            old = notify(self.alice, "old").pk
            Notification.objects.update(created_at=ago(60 * SECOND))
            notify(self.alice, "new")
            self.assertEqual(queue.overdue([self.alice.pk], 30, 10), [(self.alice.pk, old)])

    def test_pruning_deletes_only_old_and_expired_notifications_in_any_local_time(self):
        for _ in self.each_zone():
            now = timezone.now()
            for hours in (1, 25, 23):
                notify(self.alice, f"{hours} hours")
                newest = Notification.objects.latest("pk")
                newest.created_at = now - timedelta(hours=hours)
                newest.save()
            notify(self.alice, "soon", expires_at=now + 60 * SECOND)
            notify(self.alice, "over", expires_at=now - 60 * SECOND)
            call_command("prune_notifications", "--days", "1", stdout=StringIO())
            left = sorted(Notification.objects.values_list("title", flat=True))
            self.assertEqual(left, ["1 hours", "23 hours", "soon"])

    def test_deliveries_that_wait_longer_than_the_limit_are_dropped_in_any_local_time(self):
        for _ in self.each_zone():
            for hours in (23, 25):
                Notification.objects.filter(pk=notify(self.alice, f"{hours}").pk).update(
                    created_at=timezone.now() - timedelta(hours=hours)
                )
            with override_settings(NOTIFICATIONS={"MAX_QUEUED_DAYS": 1}):
                dropped = drop_excess(count([self.alice.pk]))
            self.assertEqual(dropped, {self.alice.pk: 2})  # ids stand for ages

    def test_a_local_time_that_clocks_skip_is_stored_as_the_one_an_hour_later(self):
        with override_settings(USE_TZ=False, TIME_ZONE="America/New_York"):
            skipped, real = datetime(2100, 3, 14, 2, 30), datetime(2100, 3, 14, 3, 30)
            notification = notify([], "Hi", expires_at=skipped)
            notification.refresh_from_db()
            self.assertEqual(notification.expires_at, real)


class ZoneOfTheDatabaseTests(TransactionTestCase):
    def test_times_stored_in_the_zone_of_a_database_are_compared_in_that_zone(self):
        for zone in ZONES:
            with self.subTest(zone), stored_in(zone):
                notification = notify([], "Hi", expires_at=timezone.now() + 60 * SECOND)
                notification.refresh_from_db()
                self.assertLess(abs(notification.created_at - timezone.now()), 5 * SECOND)
                self.assertFalse(Notification.objects.expired().exists())
                Notification.objects.update(expires_at=timezone.now() - 60 * SECOND)
                self.assertTrue(Notification.objects.expired().exists())
                Notification.objects.all().delete()


class LongAgeTests(TransactionTestCase):
    def test_no_age_is_too_long_for_a_query(self):
        notify([], "Hi")
        for days in (10**6, 10**9 - 1):
            older = Notification.objects.filter(created_at__lt=ago(timedelta(days=days)))
            self.assertFalse(older.exists())

    def test_no_number_of_days_in_the_settings_is_too_large_to_prune_by(self):
        notify(make_user(), "Hi")
        for days in (10**12, 1e300):
            with override_settings(NOTIFICATIONS={"MAX_QUEUED_DAYS": days, "KEEP_DAYS": days}):
                call_command("prune_notifications", stdout=StringIO())
        self.assertEqual(Delivery.objects.queued().count(), 1)


@contextmanager
def stored_in(zone):
    """`TIME_ZONE` of the database, as `DATABASES` would have it."""
    set_zone(zone)
    try:
        yield
    finally:
        set_zone(None)


def set_zone(zone):
    own = connections[connection.alias]  # `connection` stands for it, and has no such attributes
    own.settings_dict["TIME_ZONE"] = zone
    for name in ("timezone", "timezone_name"):
        vars(own).pop(name, None)
    own.close()
    if connection.vendor == "postgresql":
        own.close_pool()  # its connections were told the zone when they were opened
