from django.contrib.auth.models import User
from django.test import TransactionTestCase

from perftests.suites.kit.crowd import create_crowd


class CrowdTests(TransactionTestCase):
    def setUp(self):
        self.template = User.objects.create(username="perf_1", email="a@example.org")

    def test_a_crowd_consists_of_copies_with_names_of_their_own(self):
        other = User.objects.create(username="perfect_12")
        crowd = create_crowd(self.template, 3)
        self.assertEqual(
            sorted(crowd.values_list("username", "email")),
            [(f"perf_1_{number}", "a@example.org") for number in (1, 2, 3)],
        )
        self.assertNotIn(other, crowd)
        self.assertNotIn(self.template, crowd)

    def test_creating_a_crowd_takes_one_statement(self):
        with self.assertNumQueries(1):
            create_crowd(self.template, 500)
