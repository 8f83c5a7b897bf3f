from django.contrib.auth.models import User
from django.test import TransactionTestCase

from notifications.models import Delivery
from notifications.send import notify
from perftests.suites.kit import rows


def users(count):
    return [User.objects.create(username=f"user {number}") for number in range(count)]


class QueueRowsTests(TransactionTestCase):
    def test_each_user_has_a_queue_of_their_own_in_order(self):
        pair = users(2)
        queues = rows.queue_for(pair, 3)
        for user, ids in zip(pair, queues, strict=True):
            queued = user.deliveries.queued().order_by("notification_id")
            self.assertEqual(list(queued.values_list("notification_id", flat=True)), ids)
        self.assertEqual(len(set(queues[0] + queues[1])), 6)


class StatementCountTests(TransactionTestCase):
    def test_begin_and_commit_count_as_statements(self):
        (user,) = users(1)
        self.assertEqual(rows.count_statements(lambda: notify(user, "Hello")), 4)

    def test_a_query_for_each_row_shows_in_the_number_of_statements(self):
        rows.queue_for(users(2), 5)
        self.assertEqual(rows.count_statements(self.load_one_by_one), 11)

    def load_one_by_one(self):
        return [delivery.notification.title for delivery in Delivery.objects.all()]


class RowsTests(TransactionTestCase):
    def test_stored_users_can_be_turned_into_a_queryset(self):
        wanted = users(5)[1:4]
        self.assertQuerySetEqual(rows.as_queryset(wanted), wanted, ordered=False)
