from dataclasses import asdict

from django.test import TestCase

from notifications.models import Delivery
from notifications.send import notify
from notifications.stats import statistics

from .users import make_user, make_users


class StatisticsTests(TestCase):
    def test_there_may_be_nothing_to_count(self):
        self.assertEqual(set(asdict(statistics()).values()), {0})

    def test_each_state_includes_those_that_went_further(self):
        alice = make_user()
        for mark in (None, "mark_delivered", "mark_seen", "mark_read", "mark_archived"):
            notification = notify(alice, "Hi")
            if mark:
                getattr(Delivery.objects.filter(notification=notification), mark)()
        notify(make_user("bob"), "Hi")
        notify([], "To nobody")
        expected = {
            "notifications": 7,
            "deliveries": 6,
            "recipients": 2,
            "queued": 2,
            "delivered": 4,
            "seen": 2,
            "read": 1,
            "archived": 1,
        }
        self.assertLessEqual(expected.items(), asdict(statistics()).items())

    def test_it_is_two_queries_whatever_there_is(self):
        with self.assertNumQueries(2):
            statistics()
        users = make_users(500)
        for _ in range(3):
            notify(users, "Hi")
        with self.assertNumQueries(2):
            self.assertEqual(statistics().deliveries, 1500)
