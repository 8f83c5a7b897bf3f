from datetime import timedelta
from unittest import mock

from django.db import connection
from django.test import override_settings
from django.test.utils import CaptureQueriesContext

from notifications.models import Delivery, Notification
from notifications.moving import importing
from notifications.moving.importing import AlreadySending
from notifications.moving.source import NoSuchTable
from notifications.send import notify

from .case import COLUMNS, MovingTestCase


class ImportTests(MovingTestCase):
    def titles(self, user=None):
        mine = Delivery.objects.filter(recipient=user or self.ada).order_by("-notification_id")
        return [delivery.notification.title for delivery in mine]

    def fill(self, number):
        for id_ in range(1, number + 1):
            self.add(id_, verb=f"did {id_}")

    def test_each_row_becomes_a_notification_of_its_recipient_in_the_same_order(self):
        self.fill(3)
        self.add(4, recipient_id=self.bob.pk, verb="answered", actor=self.ada)
        total = self.run_import()
        self.assertEqual((total.imported, total.looked_at), (4, 4))
        self.assertEqual(self.titles(), ["bob did 3", "bob did 2", "bob did 1"])
        self.assertEqual(self.titles(self.bob), ["ada answered"])

    def test_unread_and_read_stay_so_and_nothing_waits_to_be_pushed(self):
        self.add(1)
        self.add(2, unread=False)
        self.run_import()
        unread, read = Delivery.objects.order_by("pk")
        self.assertEqual((unread.state, read.state), ("delivered", "read"))
        self.assertEqual(unread.delivered_at, self.now - timedelta(days=30, minutes=-1))
        self.assertEqual(Notification.objects.first().created_at, read.read_at)

    def test_a_second_import_adds_only_what_has_come_since(self):
        self.fill(3)
        self.run_import()
        self.add(4, verb="came late")
        total = self.run_import()
        self.assertEqual((total.imported, total.present), (1, 3))
        self.assertEqual(self.titles()[0], "bob came late")
        self.assertEqual(Delivery.objects.count(), 4)

    def test_an_import_that_was_cut_off_goes_on_and_has_each_row_once(self):
        self.fill(5)

        class PowerCut(Exception):
            pass

        def cut(total):
            if total.looked_at == 4:
                raise PowerCut

        with self.assertRaises(PowerCut):
            self.run_import(done=cut)
        self.assertEqual(Notification.objects.count(), 4)
        total = self.run_import()
        self.assertEqual((total.imported, total.present), (1, 4))
        self.assertEqual(self.titles(), [f"bob did {id_}" for id_ in (5, 4, 3, 2, 1)])

    def test_a_batch_of_which_a_part_fails_leaves_nothing(self):
        self.fill(2)
        with (
            mock.patch.object(Delivery.objects, "using", side_effect=ValueError),
            self.assertRaises(ValueError),
        ):
            self.run_import()
        self.assertEqual(Notification.objects.count(), 0)

    def test_a_dry_run_counts_the_same_and_writes_nothing(self):
        self.fill(3)
        self.add(4, deleted=True)
        self.add(5, verb="x", description="x" * 9000)
        counted = self.run_import(dry_run=True)
        self.assertEqual(Notification.objects.count(), 0)
        self.assertEqual(counted, self.run_import())
        self.assertEqual((counted.imported, counted.deleted, counted.refused), (3, 1, 1))
        self.assertRegex(counted.reasons[0], "^5: the notification has .* bytes")

    @override_settings(NOTIFICATIONS={"KEEP_DAYS": 10})
    def test_rows_that_would_be_pruned_the_next_day_are_left_out(self):
        self.add(1)
        self.add(2, timestamp=self.now)
        total = self.run_import()
        self.assertEqual((total.imported, total.too_old), (1, 1))

    def test_rows_of_any_age_come_where_the_site_keeps_them_for_ever(self):
        self.add(1, timestamp=self.now - timedelta(days=9000))
        with override_settings(NOTIFICATIONS={"KEEP_DAYS": 10**9}):
            self.assertEqual(self.run_import().imported, 1)

    def test_no_more_reasons_are_kept_than_anybody_reads(self):
        for id_ in range(1, 5):
            self.add(id_, description="x" * 9000)
        with mock.patch.object(importing, "MAX_REASONS", 2):
            total = self.run_import()
        self.assertEqual((total.refused, len(total.reasons)), (4, 2))

    def test_after_this_app_has_sent_an_import_is_refused(self):
        self.fill(1)
        notify(self.ada, "ours")
        for dry_run in (True, False):
            with self.assertRaisesRegex(AlreadySending, "import before"):
                self.run_import(dry_run=dry_run)
        self.assertEqual(self.titles(), ["ours"])

    def test_a_notification_that_is_sent_afterwards_is_newer_and_stays_in_the_queue(
        self,
    ):
        self.fill(3)
        self.run_import()
        notify(self.ada, "ours")
        self.assertEqual(self.titles()[0], "ours")
        self.assertEqual(Delivery.objects.queued().count(), 1)

    def test_a_table_may_have_a_prefix_and_another_table_is_another_source(self):
        self.fill(2)
        self.create("acme_notification")
        self.add(1, table="acme_notification", verb="came from acme")
        self.run_import()
        self.run_import(table="acme_notification")
        self.assertEqual(self.titles()[0], "bob came from acme")
        self.assertEqual(len(self.titles()), 3)

    def test_a_table_of_an_old_version_has_no_data(self):
        without = {name: kind for name, kind in COLUMNS.items() if name != "data"}
        self.create("old_notification", without)
        self.add(1, table="old_notification")
        self.assertEqual(self.run_import(table="old_notification").imported, 1)
        self.assertEqual(Notification.objects.get().data, {"verb": "liked"})

    def test_a_table_that_is_none_of_theirs_is_refused_by_name(self):
        self.create("other", {"id": "integer PRIMARY KEY", "verb": "text"})
        for table, said in (
            ("nowhere", "no table nowhere"),
            ("other", "no action_object_content_type_id"),
        ):
            with self.assertRaisesRegex(NoSuchTable, said):
                self.run_import(table=table)

    def test_a_batch_takes_the_same_queries_however_many_rows_it_has(self):
        self.fill(4)
        self.assertEqual(self.queries(batch_size=4), self.queries(batch_size=9))
        self.assertLess(self.queries(batch_size=9), self.queries(batch_size=1))

    def queries(self, batch_size):
        with CaptureQueriesContext(connection) as found:
            self.run_import(batch_size=batch_size, dry_run=True)
        return len(found)
