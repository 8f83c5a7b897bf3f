from django.contrib.auth.models import User
from django.test import SimpleTestCase, TransactionTestCase, tag

from notifications.models import Delivery
from perftests.load.clients.swarm import Swarm
from perftests.processes.system import HOST, free_port
from perftests.records.results import Outcome
from perftests.records.targets import Verdict
from perftests.suites.notification.scaling import ConnectedHub, compare_costs
from perftests.testcases import PerformanceTestCase
from perftests.tests.noise import noise_floor


class Costs:
    """Rounds that cost what they are told to."""

    def __init__(self, *costs):
        self.costs = list(costs)
        self.recipients = []

    def round(self, recipients):
        self.recipients.append(recipients)
        return self.costs.pop(0)


@tag("slow")
class ConnectionCostTests(SimpleTestCase):
    def setUp(self):
        self.enterContext(noise_floor(0))
        self.test = PerformanceTestCase("run")
        self.swarm = self.enterContext(Swarm(f"ws://{HOST}:{free_port()}"))

    def measure(self, few, many):
        costs = compare_costs(self.test, self.swarm, few, many, recipients=7, pairs=5)
        costs.measure(self.test, "cost")
        return {m.name: m for m in self.test.result(Outcome.COMPLETED, 1, "").metrics}

    def test_the_ratio_of_costs_is_that_of_pairs_without_the_warm_up(self):
        few, many = Costs(900, 10, 20, 10, 20, 10), Costs(1, 11, 22, 11, 22, 11)
        metrics = self.measure(few, many)
        self.assertAlmostEqual(metrics["cost: many to few"].value, 1.1)
        self.assertEqual((metrics["cost: few"].value, metrics["cost: many"].value), (10, 11))
        self.assertEqual(few.recipients, many.recipients)

    def test_a_cost_that_grows_with_the_connections_misses_its_goal(self):
        metrics = self.measure(Costs(*[10] * 6), Costs(*[13] * 6))
        self.assertEqual(metrics["cost: many to few"].goal_verdict, Verdict.FAIL)


class ConnectedHubTests(TransactionTestCase):
    def test_everybody_on_a_connected_hub_gets_each_round_and_acknowledges_it(self):
        users = [User.objects.create(username=f"user {number}") for number in range(6)]
        with ConnectedHub(users, timeout_seconds=30) as hub:
            costs = [hub.round(3) for _ in range(2)]
            self.assertEqual(hub.missing, 0)
        self.assertGreater(min(costs), 0)
        self.assertEqual(Delivery.objects.count(), 6 * 2 * 4)
        self.assertFalse(Delivery.objects.queued().exists())
