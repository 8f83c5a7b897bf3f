from types import SimpleNamespace

from django.contrib.auth.models import User
from django.test import TestCase

from notifications.models import Delivery
from notifications.send import notify
from perftests.records.results import Outcome
from perftests.suites.kit.counted.settled import measure_settled
from perftests.testcases import PerformanceTestCase

SOON = 0.02


class SettledTests(TestCase):
    def setUp(self):
        self.ada, self.grace = (User.objects.create(username=name) for name in ("ada", "grace"))
        notify([self.ada, self.grace], "Hello")
        notify([self.ada], "Again")

    def settled(self, *tabs):
        test = PerformanceTestCase("run")
        measure_settled(test, tabs, SOON, "few: ")
        return [metric.value for metric in test.result(Outcome.COMPLETED, 1, "").metrics]

    def test_each_delivery_that_was_never_acknowledged_is_counted(self):
        self.assertEqual(self.settled((self.ada.pk, SimpleNamespace(unread=2))), [2, 0])
        Delivery.objects.all().mark_delivered()
        self.assertEqual(self.settled((self.ada.pk, SimpleNamespace(unread=2))), [0, 0])

    def test_each_tab_with_another_unread_count_than_the_rows_is_counted(self):
        right, wrong, none = (SimpleNamespace(unread=unread) for unread in (2, 1, None))
        tabs = [(self.ada.pk, right), (self.ada.pk, wrong), (self.grace.pk, none)]
        self.assertEqual(self.settled(*tabs)[1], 2)
