import json
from datetime import timedelta

from django.utils import timezone

from notifications.models import Notification
from notifications.store.frames import read_frames

from .deliveries import DeliveriesTestCase


class NotificationTextTests(DeliveriesTestCase):
    def test_texts_of_notifications_are_frames_by_id(self):
        texts = read_frames(self.ids[:2])
        self.assertEqual(sorted(texts), self.ids[:2])
        frame = json.loads(texts[self.ids[0]][0])
        self.assertEqual(
            (frame["type"], frame["id"], frame["title"]), ("notification", self.ids[0], "n0")
        )

    def test_texts_leave_out_notifications_that_are_expired_or_gone(self):
        expired, soon, gone = self.ids[:3]
        now = timezone.now()
        Notification.objects.filter(pk=expired).update(expires_at=now - timedelta(seconds=1))
        Notification.objects.filter(pk=soon).update(expires_at=now + timedelta(minutes=1))
        Notification.objects.filter(pk=gone).delete()
        self.assertEqual(list(read_frames([expired, soon, gone, 10**12])), [soon])

    def test_texts_of_many_notifications_are_one_query(self):
        with self.assertNumQueries(1):
            self.assertEqual(len(read_frames(self.ids)), 6)
