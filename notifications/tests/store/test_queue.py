from datetime import timedelta

from django.db.models.functions import Now

from notifications.models import Notification
from notifications.send import notify
from notifications.store import queue

from ..users import make_users
from .deliveries import DeliveriesTestCase


class QueueReplayTests(DeliveriesTestCase):
    def test_a_replay_pages_through_the_queue_from_the_oldest_on(self):
        pk, ids = self.alice.pk, self.ids
        self.assertEqual(queue.replay([(pk, 0)], 4), [ids[:4]])
        self.assertEqual(queue.replay([(pk, ids[3])], 4), [ids[4:]])
        self.assertEqual(queue.replay([(pk, ids[5])], 4), [[]])

    def test_each_user_of_a_replay_has_a_place_of_their_own(self):
        wanted = [(self.bob.pk, self.ids[2]), (self.alice.pk, 0), (self.bob.pk, self.ids[4])]
        pages = queue.replay(wanted, 2)
        self.assertEqual(pages, [self.ids[3:5], self.ids[:2], self.ids[5:]])

    def test_a_replay_leaves_out_what_any_device_has_acknowledged(self):
        self.mark("delivered", self.alice, self.ids[:2])
        self.mark("read", self.alice, self.ids[2:3])
        self.mark("archived", self.alice, self.ids[3:4])
        pages = queue.replay([(self.alice.pk, 0), (self.bob.pk, 0)], 10)
        self.assertEqual(pages, [self.ids[4:], self.ids])

    def test_a_replay_for_a_user_without_a_queue_is_an_empty_page(self):
        self.assertEqual(queue.replay([(10**6, 0), (self.bob.pk, 0)], 1), [[], self.ids[:1]])
        self.assertEqual(queue.replay([], 10), [])

    def test_a_replay_for_many_users_is_one_query(self):
        users = make_users(200)
        notify(users, "Hi")
        wanted = [(pk, 0) for pk in users.values_list("pk", flat=True)]
        with self.assertNumQueries(1):
            pages = queue.replay(wanted, 10)
        self.assertEqual([len(page) for page in pages], [1] * 200)


class OverdueTests(DeliveriesTestCase):
    def age(self, ids, seconds):
        created_at = Now() - timedelta(seconds=seconds)
        Notification.objects.filter(pk__in=ids).update(created_at=created_at)

    def test_deliveries_older_than_the_grace_are_overdue(self):
        self.age(self.ids[:2], 60)
        pks = [self.alice.pk, self.bob.pk]
        expected = [(pk, number) for pk in pks for number in self.ids[:2]]
        self.assertEqual(queue.overdue(pks, 30, 10), expected)
        self.assertEqual(queue.overdue(pks, 90, 10), [])

    def test_overdue_deliveries_are_the_oldest_few_of_each_user(self):
        self.age(self.ids, 60)
        pairs = queue.overdue([self.alice.pk, self.bob.pk], 30, 2)
        expected = [(pk, number) for pk in (self.alice.pk, self.bob.pk) for number in self.ids[:2]]
        self.assertEqual(pairs, expected)

    def test_deliveries_sent_before_a_clock_was_set_back_are_overdue(self):
        self.age(self.ids[:1], -1800)
        pairs = queue.overdue([self.alice.pk], 30, 10)
        self.assertEqual(pairs, [(self.alice.pk, self.ids[0])])

    def test_acknowledged_deliveries_are_never_overdue(self):
        self.age(self.ids, 60)
        self.mark("delivered", self.alice, self.ids)
        self.assertEqual(queue.overdue([self.alice.pk], 30, 10), [])

    def test_overdue_deliveries_take_two_queries_and_none_without_users(self):
        self.age(self.ids, 60)
        with self.assertNumQueries(2):
            queue.overdue([self.alice.pk, self.bob.pk], 30, 10)
        with self.assertNumQueries(0):
            self.assertEqual(queue.overdue([], 30, 10), [])
