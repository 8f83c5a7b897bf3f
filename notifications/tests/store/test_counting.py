from notifications.send import notify
from notifications.store.counting import count

from ..users import make_users
from .deliveries import DeliveriesTestCase


class DeliveryCountTests(DeliveriesTestCase):
    def counts(self, pks):
        return {pk: (mine.queued, mine.unread) for pk, mine in count(pks).items()}

    def test_queued_and_unread_deliveries_are_counted_for_each_user(self):
        self.mark("delivered", self.alice, self.ids[:1])
        self.mark("read", self.alice, self.ids[1:3])
        self.mark("archived", self.alice, self.ids[3:4])
        self.assertEqual(
            self.counts([self.alice.pk, self.bob.pk]), {self.alice.pk: (2, 3), self.bob.pk: (6, 6)}
        )

    def test_counts_leave_out_users_with_nothing_queued_or_unread(self):
        self.mark("read", self.alice, self.ids)
        self.assertEqual(count([self.alice.pk, 10**6]), {})
        self.assertEqual(count([]), {})

    def test_counts_for_many_users_are_one_query(self):
        users = make_users(200)
        notify(users, "Hi")
        pks = list(users.values_list("pk", flat=True))
        with self.assertNumQueries(1):
            self.assertEqual(self.counts(pks), dict.fromkeys(pks, (1, 1)))
