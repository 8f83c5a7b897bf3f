from collections import Counter

from django.test import SimpleTestCase

from perftests.suites.websocket.storm import count_reads

USERS = 'SELECT "auth_user"."id" AS "pk" FROM "auth_user" WHERE "auth_user"."is_active"'
COUNTS = 'SELECT COUNT(*) FROM "durable_notifications_delivery"'
QUEUES = "\n    WITH wanted AS (SELECT 1) SELECT * FROM wanted"
NEWEST = 'SELECT "id" FROM "durable_notifications_notification" ORDER BY 1 DESC LIMIT 1'
RECENT = 'SELECT "id" FROM "durable_notifications_notification" WHERE "created_at" > %s'
TEXTS = 'SELECT "title" FROM "durable_notifications_notification"'
ACKED = 'UPDATE "durable_notifications_delivery" SET delivered_at = now()'
OF_ONE = Counter([USERS, COUNTS, QUEUES, NEWEST, RECENT, TEXTS, ACKED, "BEGIN IMMEDIATE"])
ONCE = OF_ONE - Counter([TEXTS])
QUERIES = Counter(dict.fromkeys(ONCE, 3) | {ACKED: 10, "BEGIN IMMEDIATE": 10})
SWEEP = Counter({USERS: 1, NEWEST: 1, "SELECT 1": 1, "SELECT 2": 1})


class ConnectStormTests(SimpleTestCase):
    def test_writes_do_not_count_as_queries_for_each_batch(self):
        self.assertEqual(count_reads(QUERIES, OF_ONE), (3, 5))

    def test_queries_of_a_sweep_meanwhile_count_for_no_batch(self):
        self.assertEqual(count_reads(QUERIES + SWEEP, OF_ONE), (3, 5))

    def test_queries_of_a_sweep_count_for_no_newcomer_where_all_come_in_one_batch(self):
        self.assertEqual(count_reads(ONCE + Counter(["SELECT 1", "SELECT 2"]), OF_ONE), (1, 5))

    def test_newcomers_who_all_come_in_one_batch_count_each_query_that_one_takes(self):
        self.assertEqual(count_reads(ONCE, OF_ONE), (1, 5))
        one_more = Counter(["SELECT 1"])
        self.assertEqual(count_reads(ONCE + one_more, OF_ONE + one_more), (1, 6))

    def test_texts_that_are_read_again_for_each_batch_count(self):
        self.assertEqual(count_reads(ONCE + Counter([TEXTS]), OF_ONE), (1, 6))
        self.assertEqual(count_reads(QUERIES + Counter({TEXTS: 3}), OF_ONE), (3, 6))

    def test_a_query_for_every_newcomer_counts_for_each_batch(self):
        self.assertEqual(count_reads(QUERIES + Counter({USERS: 300}), OF_ONE), (3, 105))

    def test_one_query_more_for_each_batch_counts_as_one(self):
        self.assertEqual(count_reads(QUERIES + Counter({"SELECT 1": 3}), OF_ONE), (3, 6))
        self.assertEqual(count_reads(QUERIES + Counter({COUNTS: 3}), OF_ONE), (3, 6))

    def test_a_storm_that_nobody_came_back_from_had_no_batch(self):
        self.assertEqual(count_reads(Counter(), OF_ONE), (0, 0))
