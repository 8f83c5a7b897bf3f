from datetime import timedelta

from django.db.models.functions import Now

from notifications.models import Delivery
from notifications.send import notify
from notifications.store.recipients import ACKNOWLEDGED_LATELY_SECONDS, MANY, recipients_among

from ..users import make_users
from .deliveries import DeliveriesTestCase


class RecipientsAmongTests(DeliveriesTestCase):
    def long_ago(self):
        Delivery.objects.exclude(delivered_at=None).update(
            delivered_at=Now() - timedelta(seconds=2 * ACKNOWLEDGED_LATELY_SECONDS)
        )

    def test_recipients_are_named_by_notification_the_oldest_first(self):
        self.mark("delivered", self.alice, self.ids[:1])
        self.long_ago()
        pks = [self.alice.pk, self.bob.pk]
        found = recipients_among(set(self.ids[:2]), pks)
        self.assertEqual(found, {self.ids[0]: [pks[1]], self.ids[1]: pks})
        self.assertEqual(list(found), self.ids[:2])

    def test_recipients_whose_other_device_acknowledged_a_moment_ago_are_still_named(self):
        pks = [self.alice.pk, self.bob.pk]
        for kind in ("delivered", "seen", "read", "archived"):
            self.mark(kind, self.alice, self.ids[:1])
            self.assertEqual(recipients_among(self.ids[:1], pks), {self.ids[0]: pks}, kind)

    def test_recipients_whose_delivery_was_dropped_are_not_named(self):
        Delivery.objects.filter(recipient=self.alice, notification=self.ids[0]).drop()
        self.assertEqual(recipients_among(self.ids[:1], [self.alice.pk]), {})

    def test_recipients_that_were_not_asked_about_are_not_named(self):
        bob = [self.bob.pk]
        self.assertEqual(recipients_among(self.ids[:1], bob), {self.ids[0]: bob})
        self.assertEqual(recipients_among([10**12], bob), {})
        self.assertEqual(recipients_among([], bob), {})
        self.assertEqual(recipients_among(self.ids, []), {})

    def test_of_very_many_recipients_only_those_asked_about_are_named(self):
        everybody = make_users(2 * MANY + 1)
        first, second = asked = list(everybody.order_by("pk")[:2])
        few, many = notify(asked, "few").pk, notify(everybody, "many").pk
        self.mark("delivered", first, [few])
        self.mark("delivered", second, [many])
        pks = [first.pk, second.pk]
        both = {few: pks, many: pks}
        found = recipients_among([few, many], pks)
        self.assertEqual({number: sorted(listed) for number, listed in found.items()}, both)
        self.long_ago()
        found = recipients_among([few, many], pks)
        self.assertEqual(found, {few: [second.pk], many: [first.pk]})
        self.mark("delivered", first, [many])
        self.long_ago()
        self.assertEqual(recipients_among([many], pks), {})
