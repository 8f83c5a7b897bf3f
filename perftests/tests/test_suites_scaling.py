from django.contrib.auth.models import User
from django.test import SimpleTestCase, TransactionTestCase

from notifications.models import Delivery
from perftests.load.swarm import Swarm
from perftests.load.system import HOST, free_port
from perftests.measure.results import Outcome
from perftests.measure.targets import Verdict
from perftests.suites.scaling import ConnectedHub, measure_costs
from perftests.suites.support import LoadTestCase


class Costs:
    """Rounds that cost what they are told to."""

    def __init__(self, *costs):
        self.costs = list(costs)
        self.recipients = []

    def round(self, recipients):
        self.recipients.append(recipients)
        return self.costs.pop(0)


class CostTests(SimpleTestCase):
    def setUp(self):
        self.test = LoadTestCase("run")
        self.test.swarm = self.enterContext(Swarm(f"ws://{HOST}:{free_port()}"))

    def measure(self, few, many):
        measure_costs(self.test, "cost", few, many, recipients=7, pairs=5)
        return {m.name: m for m in self.test.result(Outcome.COMPLETED, 1, "").metrics}

    def test_the_ratio_is_that_of_pairs_without_the_warm_up(self):
        few, many = Costs(900, 10, 20, 10, 20, 10), Costs(1, 11, 22, 11, 22, 11)
        metrics = self.measure(few, many)
        self.assertAlmostEqual(metrics["cost: many to few"].value, 1.1)
        self.assertEqual((metrics["cost: few"].value, metrics["cost: many"].value), (10, 11))
        self.assertEqual(few.recipients, many.recipients)

    def test_a_cost_that_grows_misses_our_target(self):
        metrics = self.measure(Costs(*[10] * 6), Costs(*[13] * 6))
        self.assertEqual(metrics["cost: many to few"].ours_verdict, Verdict.FAIL)


class ConnectedHubTests(TransactionTestCase):
    def test_everybody_gets_each_round_and_acknowledges_it(self):
        users = [User.objects.create(username=f"user {number}") for number in range(6)]
        with ConnectedHub(LoadTestCase("run"), users) as hub:
            costs = [hub.round(3) for _ in range(2)]
            self.assertEqual(hub.missing, 0)
        self.assertGreater(min(costs), 0)
        self.assertEqual(Delivery.objects.count(), 6 * 2 * 4)
        self.assertFalse(Delivery.objects.queued().exists())
