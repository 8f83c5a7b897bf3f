from django.contrib.auth.models import User
from django.test import TransactionTestCase

from notifications.models import Delivery
from perftests.records.results import Outcome
from perftests.suites.kit.crowd import create_crowd
from perftests.suites.notification.audiences import measure_audiences
from perftests.testcases import PerformanceTestCase


class AudiencesTests(TransactionTestCase):
    def test_all_users_of_a_crowd_can_be_notified(self):
        template = User.objects.create(username="perf_1")
        test = PerformanceTestCase("run")
        measure_audiences(test, create_crowd(template, 1200))
        metrics = {m.name: m.value for m in test.result(Outcome.COMPLETED, 1, "").metrics}
        self.assertEqual(metrics["to many: missing"], 0)
        self.assertEqual(metrics["to many: more queries than to one"], 0)
        self.assertEqual(Delivery.objects.count(), 1 + 1000 + 4 * 1200)
