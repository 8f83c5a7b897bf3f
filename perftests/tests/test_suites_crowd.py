from django.contrib.auth.models import User
from django.test import TransactionTestCase

from notifications.models import Delivery
from perftests.measure.results import Outcome
from perftests.suites.crowd import create_crowd, measure_audiences
from perftests.testcases import PerformanceTestCase


class CrowdTests(TransactionTestCase):
    def setUp(self):
        self.template = User.objects.create(username="perf_1", email="a@example.org")

    def test_a_crowd_are_copies_with_names_of_their_own(self):
        other = User.objects.create(username="perfect_12")
        crowd = create_crowd(self.template, 3)
        self.assertEqual(
            sorted(crowd.values_list("username", "email")),
            [(f"perf_1_{number}", "a@example.org") for number in (1, 2, 3)],
        )
        self.assertNotIn(other, crowd)
        self.assertNotIn(self.template, crowd)

    def test_it_takes_one_statement(self):
        with self.assertNumQueries(1):
            create_crowd(self.template, 500)

    def test_all_of_it_can_be_notified(self):
        test = PerformanceTestCase("run")
        measure_audiences(test, create_crowd(self.template, 1200))
        metrics = {m.name: m.value for m in test.result(Outcome.COMPLETED, 1, "").metrics}
        self.assertEqual(metrics["to many: missing"], 0)
        self.assertEqual(metrics["to many: more queries than to one"], 0)
        self.assertEqual(Delivery.objects.count(), 1 + 1000 + 4 * 1200)
