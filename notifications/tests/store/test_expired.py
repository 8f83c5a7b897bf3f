"""What has expired counts nowhere."""

from datetime import timedelta

from django.db.models.functions import Now
from django.test import override_settings
from django.utils import timezone

from notifications.models import Delivery, Notification
from notifications.store import marking, queue
from notifications.store.counting import count
from notifications.store.limits import drop_excess
from notifications.store.recipients import recipients_among

from .deliveries import DeliveriesTestCase


class ExpiryTests(DeliveriesTestCase):
    """What has expired is in no queue and no count, and in nobody's way."""

    @classmethod
    def setUpTestData(cls):
        super().setUpTestData()
        past = timezone.now() - timedelta(seconds=1)
        cls.expired, cls.ids = cls.ids[:3], cls.ids[3:]
        Notification.objects.filter(pk__in=cls.expired).update(expires_at=past)
        Notification.objects.update(created_at=Now() - timedelta(minutes=1))

    def test_counts_leave_out_expired_notifications(self):
        self.mark("delivered", self.alice, [self.expired[0], self.ids[0]])
        mine = count([self.alice.pk])[self.alice.pk]
        self.assertEqual((mine.queued, mine.unread, mine.oldest), (2, 3, self.ids[1]))

    def test_a_replay_leaves_out_expired_notifications(self):
        self.assertEqual(queue.replay([(self.alice.pk, 0)], 2), [self.ids[:2]])

    def test_the_sweep_gets_past_any_number_of_expired_notifications(self):
        pairs = queue.overdue([self.alice.pk], 2, len(self.expired))
        self.assertEqual(pairs, [(self.alice.pk, number) for number in self.ids])

    def test_an_announcement_of_expired_notifications_is_for_nobody(self):
        pks = [self.alice.pk, self.bob.pk]
        for among in (pks, [10**6]):  # few who have it, and more than are asked about
            found = recipients_among([*self.expired, self.ids[0]], among)
            self.assertEqual(set(found), {self.ids[0]} if among is pks else set())

    def test_read_all_leaves_out_expired_notifications(self):
        Delivery.objects.all().mark_delivered()
        self.assertEqual(marking.read_all(self.alice.pk, 2**62), self.ids)

    @override_settings(NOTIFICATIONS={"MAX_QUEUED": 3})
    def test_expired_notifications_fill_no_queue(self):
        self.assertEqual(drop_excess(count([self.alice.pk])), {})
        self.assertFalse(Delivery.objects.dropped().exists())
