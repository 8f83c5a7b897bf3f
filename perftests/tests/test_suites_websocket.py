from collections import Counter

from django.test import SimpleTestCase

from perftests.suites.connecting import Step, kilobytes_each
from perftests.suites.storm import Storm, batches, reads

QUERIES = Counter(
    {
        'SELECT "auth_user"."id" AS "pk" FROM "auth_user" WHERE "auth_user"."is_active"': 3,
        'SELECT COUNT(*) FROM "notifications_delivery"': 6,
        "\n    WITH wanted AS (SELECT 1) SELECT * FROM wanted": 3,
        'UPDATE "notifications_delivery" SET delivered_at = now()': 10,
        "BEGIN IMMEDIATE": 10,
    }
)


class StormTests(SimpleTestCase):
    def test_a_batch_is_one_look_among_the_users(self):
        self.assertEqual(batches(QUERIES), 3)

    def test_only_what_reads_is_counted_for_a_batch(self):
        self.assertEqual(reads(QUERIES), 12)
        storm = Storm([], [], 0, 1.0, batches(QUERIES), reads(QUERIES))
        self.assertEqual(storm.queries_per_batch, 4)


class ConnectingTests(SimpleTestCase):
    def test_the_weight_of_a_connection_is_the_slope_over_the_levels(self):
        levels = {50: 70_000, 100: 71_500, 200: 74_500, 300: 77_500}
        steps = [Step(level, 1, [1], kilobytes) for level, kilobytes in levels.items()]
        self.assertAlmostEqual(kilobytes_each(steps), 30)
