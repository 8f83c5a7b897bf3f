from dataclasses import asdict
from datetime import timedelta

from django.test import TestCase
from django.utils import timezone

from notifications.models import Delivery
from notifications.send import notify
from notifications.store.stats import statistics

from ..users import make_user, make_users


class StatisticsTests(TestCase):
    def test_statistics_of_an_empty_database_are_zeros(self):
        self.assertEqual(set(asdict(statistics()).values()), {0})

    def test_statistics_of_each_state_include_deliveries_that_went_further(self):
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

    def test_expired_deliveries_are_counted_neither_as_queued_nor_as_unread(self):
        alice = make_user()
        for past, marks in ((True, ["delivered", "seen"]), (False, ["delivered"])):
            expires_at = timezone.now() + timedelta(hours=-1 if past else 1)
            for mark in (None, *marks):
                notification = notify(alice, "Hi", expires_at=expires_at)
                if mark:
                    getattr(Delivery.objects.filter(notification=notification), f"mark_{mark}")()
        counted = statistics()
        self.assertEqual((counted.queued, counted.unread), (1, 2))
        self.assertEqual(counted.queued, Delivery.objects.queued().count())
        self.assertEqual(counted.unread, Delivery.objects.unread().count())
        self.assertEqual((counted.deliveries, counted.delivered), (5, 3))

    def test_statistics_take_two_queries_whatever_there_is(self):
        with self.assertNumQueries(2):
            statistics()
        users = make_users(500)
        for _ in range(3):
            notify(users, "Hi")
        with self.assertNumQueries(2):
            self.assertEqual(statistics().deliveries, 1500)
