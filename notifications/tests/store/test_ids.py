from notifications.models import Notification
from notifications.store.ids import ids_after, newest_id

from .deliveries import DeliveriesTestCase


class NewestIdTests(DeliveriesTestCase):
    def test_the_newest_id_is_the_highest_of_all_and_0_without_any(self):
        self.assertEqual(newest_id(), self.ids[-1])
        Notification.objects.all().delete()
        self.assertEqual(newest_id(), 0)


class IdsAfterTests(DeliveriesTestCase):
    def test_the_newest_ids_above_an_id_come_in_order(self):
        self.assertEqual(ids_after(self.ids[1], 100), self.ids[2:])
        self.assertEqual(ids_after(self.ids[1], 2), self.ids[4:])
        self.assertEqual(ids_after(self.ids[-1], 2), [])
