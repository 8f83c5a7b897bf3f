from collections import Counter

from django.test import SimpleTestCase

from perftests.suites.websocket.storm import count_reads

USERS = 'SELECT "auth_user"."id" AS "pk" FROM "auth_user" WHERE "auth_user"."is_active"'
COUNTS = 'SELECT COUNT(*) FROM "durable_notifications_delivery"'
QUEUES = "\n    WITH wanted AS (SELECT 1) SELECT * FROM wanted"
NEWEST = 'SELECT "id" FROM "durable_notifications_notification" ORDER BY 1 DESC LIMIT 1'
RECENT = 'SELECT "id" FROM "durable_notifications_notification" WHERE "created_at" > %s'
QUERIES = Counter(
    {
        USERS: 3,
        COUNTS: 3,
        QUEUES: 3,
        NEWEST: 3,
        RECENT: 3,
        'SELECT "title" FROM "durable_notifications_notification"': 1,
        'UPDATE "durable_notifications_delivery" SET delivered_at = now()': 10,
        "BEGIN IMMEDIATE": 10,
    }
)


class ConnectStormTests(SimpleTestCase):
    def test_neither_writes_nor_what_is_asked_once_count_as_queries_for_each_batch(self):
        self.assertEqual(count_reads(QUERIES), (3, 5))

    def test_queries_of_a_sweep_meanwhile_count_for_no_batch(self):
        sweep = Counter({USERS: 1, NEWEST: 1, "SELECT 1": 1})
        self.assertEqual(count_reads(QUERIES + sweep), (3, 5))

    def test_newcomers_who_all_come_in_one_batch_count_each_query_but_that_of_the_texts(self):
        once = Counter(dict.fromkeys(QUERIES, 1))
        self.assertEqual(count_reads(once), (1, 5))
        self.assertEqual(count_reads(once + Counter({"SELECT 1": 1})), (1, 6))

    def test_a_query_for_every_newcomer_counts_for_each_batch(self):
        self.assertEqual(count_reads(QUERIES + Counter({USERS: 300})), (3, 105))

    def test_one_query_more_for_each_batch_counts_as_one(self):
        self.assertEqual(count_reads(QUERIES + Counter({"SELECT 1": 3})), (3, 6))
        self.assertEqual(count_reads(QUERIES + Counter({COUNTS: 3})), (3, 6))
