from datetime import timedelta
from unittest import mock

from django.db.models.functions import Now
from django.utils import timezone

from notifications.models import Delivery, Notification
from notifications.store import marking
from notifications.store.own.changing import up_to

from .deliveries import DeliveriesTestCase


class DeliveryMarkTests(DeliveriesTestCase):
    def test_each_mark_of_a_delivery_implies_the_earlier_states(self):
        columns = ("delivered_at", "seen_at", "read_at", "archived_at")
        for number, kind, implied in (
            (self.ids[0], "delivered", ["delivered_at"]),
            (self.ids[1], "seen", ["delivered_at", "seen_at"]),
            (self.ids[2], "read", ["delivered_at", "seen_at", "read_at"]),
            (self.ids[3], "archived", ["delivered_at", "archived_at"]),
        ):
            self.assertEqual(self.mark(kind, self.alice, [number]), 1)
            delivery = Delivery.objects.get(recipient=self.alice, notification=number)
            marked = [name for name in columns if getattr(delivery, name)]
            self.assertEqual((kind, marked), (kind, implied))

    def test_one_query_marks_the_deliveries_of_many_users(self):
        with self.assertNumQueries(1):
            marked = {self.alice.pk: self.ids[:2], self.bob.pk: self.ids[1:5]}
            self.assertEqual(marking.mark("read", marked), 6)
        self.assertEqual(self.states(self.alice), ["read"] * 2 + ["queued"] * 4)
        self.assertEqual(self.states(self.bob), ["queued"] + ["read"] * 4 + ["queued"])

    def test_marking_a_delivery_again_changes_nothing(self):
        for kind in ("delivered", "seen", "read", "archived"):
            self.assertEqual(self.mark(kind, self.alice, self.ids), 6)
            before = list(Delivery.objects.values())
            self.assertEqual(self.mark(kind, self.alice, self.ids), 0)
            self.assertEqual(list(Delivery.objects.values()), before)

    def test_a_later_mark_keeps_the_times_of_earlier_marks(self):
        then = timezone.now() - timedelta(days=1)
        Delivery.objects.update(delivered_at=then)
        self.mark("read", self.alice, self.ids)
        delivery = Delivery.objects.filter(recipient=self.alice).first()
        self.assertEqual(delivery.delivered_at, then)
        self.assertGreater(delivery.seen_at, then)

    def test_the_times_of_marks_are_those_of_the_database(self):
        before = timezone.now() - timedelta(seconds=5)
        self.mark("read", self.alice, self.ids)
        found = Delivery.objects.filter(read_at__lte=Now(), read_at__gt=before)
        self.assertEqual(found.count(), 6)

    def test_marking_deliveries_that_do_not_exist_is_no_error(self):
        Notification.objects.filter(pk=self.ids[0]).delete()
        marked = {self.alice.pk: [*self.ids, 10**12], 10**6: self.ids}
        self.assertEqual(marking.mark("delivered", marked), 5)

    def test_marking_no_delivery_at_all_is_no_error(self):
        for nothing in ({}, {self.alice.pk: []}):
            self.assertEqual(marking.mark("seen", nothing), 0)


class ReadAllTests(DeliveriesTestCase):
    def test_read_all_takes_only_what_was_delivered_and_is_not_newer(self):
        self.mark("delivered", self.alice, self.ids[:2] + self.ids[3:5])
        self.assertEqual(marking.read_all(self.alice.pk, self.ids[3]), [*self.ids[:2], self.ids[3]])
        self.assertEqual(
            self.states(self.alice), ["read", "read", "queued", "read", "delivered", "queued"]
        )

    def test_read_all_names_only_the_ids_that_have_changed(self):
        self.mark("delivered", self.alice, self.ids)
        self.mark("read", self.alice, self.ids[:1])
        self.mark("archived", self.alice, self.ids[1:2])
        self.assertEqual(marking.read_all(self.alice.pk, self.ids[3]), self.ids[2:4])
        self.assertEqual(marking.read_all(self.alice.pk, self.ids[3]), [])

    def test_read_all_leaves_the_deliveries_of_other_users_alone(self):
        Delivery.objects.all().mark_delivered()
        marking.read_all(self.alice.pk, self.ids[-1])
        self.assertEqual(self.states(self.bob), ["delivered"] * 6)

    def test_read_all_with_nothing_to_read_is_no_error(self):
        self.assertEqual(marking.read_all(10**6, 2**63 - 1), [])

    def test_read_all_goes_on_though_somebody_else_reads_in_the_same_moment(self):
        self.mark("delivered", self.alice, self.ids)
        found = up_to("read", self.alice.pk, self.ids[-1], 3)
        self.mark("read", self.alice, self.ids[:1])
        with mock.patch.object(marking, "up_to", return_value=found):
            self.assertEqual(
                marking.read_some(self.alice.pk, self.ids[-1], 3), (self.ids[1:3], False)
            )
