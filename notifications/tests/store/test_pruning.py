from datetime import timedelta
from io import StringIO

from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connection
from django.test import TransactionTestCase, override_settings
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from notifications.models import Delivery, Notification
from notifications.send import notify
from notifications.signals import Drop, dropped
from notifications.store.counting import count
from notifications.store.limits import drop_excess, drop_excess_of_all
from notifications.store.pruning import prune

from ..receivers import listening

User = get_user_model()


class PruningTestCase(TransactionTestCase):
    def setUp(self):
        self.ada = User.objects.create_user("ada")
        self.bob = User.objects.create_user("bob")

    def aged(self, days, recipients=None, **content):
        notification = notify(recipients or [self.ada], "n", **content)
        Notification.objects.filter(pk=notification.pk).update(
            created_at=timezone.now() - timedelta(days=days)
        )
        return notification

    def run_command(self, *args):
        out = StringIO()
        call_command("prune_notifications", *args, stdout=out)
        return out.getvalue()


class PruneTests(PruningTestCase):
    def test_pruning_deletes_what_is_older_and_keeps_the_rest(self):
        self.aged(11, [self.ada, self.bob])
        young = self.aged(9)
        out = self.run_command("--days", "10")
        self.assertIn("Deleted 2 deliveries and 1 notifications", out)
        self.assertEqual(list(Notification.objects.all()), [young])
        self.assertEqual(Delivery.objects.get().notification, young)

    def test_pruning_deletes_expired_notifications(self):
        notify([self.ada], "n", expires_at=timezone.now() - timedelta(seconds=1))
        self.run_command()
        self.assertFalse(Notification.objects.exists() or Delivery.objects.exists())

    def test_pruning_deletes_deliveries_left_without_a_user_or_a_notification(self):
        kept = self.aged(1, [self.bob])
        gone = self.aged(1)
        Notification.objects.filter(pk=gone.pk)._raw_delete("default")
        self.aged(1)
        User.objects.filter(pk=self.ada.pk)._raw_delete("default")
        self.run_command()
        self.assertEqual([d.notification for d in Delivery.objects.all()], [kept])

    def test_a_dry_run_of_pruning_counts_and_deletes_nothing(self):
        self.aged(400, [self.ada, self.bob])
        out = self.run_command("--dry-run")
        self.assertIn("Would delete 2 deliveries and 1 notifications", out)
        self.assertEqual((Notification.objects.count(), Delivery.objects.count()), (1, 2))

    def test_pruning_works_in_batches_and_loads_no_objects(self):
        for _ in range(25):
            self.aged(11)
        batches = []
        with CaptureQueriesContext(
            connection,
        ) as queries:
            prune(10, batch_size=10, done=batches.append)
        self.assertEqual(batches, [10, 10, 5, 10, 10, 5])
        selects = [q["sql"] for q in queries if q["sql"].startswith("SELECT")]
        self.assertEqual([sql for sql in selects if "title" in sql], [])

    def test_the_prune_command_refuses_options_that_make_no_sense(self):
        days, rows = "--days is at least 0", "give a number from 1 to 1000000"
        for option, value, said in (
            ("--days", "-1", days),
            ("--days", "nan", days),
            ("--batch-size", "0", rows),
            ("--batch-size", "9" * 30, rows),
            ("--batch-size", "many", rows),
        ):
            with self.subTest(option, value=value), self.assertRaisesMessage(CommandError, said):
                self.run_command(option, value)


class QueueLimitTests(PruningTestCase):
    @override_settings(NOTIFICATIONS={"MAX_QUEUED": 3})
    def test_the_oldest_deliveries_beyond_the_count_are_dropped_from_the_queue(self):
        ids = [notify([self.ada], "n").pk for _ in range(5)]
        other = notify([self.bob], "n").pk
        self.assertEqual(drop_excess_of_all(), 2)
        queued = Delivery.objects.queued().order_by("notification_id")
        self.assertEqual([d.notification_id for d in queued], [*ids[2:], other])
        gone = Delivery.objects.dropped()
        self.assertEqual({d.notification_id for d in gone}, set(ids[:2]))
        self.assertEqual({d.state for d in gone}, {"dropped"})

    @override_settings(NOTIFICATIONS={"MAX_QUEUED_DAYS": 10})
    def test_deliveries_older_than_the_age_are_dropped_from_the_queue(self):
        old, young = self.aged(11), self.aged(9)
        found = count([self.ada.pk, self.bob.pk])
        self.assertEqual(drop_excess(found), {self.ada.pk: 1})
        self.assertEqual(Delivery.objects.queued().get().notification, young)
        self.assertEqual(Delivery.objects.dropped().get().notification, old)

    @override_settings(NOTIFICATIONS={"MAX_QUEUED_DAYS": 10})
    def test_a_delivery_that_came_or_was_acknowledged_since_the_count_is_not_told_as_dropped(self):
        self.aged(11, [self.ada, self.bob])
        found = count([self.ada.pk, self.bob.pk])
        Delivery.objects.filter(recipient=self.bob).mark_delivered()
        for _ in range(3):
            notify([self.ada], "came meanwhile")
        with listening(dropped) as batches:
            self.assertEqual(drop_excess(found), {self.ada.pk: 1})
        self.assertEqual(batches, [[Drop(self.ada.pk, 1)]])

    @override_settings(NOTIFICATIONS={"MAX_QUEUED": 1})
    def test_delivered_notifications_do_not_count_towards_the_limit_of_a_queue(self):
        notify([self.ada], "n")
        Delivery.objects.all().mark_delivered()
        notify([self.ada], "n")
        self.assertEqual(drop_excess_of_all(), 0)

    def test_a_queue_within_its_limits_is_not_locked(self):
        notify([self.ada], "n")
        found = count([self.ada.pk])
        with CaptureQueriesContext(connection) as queries:
            self.assertEqual(drop_excess(found), {})
        self.assertEqual([q["sql"][:6] for q in queries], ["SELECT"])
