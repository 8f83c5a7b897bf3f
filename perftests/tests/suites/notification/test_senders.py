import threading
from itertools import pairwise

from django.contrib.auth.models import Group, User
from django.db import connection
from django.test import TransactionTestCase
from django.test.utils import CaptureQueriesContext

from notifications.models import Delivery, Notification
from perftests.load.schedule.shapes import constant
from perftests.records.results import Outcome
from perftests.records.targets import Verdict
from perftests.suites.notification.senders import (
    Sendings,
    measure_senders,
    run_in_threads,
    send_in_turn,
    send_on_schedule,
    send_to_each,
)
from perftests.testcases import PerformanceTestCase


class SendersTests(TransactionTestCase):
    def setUp(self):
        self.users = [User.objects.create(username=f"user {number}") for number in range(3)]
        self.group = Group.objects.create(name="group")
        self.group.user_set.set(self.users)

    def stored(self, user):
        deliveries = Delivery.objects.filter(recipient=user).order_by("notification_id")
        return list(deliveries.values_list("notification_id", flat=True))

    def assert_all_stored(self, sendings):
        for user in self.users:
            self.assertEqual(sorted(sendings.ids[user]), self.stored(user))

    def test_users_get_their_notifications_in_turn(self):
        sendings = Sendings()
        self.assertGreater(send_in_turn(sendings, self.users, 5), 0)
        self.assertEqual([len(sendings.ids[user]) for user in self.users], [2, 2, 1])
        self.assert_all_stored(sendings)

    def test_several_threads_send_to_every_user(self):
        sendings = send_to_each(self.users, 4, threads=2)
        self.assertEqual([len(sendings.ids[user]) for user in self.users], [4, 4, 4])
        self.assert_all_stored(sendings)
        self.assertEqual(sendings.metrics.success_rate, 100)

    def test_a_send_that_fails_is_counted_and_stops_nobody(self):
        gone = User(pk=10**6, username="gone")
        sendings = send_to_each([gone, *self.users], 2, threads=2)
        self.assert_all_stored(sendings)
        self.assertEqual((sendings.metrics.succeeded, sendings.metrics.failed), (6, 2))

    def test_a_schedule_of_sends_is_kept_however_long_they_take(self):
        sendings = send_on_schedule(self.group, constant(200, seconds=0.1))
        due = list(sendings.due_ns.values())
        gaps = {b - a for a, b in pairwise(due)}
        self.assertEqual((len(due), gaps), (20, {5_000_000}))
        self.assertEqual(sendings.ids[self.group], self.stored(self.users[0]))

    def test_a_sender_that_is_late_sends_all_that_is_due_together(self):
        with CaptureQueriesContext(connection) as captured:
            sendings = send_on_schedule(self.group, constant(100_000, seconds=0.001))
        transactions = [query for query in captured if query["sql"].startswith("BEGIN")]
        self.assertIn(len(transactions), range(1, 50))
        self.assertEqual((len(sendings.due_ns), Notification.objects.count()), (100, 100))

    def test_sending_threads_that_do_not_end_are_given_up(self):
        stop = threading.Event()
        self.addCleanup(stop.set)
        with self.assertRaisesRegex(TimeoutError, "not done after 0.05 seconds"):
            run_in_threads(lambda share: stop.wait(), [self.users], timeout_seconds=0.05)

    def test_failures_that_callers_of_notify_see_are_recorded(self):
        sendings, test = Sendings(), PerformanceTestCase("run")
        with sendings.metrics:
            send_in_turn(sendings, self.users, 3)
        sendings.metrics.fail("OperationalError: database is locked")
        measure_senders(test, sendings.metrics)
        metrics = {m.name: m for m in test.result(Outcome.COMPLETED, 1, "").metrics}
        self.assertEqual(metrics["notify success"].required_verdict, Verdict.FAIL)
        self.assertEqual(metrics["database is locked"].value, 1)
