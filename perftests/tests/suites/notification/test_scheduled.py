from types import SimpleNamespace

from django.test import SimpleTestCase

from perftests.load.server.control import Sent
from perftests.records.results import Outcome
from perftests.records.targets import Verdict
from perftests.suites.notification.scheduled import measure_scheduled
from perftests.testcases import PerformanceTestCase

PERIOD_NS = 10_000_000
LATENCY_NS = 5_000_000


class ScheduledTests(SimpleTestCase):
    def measured(self, sending_ns, doubt=""):
        """The verdicts of a hundred sends a second, each of which takes so long."""
        due_ns = [number * PERIOD_NS for number in range(100)]
        committed_ns = []
        for due in due_ns:
            committed_ns.append(max([due, *committed_ns[-1:]]) + sending_ns)
        sent = Sent(ids=list(range(100)), due_ns=due_ns, committed_ns=committed_ns)
        arrived_ns = [ns + LATENCY_NS for ns in committed_ns]
        client = SimpleNamespace(arrived_ids=sent.ids, arrived_ns=arrived_ns)
        test = PerformanceTestCase("run")
        measure_scheduled(test, [client], sent, doubt)
        metrics = test.result(Outcome.COMPLETED, 0.0, "").metrics
        names = "commit to client p50", "due to client p50"
        return [metric.required_verdict for metric in metrics if metric.name in names]

    def test_both_latencies_are_judged_where_the_sender_has_time_to_spare(self):
        self.assertEqual(self.measured(PERIOD_NS // 2), [Verdict.PASS, Verdict.PASS])

    def test_nobody_can_tell_the_time_since_due_where_sends_wait_for_each_other(self):
        busy = self.measured(PERIOD_NS + 1_000_000)
        self.assertEqual(busy, [Verdict.PASS, Verdict.INCONCLUSIVE])

    def test_neither_is_judged_where_the_load_is_in_doubt(self):
        doubted = self.measured(PERIOD_NS // 2, doubt="the generator stood still")
        self.assertEqual(doubted, [Verdict.INCONCLUSIVE, Verdict.INCONCLUSIVE])
