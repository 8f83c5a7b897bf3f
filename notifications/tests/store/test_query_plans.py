from django.db import connection
from django.test import TestCase
from django.test.utils import CaptureQueriesContext

from notifications.models import Delivery
from notifications.send import notify
from notifications.store import queue
from notifications.store.counting import count
from notifications.store.recipients import recipients_among

from ..users import User, make_users

FULL_SCAN = r"Seq Scan on durable_notifications_delivery|SCAN durable_notifications_d"


class QueryPlanTests(TestCase):
    """The queue and the unread count are read from partial indexes, whatever else is stored."""

    @classmethod
    def setUpTestData(cls):
        users = make_users(300)
        cls.ids = [notify(users, f"n{number}").pk for number in range(40)]
        Delivery.objects.filter(notification_id__in=cls.ids[:-2]).mark_read()
        cls.pks = list(User.objects.order_by("pk").values_list("pk", flat=True)[:3])
        cls.partial = [index.name for index in Delivery._meta.indexes if index.condition]
        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                cursor.execute("ANALYZE durable_notifications_delivery")

    def assert_reads_a_partial_index(self, job):
        with CaptureQueriesContext(connection) as queries:
            job()
        for query in queries:
            plan = self.explain(query["sql"])
            if "durable_notifications_delivery" in query["sql"]:
                self.assertTrue(any(name in plan for name in self.partial), plan)
                self.assertNotRegex(plan, FULL_SCAN)

    def explain(self, statement):
        how = "EXPLAIN QUERY PLAN" if connection.vendor == "sqlite" else "EXPLAIN"
        with connection.cursor() as cursor:
            cursor.execute(f"{how} {statement}")
            return "\n".join(str(row[-1]) for row in cursor.fetchall())

    def test_a_replay_reads_a_partial_index(self):
        self.assert_reads_a_partial_index(lambda: queue.replay([(pk, 0) for pk in self.pks], 10))

    def test_counts_of_users_read_a_partial_index(self):
        self.assert_reads_a_partial_index(lambda: count(self.pks))

    def test_recipients_of_an_announcement_are_found_without_a_full_scan(self):
        with CaptureQueriesContext(connection) as queries:
            recipients_among(self.ids[-2:], self.pks)
        self.assertEqual(len(queries), 2)
        for query in queries:
            self.assertNotRegex(self.explain(query["sql"]), FULL_SCAN)

    def test_the_sweep_reads_a_partial_index(self):
        self.assert_reads_a_partial_index(lambda: queue.overdue(self.pks, 0, 10))
