from django.contrib.auth.models import User
from django.test import TransactionTestCase

from perftests.suites.database import write_path
from perftests.suites.kit import rows


def users(count):
    return [User.objects.create(username=f"user {number}") for number in range(count)]


class WritePathTests(TransactionTestCase):
    def test_plain_sql_and_the_product_write_as_many_rows(self):
        owner, *others = users(11)
        crowd = rows.as_queryset(others)
        contests = [
            write_path.inserting(crowd),
            write_path.acknowledging(crowd),
            write_path.reading_all(owner, 10),
            write_path.pruning(crowd),
        ]
        for contest in contests:
            for way in (contest.ours, contest.raw):
                with self.subTest(contest.name):
                    contest.prepare()
                    self.assertEqual(way(), 10)
