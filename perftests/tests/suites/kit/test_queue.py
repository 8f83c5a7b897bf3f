from django.contrib.auth.models import User
from django.test import TransactionTestCase

from notifications.models import Delivery
from notifications.send import notify
from perftests.suites.kit.queue import await_acks, count_queued

NO_TIME = 0.02


class QueueTests(TransactionTestCase):
    def setUp(self):
        self.ada = User.objects.create(username="ada")
        self.grace = User.objects.create(username="grace")
        notify([self.ada, self.grace], "Hello")

    def test_deliveries_that_nobody_acknowledges_are_counted_when_time_is_up(self):
        self.assertEqual(count_queued(NO_TIME), 2)
        self.assertEqual(count_queued(NO_TIME, [self.ada.pk]), 1)

    def test_a_wait_for_acks_that_do_not_come_ends_with_their_number(self):
        with self.assertRaisesMessage(TimeoutError, "The acks of 2 deliveries were not stored"):
            await_acks(NO_TIME)

    def test_a_wait_for_the_acks_of_some_users_ignores_the_others(self):
        Delivery.objects.filter(recipient=self.ada).mark_delivered()
        await_acks(NO_TIME, [self.ada.pk])
        with self.assertRaises(TimeoutError):
            await_acks(NO_TIME, [self.grace.pk])
